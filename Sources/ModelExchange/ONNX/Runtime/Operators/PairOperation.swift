import Tensors

/// A function of two numbers, for every type of number.
protocol PairOperation: SendableMetatype {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I
  /// The library's kernel for tensors of one shape, where it has one.
  static func tensors(_ a: Tensor, _ b: Tensor) -> Tensor?
}

extension PairOperation {
  static func tensors(_ a: Tensor, _ b: Tensor) -> Tensor? { nil }
}

/// A function of two elements, as a type: loops over it are compiled for each.
protocol PairFunction {
  associatedtype First: ONNXElement
  associatedtype Second: ONNXElement
  associatedtype Result: ONNXElement
  func callAsFunction(_ a: First, _ b: Second) -> Result
}

private struct RealPair<Operation: PairOperation, E: BinaryFloatingPoint & ONNXElement>: PairFunction {
  func callAsFunction(_ a: E, _ b: E) -> E { Operation.floating(a, b) }
}

private struct WholePair<Operation: PairOperation, E: FixedWidthInteger & ONNXElement>: PairFunction {
  func callAsFunction(_ a: E, _ b: E) -> E { Operation.integer(a, b) }
}

private struct ComparedPair<Comparison: PairComparison, E: Comparable & ONNXElement>: PairFunction {
  func callAsFunction(_ a: E, _ b: E) -> Bool { Comparison.holds(a, b) }
}

/// Any function; called for each element, so that it is for what is rare or costs more than a call.
private struct AnyPair<A: ONNXElement, B: ONNXElement, R: ONNXElement>: PairFunction {
  let function: (A, B) -> R
  func callAsFunction(_ a: A, _ b: B) -> R { function(a, b) }
}

/// A comparison of two numbers.
protocol PairComparison: SendableMetatype {
  static func holds<C: Comparable>(_ a: C, _ b: C) -> Bool
}

extension ONNXValue {
  /// Two operands in one order, so that they can be walked together as they lie: that of the larger one.
  static func aligned(_ a: ONNXValue, _ b: ONNXValue) -> (ONNXValue, ONNXValue, isChannelsLast: Bool) {
    guard a.isChannelsLast || b.isChannelsLast else { return (a, b, false) }
    if a.isChannelsLast, b.isChannelsLast, a.rank == b.rank { return (a, b, true) }
    let (last, other) = a.isChannelsLast ? (a, b) : (b, a)
    guard last.rank >= other.rank, last.count >= other.count else { return (a.plain, b.plain, false) }
    let ones = [Int](repeating: 1, count: last.rank - other.rank)
    let turned = other.reshaped(ones + other.shape).channelsLast
    return a.isChannelsLast ? (last, turned, true) : (turned, last, true)
  }

  /// A function of the elements of two operands, which must be of the type E.
  static func combined<E: ONNXElement, R: ONNXElement>(
    _ a: ONNXValue, _ b: ONNXValue, _: E.Type, _ function: (E, E) -> R
  ) throws(OperatorFault) -> ONNXValue {
    try withoutActuallyEscaping(function) { (function) throws(OperatorFault) in
      try combined(a, b, AnyPair(function: function))
    }
  }

  static func combined<Function: PairFunction>(
    _ a: ONNXValue, _ b: ONNXValue, _ function: Function
  ) throws(OperatorFault) -> ONNXValue {
    let (first, second, isChannelsLast) = aligned(a, b)
    let shape = try broadcastShape(first.lyingShape, second.lyingShape)
    _ = try ValueLimit.count(shape, size: 0)
    let walk = PairWalk(first.lyingShape, second.lyingShape, as: shape)
    let elements = try first.elements.withElements(of: Function.First.self) { (x) throws(OperatorFault) in
      try second.elements.withElements(of: Function.Second.self) { (y) throws(OperatorFault) in
        try ONNXElements.make(Function.Result.self, shape: shape, isSetWholly: true) { (to) throws(OperatorFault) in
          guard let x = x.baseAddress, let y = y.baseAddress, let to = to.baseAddress else { return }
          walk.apply(x, y, to, function)
        }
      }
    }
    return ONNXValue(
      elements, shape: isChannelsLast ? channelsFirstShape(shape) : shape, isChannelsLast: isChannelsLast)
  }

  static func combined<Operation: PairOperation>(
    _ a: ONNXValue, _ b: ONNXValue, by _: Operation.Type
  ) throws(OperatorFault) -> ONNXValue {
    switch a.type {
    case .float32:
      if a.shape == b.shape, a.isChannelsLast == b.isChannelsLast, case .float32(let x) = a.elements,
        case .float32(let y) = b.elements, let result = Operation.tensors(x, y)
      {
        return ONNXValue(.float32(result), shape: a.shape, isChannelsLast: a.isChannelsLast)
      }
      return try combined(a, b, RealPair<Operation, Float>())
    case .float64: return try combined(a, b, RealPair<Operation, Double>())
    case .int64: return try combined(a, b, WholePair<Operation, Int64>())
    case .int32: return try combined(a, b, WholePair<Operation, Int32>())
    case .int16: return try combined(a, b, WholePair<Operation, Int16>())
    case .int8: return try combined(a, b, WholePair<Operation, Int8>())
    case .uint64: return try combined(a, b, WholePair<Operation, UInt64>())
    case .uint32: return try combined(a, b, WholePair<Operation, UInt32>())
    case .uint16: return try combined(a, b, WholePair<Operation, UInt16>())
    case .uint8: return try combined(a, b, WholePair<Operation, UInt8>())
    default: throw .wrong("elements of the type \(a.type) are no numbers")
    }
  }

  static func compared<Comparison: PairComparison>(
    _ a: ONNXValue, _ b: ONNXValue, by _: Comparison.Type
  ) throws(OperatorFault) -> ONNXValue {
    switch a.type {
    case .float32: try combined(a, b, ComparedPair<Comparison, Float>())
    case .float64: try combined(a, b, ComparedPair<Comparison, Double>())
    case .int64: try combined(a, b, ComparedPair<Comparison, Int64>())
    case .int32: try combined(a, b, ComparedPair<Comparison, Int32>())
    case .int16: try combined(a, b, ComparedPair<Comparison, Int16>())
    case .int8: try combined(a, b, ComparedPair<Comparison, Int8>())
    case .uint64: try combined(a, b, ComparedPair<Comparison, UInt64>())
    case .uint32: try combined(a, b, ComparedPair<Comparison, UInt32>())
    case .uint16: try combined(a, b, ComparedPair<Comparison, UInt16>())
    case .uint8: try combined(a, b, ComparedPair<Comparison, UInt8>())
    case .string: try combined(a, b, ComparedPair<Comparison, String>())
    default: throw .wrong("elements of the type \(a.type) have no order")
    }
  }
}
