import Tensors

/// A product with a matrix that is the same in every run, packed once: x·Wᵀ + b for W of the shape [N, K].
struct PreparedProduct: Sendable {
  private let convolution: PreparedConvolution
  let inputs: Int
  let outputs: Int

  /// - Parameters:
  ///   - weight: [N, K], neither of which is 0.
  ///   - bias: [N].
  init(weight: Tensor, bias: Tensor?) {
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    // A product is a convolution by filters of one pixel: that is what packs its filters once.
    convolution = PreparedConvolution(weight: weight.reshaped([outputs, inputs, 1, 1]), bias: bias)
  }

  /// [..., N] of [..., K].
  func callAsFunction(_ x: Tensor, clipsNegative: Bool = false) throws(OperatorFault) -> Tensor {
    guard x.rank >= 1, x.shape[x.rank - 1] == inputs else {
      throw .wrong("an operand of the shape \(x.shape) for a matrix of [\(inputs), \(outputs)]")
    }
    let shape: [Int] = x.shape.dropLast() + [outputs]
    guard try ValueLimit.count(shape) > 0 else { return Tensor(zeros: shape) }
    let rows = x.count / inputs
    guard rows < 1 << 30 else { throw .unsupported("a product of \(rows) rows") }
    return convolution(x.reshaped([1, 1, rows, inputs]), clipsNegative: clipsNegative).reshaped(shape)
  }
}

/// Keeps a tensor alive whose parts are looked at.
private final class TensorOwner: Sendable {
  let tensor: Tensor
  init(_ tensor: Tensor) { self.tensor = tensor }
}

/// Matrix products of NumPy's `matmul`: the last two dimensions are matrices, the others repeat.
enum BatchedProduct {
  /// The shapes of both operands with their matrices, and that of the result.
  struct Shapes {
    let a: [Int]
    let b: [Int]
    /// Of the matrices of the result.
    let batch: [Int]
    let result: [Int]
    var m: Int { a[a.count - 2] }
    var k: Int { a[a.count - 1] }
    var n: Int { b[b.count - 1] }

    init(_ x: [Int], _ y: [Int]) throws(OperatorFault) {
      guard !x.isEmpty, !y.isEmpty else { throw .wrong("the shapes \(x) and \(y), of which one is a scalar") }
      a = x.count == 1 ? [1] + x : x
      b = y.count == 1 ? y + [1] : y
      guard a[a.count - 1] == b[b.count - 2] else { throw .wrong("the shapes \(x) and \(y) do not fit each other") }
      batch = try broadcastShape(Array(a.dropLast(2)), Array(b.dropLast(2)))
      result = batch + (x.count == 1 ? [] : [a[a.count - 2]]) + (y.count == 1 ? [] : [b[b.count - 1]])
      _ = try ValueLimit.count(batch + [a[a.count - 2], b[b.count - 1]], size: 8)
    }

    /// Which matrix of each operand a matrix of the result is of.
    var pairs: [(a: Int, b: Int)] {
      var pairs: [(Int, Int)] = []
      let walk = PairWalk(Array(a.dropLast(2)), Array(b.dropLast(2)), as: batch)
      let (strideA, strideB) = (walk.a, walk.b)
      for index in 0..<batch.reduce(1, *) {
        var (rest, x, y) = (index, 0, 0)
        for axis in walk.shape.indices.reversed() {
          x += rest % walk.shape[axis] * strideA[axis]
          y += rest % walk.shape[axis] * strideB[axis]
          rest /= walk.shape[axis]
        }
        pairs.append((x, y))
      }
      return pairs
    }
  }

  static func floats(_ x: Tensor, _ y: Tensor) throws(OperatorFault) -> Tensor {
    let shapes = try Shapes(x.shape, y.shape)
    let (m, k, n) = (shapes.m, shapes.k, shapes.n)
    guard shapes.batch.reduce(1, *) * m * n * k > 0 else { return Tensor(zeros: shapes.result) }
    if shapes.b.count == 2 {
      return x.reshaped([x.count / k, k]).matmul(y.reshaped([k, n])).reshaped(shapes.result)
    }
    let pairs = shapes.pairs
    var result = Tensor(uninitialized: shapes.result)
    let (left, right) = (TensorOwner(x), TensorOwner(y))
    result.withUnsafeMutableElements { to in
      x.withUnsafeElements { a in
        y.withUnsafeElements { b in
          guard let a = a.baseAddress, let b = b.baseAddress, let to = to.baseAddress else { return }
          func product(_ index: Int) {
            let first = Tensor(viewing: a + pairs[index].a * m * k, shape: [m, k], owner: left)
            let second = Tensor(viewing: b + pairs[index].b * k * n, shape: [k, n], owner: right)
            first.matmul(second).withUnsafeElements { product in
              guard let product = product.baseAddress else { return }
              (to + index * m * n).update(from: product, count: m * n)
            }
          }
          // Large matrices share the threads among themselves.
          if pairs.count < 4, m * n * k > 1 << 20 {
            for index in pairs.indices { product(index) }
          } else {
            parallelFor(pairs.count) { product($0) }
          }
        }
      }
    }
    return result
  }

