import Tensors

/// What an operator computes from.
struct Operands {
  let values: [ONNXValue?]
  /// How many results the model uses, or has names for.
  let outputCount: Int

  /// Operand `index`, in whatever order it lies.
  func value(_ index: Int) throws(OperatorFault) -> ONNXValue {
    guard let value = optional(index) else { throw .missing(index) }
    return value
  }

  func optional(_ index: Int) -> ONNXValue? { index < values.count ? values[index] : nil }

  /// Operand `index` in ONNX's order.
  func plain(_ index: Int) throws(OperatorFault) -> ONNXValue { try value(index).plain }

  /// Operand `index` as a tensor in ONNX's order.
  func tensor(_ index: Int) throws(OperatorFault) -> Tensor {
    try value(index).floats("input[\(index)]")
  }

  /// The same, where it is given.
  func optionalTensor(_ index: Int) throws(OperatorFault) -> Tensor? {
    try optional(index).map { (value) throws(OperatorFault) in try value.floats("input[\(index)]") }
  }

  /// Integers of a shape, axes or the like.
  func integers(_ index: Int) throws(OperatorFault) -> [Int] { try value(index).integers("input[\(index)]") }

  func optionalIntegers(_ index: Int) throws(OperatorFault) -> [Int]? {
    try optional(index).map { (value) throws(OperatorFault) in try value.integers("input[\(index)]") }
  }

  /// Integers that early models have as an attribute and later ones as an operand.
  func integers(_ index: Int, or attribute: [Int]?) throws(OperatorFault) -> [Int] {
    if let attribute { return attribute }
    return try integers(index)
  }

  func optionalIntegers(_ index: Int, or attribute: [Int]?) throws(OperatorFault) -> [Int]? {
    if let attribute { return attribute }
    return try optionalIntegers(index)
  }

  /// The only integer of an operand.
  func integer(_ index: Int) throws(OperatorFault) -> Int {
    let integers = try integers(index)
    guard integers.count == 1 else { throw .wrong("input[\(index)] has \(integers.count) elements, not one") }
    return integers[0]
  }

  /// Every operand, none of which may be missing.
  func all() throws(OperatorFault) -> [ONNXValue] {
    var all: [ONNXValue] = []
    for index in values.indices { all.append(try value(index)) }
    return all
  }
}

extension ONNXValue {
  /// The elements as a tensor in ONNX's order.
  func floats(_ name: String) throws(OperatorFault) -> Tensor {
    guard case .float32(let tensor) = plain.elements else {
      throw .wrong("\(name) has elements of the type \(type), which should be float32")
    }
    return tensor
  }

  /// The elements as a tensor as they lie.
  func lyingFloats(_ name: String) throws(OperatorFault) -> Tensor {
    guard case .float32(let tensor) = elements else {
      throw .wrong("\(name) has elements of the type \(type), which should be float32")
    }
    return tensor
  }

  /// The elements as integers, of which there may not be more than a shape or a list of axes has reason to.
  func integers(_ name: String) throws(OperatorFault) -> [Int] {
    guard let integers = int64s, type != .bool else {
      throw .wrong("\(name) has elements of the type \(type), which should be integers")
    }
    return integers.map { Int($0) }
  }
}

/// A dimension counted from the end where it is below zero.
func resolvedAxis(_ axis: Int, rank: Int) throws(OperatorFault) -> Int {
  guard axis >= -rank, axis < rank else { throw .wrong("axis \(axis) of a value of \(rank) dimensions") }
  return axis < 0 ? axis + rank : axis
}

/// Dimensions, each at most once.
func resolvedAxes(_ axes: [Int], rank: Int) throws(OperatorFault) -> [Int] {
  guard axes.count <= rank else { throw .wrong("\(axes.count) axes of a value of \(rank) dimensions") }
  var result: [Int] = []
  for one in axes {
    let positive = try resolvedAxis(one, rank: rank)
    if result.contains(positive) { throw .wrong("axis \(one) is given twice") }
    result.append(positive)
  }
  return result
}
