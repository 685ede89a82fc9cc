import Tensors

extension OperatorLibrary {
  mutating func addSoftmax() {
    addSoftmax("Softmax", { $0.softmax() }) { (lines) throws(OperatorFault) in
      let most = try Self.lineMaximum(lines)
      let powers = try lines.less(most).mappedReal({ Float(exponential(Double($0))) }, exponential)
      return try powers.divided(try Self.lineSum(powers))
    }
    addSoftmax("LogSoftmax", { $0.logSoftmax() }) { (lines) throws(OperatorFault) in
      let shifted = try lines.less(try Self.lineMaximum(lines))
      let sum = try Self.lineSum(try shifted.mappedReal({ Float(exponential(Double($0))) }, exponential))
      return try shifted.less(try sum.mappedReal({ Float(logarithm(Double($0))) }, logarithm))
    }
    addSoftmax("Hardmax", nil) { (lines) throws(OperatorFault) in
      let numbers = lines.doubles
      let width = lines.shape[1]
      let ones = try ONNXValue.make(Double.self, shape: lines.shape) { to in
        guard width > 0 else { return }
        for row in 0..<lines.shape[0] {
          var best = 0
          for column in 1..<width where numbers[row * width + column] > numbers[row * width + best] { best = column }
          to[row * width + best] = 1
        }
      }
      return try ones.converted(to: lines.type)
    }
  }

  /// - Parameters:
  ///   - kernel: the library's, along the last dimension of tensors.
  ///   - function: the same for the lines of a matrix of any real numbers.
  private mutating func addSoftmax(
    _ name: String, _ kernel: (@Sendable (Tensor) -> Tensor)?,
    _ function: @escaping @Sendable (ONNXValue) throws(OperatorFault) -> ONNXValue
  ) {
    add(name, inputs: 1...1) { (context) throws(OperatorFault) in
      // Until version 13 everything from the axis on was one line.
      let isFlat = context.opset < 13
      let along = try context.attributes.integer("axis", default: isFlat ? 1 : -1)
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        guard x.rank > 0 else { throw .wrong("a scalar has no axis \(along)") }
        let axis = try resolvedAxis(along, rank: x.rank)
        func lines(_ lines: ONNXValue) throws(OperatorFault) -> ONNXValue {
          if case .float32(let tensor) = lines.elements, let kernel { return ONNXValue(kernel(tensor)) }
          return try function(lines)
        }
        if isFlat {
          let outer = x.shape[..<axis].reduce(1, *)
          return [try lines(x.reshaped([outer, x.shape[axis...].reduce(1, *)])).lying(as: x.shape)]
        }
        let width = x.shape[axis]
        if x.lyingAxis(axis) == x.rank - 1 {
          let flat = x.lying(as: x.lyingShape).lying(as: [x.count / max(width, 1), width])
          let result = try lines(flat).lying(as: x.lyingShape)
          return [ONNXValue(result.elements, shape: x.shape, isChannelsLast: x.isChannelsLast)]
        }
        var order = Array(0..<x.rank)
        order.append(order.remove(at: axis))
        var back = [Int](repeating: 0, count: x.rank)
        for (place, dimension) in order.enumerated() { back[dimension] = place }
        let turned = try x.transposed(order).plain
        let result = try lines(turned.lying(as: [x.count / max(width, 1), width])).lying(as: turned.shape)
        return [try result.transposed(back)]
      }
    }
  }

  private static func lineMaximum(_ lines: ONNXValue) throws(OperatorFault) -> ONNXValue {
    try lines.perLine { $0.max() ?? 0 }
  }

  private static func lineSum(_ lines: ONNXValue) throws(OperatorFault) -> ONNXValue {
    try lines.perLine { $0.reduce(0, +) }
  }
}

extension ONNXValue {
  /// A number for each row of a matrix, [rows, 1].
  fileprivate func perLine(_ function: (ArraySlice<Double>) -> Double) throws(OperatorFault) -> ONNXValue {
    let (numbers, width) = (doubles, shape[1])
    let results = (0..<shape[0]).map { function(numbers[$0 * width..<($0 + 1) * width]) }
    return try ONNXValue(array: results, shape: [shape[0], 1]).converted(to: type)
  }

  fileprivate func less(_ other: ONNXValue) throws(OperatorFault) -> ONNXValue {
    type == .float64
      ? try .combined(self, other, Double.self) { $0 - $1 } : try .combined(self, other, Float.self) { $0 - $1 }
  }

  fileprivate func divided(_ other: ONNXValue) throws(OperatorFault) -> ONNXValue {
    type == .float64
      ? try .combined(self, other, Double.self) { $0 / $1 } : try .combined(self, other, Float.self) { $0 / $1 }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

private func exponential(_ x: Double) -> Double { exp(x) }
private func logarithm(_ x: Double) -> Double { log(x) }
