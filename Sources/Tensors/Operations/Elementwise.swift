import CKernels

/// Elements that one tile of a parallel loop takes: about 20 µs of the cheapest operation.
let elementsPerTile = 1 << 15

extension Tensor {
  /// A kernel over all elements, on several threads when there are many.
  private func mapped(
    _ kernel: @escaping (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let (from, to) = (floats, result.floats)
    forEachTile(of: count) { kernel(from + $0.lowerBound, to + $0.lowerBound, $0.count) }
    return result
  }

  private func combined(
    _ name: StaticString, with other: Tensor,
    _ kernel: @escaping (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    precondition(shape == other.shape, "\(name): the shapes \(shape) and \(other.shape) differ")
    let result = Tensor(uninitialized: shape)
    let (a, b, to) = (floats, other.floats, result.floats)
    forEachTile(of: count) { kernel(a + $0.lowerBound, b + $0.lowerBound, to + $0.lowerBound, $0.count) }
    return result
  }

  /// Sum of two tensors of the same shape.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    a.combined("+", with: b, kernels.add).recorded("add", from: [a, b]) { [.dense($0), .dense($0)] }
      .traced(.add, [a, b])
  }

  /// Difference of two tensors of the same shape.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    a.combined("-", with: b, kernels.subtract).recorded("subtract", from: [a, b]) { [.dense($0), .dense($0 * -1)] }
  }

  /// Elementwise product of two tensors of the same shape.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return a.combined("*", with: b, kernels.multiply).recorded("multiply", from: [a, b]) {
      [.dense($0 * y), .dense($0 * x)]
    }
  }

  /// Every element times a number.
  public static func * (a: Tensor, factor: Float) -> Tensor {
    a.mapped { kernels.scale($0, factor, $1, $2) }.recorded("scale", from: [a]) { [.dense($0 * factor)] }
  }

  /// Adds a tensor of the same shape in place; nothing is recorded.
  mutating func add(_ other: Tensor) {
    precondition(shape == other.shape, "add: the shapes \(shape) and \(other.shape) differ")
    withUnsafeMutableElements { to in
      guard let to = to.baseAddress else { return }
      let from = other.floats
      forEachTile(of: other.count) { kernels.add_scaled(from + $0.lowerBound, 1, to + $0.lowerBound, $0.count) }
    }
  }

  /// An activation whose gradient follows from its output.
  private func activated(
    _ name: StaticString,
    _ kernel: @escaping (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void,
    gradient: @escaping @Sendable (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    let output = mapped(kernel)
    return output.recorded(name, from: [self]) { [.dense(output.combined(name, with: $0, gradient))] }
  }

  /// max(x, 0)
  public func relu() -> Tensor {
    activated("relu", { kernels.relu($0, $1, $2) }, gradient: { kernels.relu_gradient($0, $1, $2, $3) })
      .traced(.relu, [self])
  }

  /// 1 / (1 + e⁻ˣ)
  public func sigmoid() -> Tensor {
    activated("sigmoid", { kernels.sigmoid($0, $1, $2) }, gradient: { kernels.sigmoid_gradient($0, $1, $2, $3) })
  }

  /// The hyperbolic tangent.
  public func tanh() -> Tensor {
    activated(
      "tanh", { kernels.hyperbolic_tangent($0, $1, $2) },
      gradient: { kernels.hyperbolic_tangent_gradient($0, $1, $2, $3) })
  }

  /// eˣ
  public func exp() -> Tensor {
    let output = mapped { kernels.exponential($0, $1, $2) }
    return output.recorded("exp", from: [self]) { [.dense($0 * output)] }
  }
}

/// Calls `body` for consecutive ranges of 0..<count, on several threads when there are several.
func forEachTile(of count: Int, _ body: (Range<Int>) -> Void) {
  let tiles = (count + elementsPerTile - 1) / elementsPerTile
  parallelFor(tiles) { tile in
    body(tile * elementsPerTile..<min(count, (tile + 1) * elementsPerTile))
  }
}

/// Calls `body` for consecutive ranges of rows that have about the elements of a quarter tile together, since what
/// works by rows costs more than the cheapest operation.
func forEachTile(ofRows rows: Int, width: Int, _ body: (Range<Int>) -> Void) {
  let perTile = max(1, elementsPerTile / 4 / max(width, 1))
  parallelFor((rows + perTile - 1) / perTile) { tile in
    body(tile * perTile..<min(rows, (tile + 1) * perTile))
  }
}
