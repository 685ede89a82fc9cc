import Tensors

extension OperatorLibrary {
  mutating func addConstants() {
    addConversions()
    add("Constant", inputs: 0...0) { (context) throws(OperatorFault) in
      let value = try Self.constant(&context.attributes)
      return { (_) throws(OperatorFault) in [value] }
    }
    add("ConstantOfShape", inputs: 1...1, since: 9) { (context) throws(OperatorFault) in
      let filler = try context.attributes.tensor("value") ?? ONNXValue(Tensor([0]))
      guard filler.count == 1 else { throw .wrong("attribute value has \(filler.count) elements, not one") }
      return { (operands) throws(OperatorFault) in
        let shape = try operands.integers(0)
        _ = try ValueLimit.count(shape, size: 8)
        return [try ValueBuilder(like: filler, shape: shape, filledWith: filler).value]
      }
    }
    add("Range", inputs: 3...3, since: 11) { (operands) throws(OperatorFault) in
      let (start, limit, delta) = (try operands.value(0), try operands.value(1), try operands.value(2))
      guard start.count == 1, limit.count == 1, delta.count == 1 else { throw .wrong("operands are no scalars") }
      guard start.type == limit.type, start.type == delta.type else { throw .wrong("operands of different types") }
      let (from, to, step) = (start.doubles[0], limit.doubles[0], delta.doubles[0])
      guard step != 0, from.isFinite, to.isFinite, step.isFinite else {
        throw .wrong("a range from \(from) to \(to) in steps of \(step)")
      }
      let count = max(0, ((to - from) / step).rounded(.up))
      guard count < Double(ValueLimit.bytes / 8) else { throw .wrong("a range of \(count) elements is too large") }
      if let first = start.int64s?.first, let by = delta.int64s?.first, start.type.isInteger {
        let numbers = (0..<Int(count)).map { first &+ Int64($0) &* by }
        return [try ONNXValue(array: numbers, shape: [numbers.count]).converted(to: start.type)]
      }
      let numbers = (0..<Int(count)).map { from + Double($0) * step }
      return [try ONNXValue(array: numbers, shape: [numbers.count]).converted(to: start.type)]
    }
    add("EyeLike", inputs: 1...1, since: 9) { (context) throws(OperatorFault) in
      let diagonal = try context.attributes.integer("k", default: 0)
      let type: ONNXElementType? =
        if let number = try context.attributes.integer("dtype") { try .init(attribute: number, "dtype") } else { nil }
      return { (operands) throws(OperatorFault) in
        let like = try operands.value(0)
        guard like.rank == 2 else { throw .wrong("a value of the shape \(like.shape), which is no matrix") }
        let (rows, columns) = (like.shape[0], like.shape[1])
        let ones = try ONNXValue.make(Int8.self, shape: like.shape) { to in
          for row in 0..<rows where diagonal < columns && diagonal > -rows && 0..<columns ~= row + diagonal {
            to[row * columns + row + diagonal] = 1
          }
        }
        return [try ones.converted(to: type ?? like.type)]
      }
    }
    add("Identity", inputs: 1...1) { (operands) throws(OperatorFault) in [try operands.value(0)] }
    add("Dropout", inputs: 1...3, outputs: 1...2) { (context) throws(OperatorFault) in
      context.attributes.ignore("ratio", "seed")
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        if let training = operands.optional(2), training.array(ofTruth: ())?.first == true {
          // Nothing is dropped at a ratio of zero, even in training.
          guard operands.optional(1)?.doubles.first == 0 else { throw .unsupported("dropout in training") }
        }
        guard operands.outputCount > 1 else { return [x] }
        return [x, try ONNXValue.make(Bool.self, shape: x.shape) { $0.update(repeating: true) }]
      }
    }
  }

  private static func constant(_ attributes: inout OperatorAttributes) throws(OperatorFault) -> ONNXValue {
    if let value = try attributes.tensor("value") { return value }
    if let value = try attributes.float("value_float") { return ONNXValue(Tensor([value], shape: [])) }
    if let values = try attributes.floats("value_floats") { return ONNXValue(Tensor(values)) }
    if let value = try attributes.integer("value_int") { return ONNXValue(array: [Int64(value)], shape: []) }
    if let values = try attributes.integers("value_ints") {
      return ONNXValue(array: values.map { Int64($0) }, shape: [values.count])
    }
    if let value = try attributes.string("value_string") { return ONNXValue(array: [value], shape: []) }
    if let values = try attributes.strings("value_strings") { return ONNXValue(array: values, shape: [values.count]) }
    if attributes.contains("sparse_value") { throw .unsupported("attribute sparse_value") }
    throw .wrong("a constant without a value")
  }
}

extension ONNXValue {
  /// The elements of a value of bool.
  func array(ofTruth _: Void) -> [Bool]? { if case .bool(let array) = elements { array } else { nil } }
}