  /// Products of other types, by the definition.
  @inline(__always)
  static func plain<E: ONNXElement>(
    _ x: ONNXValue, _ y: ONNXValue, _: E.Type, _ accumulate: (inout E, E, E) -> Void
  ) throws(OperatorFault) -> ONNXValue {
    let shapes = try Shapes(x.shape, y.shape)
    guard shapes.batch.reduce(1, *) * shapes.m * shapes.n * shapes.k > 0 else {
      return try ONNXValue.make(E.self, shape: shapes.result) { _ in }
    }
    let (a, b, pairs) = (try x.array(of: E.self), try y.array(of: E.self), shapes.pairs)
    let (m, k, n) = (shapes.m, shapes.k, shapes.n)
    return try ONNXValue.make(E.self, shape: shapes.result) { to in
      for (index, pair) in pairs.enumerated() {
        for row in 0..<m {
          let target = (index * m + row) * n
          for inner in 0..<k {
            let factor = a[(pair.a * m + row) * k + inner]
            let line = (pair.b * k + inner) * n
            for column in 0..<n { accumulate(&to[target + column], factor, b[line + column]) }
          }
        }
      }
    }
  }

  static func values(_ x: ONNXValue, _ y: ONNXValue) throws(OperatorFault) -> ONNXValue {
    switch x.type {
    case .float32: ONNXValue(try floats(try x.floats("input[0]"), try y.floats("input[1]")))
    case .float64: try plain(x, y, Double.self) { $0 += $1 * $2 }
    case .int64: try plain(x, y, Int64.self) { $0 = $0 &+ $1 &* $2 }
    case .int32: try plain(x, y, Int32.self) { $0 = $0 &+ $1 &* $2 }
    case .uint64: try plain(x, y, UInt64.self) { $0 = $0 &+ $1 &* $2 }
    case .uint32: try plain(x, y, UInt32.self) { $0 = $0 &+ $1 &* $2 }
    default: throw .wrong("a product of elements of the type \(x.type)")
    }
  }
}

extension OperatorLibrary {
  mutating func addProducts() {
    add("MatMul", inputs: 2...2) { (context) throws(OperatorFault) in
      if let constant = context.constant(1), let prepared = Self.prepared(matrix: constant, bias: nil) {
        context.packed = [1]
        return { (operands) throws(OperatorFault) in [ONNXValue(try prepared(try operands.tensor(0)))] }
      }
      return { (operands) throws(OperatorFault) in
        [try BatchedProduct.values(try operands.plain(0), try operands.plain(1))]
      }
    }
    add("Gemm", inputs: 2...3) { (context) throws(OperatorFault) in
      let form = Gemm(
        alpha: try context.attributes.float("alpha", default: 1),
        beta: try context.attributes.float("beta", default: 1),
        transposesA: try context.attributes.flag("transA"), transposesB: try context.attributes.flag("transB"))
      let prepared = form.prepared(context)
      if prepared != nil { context.packed = [1, 2] }
      return { (operands) throws(OperatorFault) in
        if let prepared {
          var a = try operands.tensor(0)
          guard a.rank == 2 else { throw .wrong("a product of the shape \(a.shape), which is no matrix") }
          if form.transposesA { a = a.transposed() }
          return [ONNXValue(try prepared(a))]
        }
        return [try form.run(operands)]
      }
    }
  }

  /// The product of anything with a matrix [K, N], or `nil` where that is not of float32.
  static func prepared(matrix: ONNXValue, bias: Tensor?) -> PreparedProduct? {
    guard matrix.rank == 2, let tensor = matrix.tensor, tensor.count > 0 else { return nil }
    return PreparedProduct(weight: tensor.transposed(), bias: bias)
  }
}

/// alpha · A'·B' + beta · C
private struct Gemm: Sendable {
  let alpha: Float
  let beta: Float
  let transposesA: Bool
  let transposesB: Bool

  /// The product with a constant B and a constant C of one row.
  func prepared(_ context: OperatorContext) -> PreparedProduct? {
    guard let b = context.constant(1)?.tensor, b.rank == 2, b.count > 0 else { return nil }
    let weight = (transposesB ? b : b.transposed()) * alpha
    guard context.has(2) else { return PreparedProduct(weight: weight, bias: nil) }
    guard let c = context.constant(2)?.tensor, c.count == weight.shape[0], c.shape.last == c.count else { return nil }
    return PreparedProduct(weight: weight, bias: c.reshaped([c.count]) * beta)
  }

  func run(_ operands: Operands) throws(OperatorFault) -> ONNXValue {
    var (a, b) = (try operands.plain(0), try operands.plain(1))
    guard a.rank == 2, b.rank == 2 else { throw .wrong("a product of the shapes \(a.shape) and \(b.shape)") }
    if transposesA { a = try a.transposed([1, 0]) }
    if transposesB { b = try b.transposed([1, 0]) }
    var product = try BatchedProduct.values(a, b)
    if alpha != 1 { product = try scaled(product, alpha) }
    guard var c = operands.optional(2) else { return product }
    if beta != 1 { c = try scaled(c, beta) }
    guard try broadcastShape(product.shape, c.shape) == product.shape else {
      throw .wrong("an addend of the shape \(c.shape) for \(product.shape)")
    }
    switch product.type {
    case .float32: return try .combined(product, c, Float.self) { $0 + $1 }
    case .float64: return try .combined(product, c, Double.self) { $0 + $1 }
    case .int64: return try .combined(product, c, Int64.self) { $0 &+ $1 }
    case .int32: return try .combined(product, c, Int32.self) { $0 &+ $1 }
    default: throw .unsupported("elements of the type \(product.type)")
    }
  }

  private func scaled(_ value: ONNXValue, _ factor: Float) throws(OperatorFault) -> ONNXValue {
    switch value.type {
    case .float32: try value.mappedTensor { $0 * factor }
    case .float64: try value.mapped(Double.self) { $0 * Double(factor) }
    default: throw .unsupported("a factor of \(factor) for elements of the type \(value.type)")
    }
  }
}
