import Tensors

extension OperatorLibrary {
  mutating func addJoining() {
    add("Concat", inputs: 1...65536) { (context) throws(OperatorFault) in
      guard let along = try context.attributes.integer("axis") else { throw .wrong("attribute axis is missing") }
      return { (operands) throws(OperatorFault) in [try .joined(try operands.all(), along: along)] }
    }
  }
}

extension ONNXValue {
  /// Values side by side along a dimension, which lie with their channels last where the first one does.
  static func joined(_ values: [ONNXValue], along axis: Int) throws(OperatorFault) -> ONNXValue {
    guard let first = values.first(where: \.isChannelsLast) ?? values.first else { throw .missing(0) }
    let axis = try resolvedAxis(axis, rank: first.rank)
    var shape = first.shape
    shape[axis] = 0
    var parts: [ONNXValue] = []
    for (index, value) in values.enumerated() {
      var other = value.shape
      guard value.rank == first.rank, value.type == first.type else {
        throw .wrong("input[\(index)] is \(value.type)\(value.shape) beside \(first.type)\(first.shape)")
      }
      let (extent, overflows) = shape[axis].addingReportingOverflow(other[axis])
      other[axis] = extent
      shape[axis] = extent
      guard !overflows, other == shape else {
        throw .wrong("input[\(index)] of the shape \(value.shape) beside \(first.shape), along axis \(axis)")
      }
      parts.append(first.isChannelsLast ? value.channelsLast : value.plain)
    }
    let lying = first.isChannelsLast ? channelsLastShape(shape) : shape
    // One value may stand among the operands any number of times.
    _ = try ValueLimit.count(lying)
    if case .float32 = first.elements {
      let tensors = parts.compactMap { if case .float32(let tensor) = $0.elements { tensor } else { nil } }
      let joined = Tensor.concatenated(tensors, axis: first.lyingAxis(axis))
      return ONNXValue(.float32(joined), shape: shape, isChannelsLast: first.isChannelsLast)
    }
    let builder = try ValueBuilder(like: first, shape: lying)
    let (strides, place) = (rowMajorStrides(lying), first.lyingAxis(axis))
    var column = 0
    for part in parts {
      let own = part.lyingShape
      try builder.write(
        part, StridedCopy(shape: own, strides: rowMajorStrides(own), to: strides, target: column * strides[place]))
      column += own[place]
    }
    return ONNXValue(builder.value.elements, shape: shape, isChannelsLast: first.isChannelsLast)
  }
}
