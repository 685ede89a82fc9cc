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

  /// A function of the elements of two operands, which must have the type E.
  @inline(__always)
  static func combined<E: ONNXElement, R: ONNXElement>(
    _ a: ONNXValue, _ b: ONNXValue, _: E.Type, _ function: (E, E) -> R
  ) throws(OperatorFault) -> ONNXValue {
    try combined(a, b, E.self, E.self, function)
  }

  /// A function of the elements of two operands of the types A and B.
  @inline(__always)
  static func combined<A: ONNXElement, B: ONNXElement, R: ONNXElement>(
    _ a: ONNXValue, _ b: ONNXValue, _: A.Type, _: B.Type, _ function: (A, B) -> R
  ) throws(OperatorFault) -> ONNXValue {
    let (first, second, isChannelsLast) = aligned(a, b)
    let shape = try broadcastShape(first.lyingShape, second.lyingShape)
    let walk = PairWalk(first.lyingShape, second.lyingShape, as: shape)
    let elements = try first.elements.withElements(of: A.self) { (x) throws(OperatorFault) in
      try second.elements.withElements(of: B.self) { (y) throws(OperatorFault) in
        try ONNXElements.make(R.self, shape: shape, isSetWholly: true) { (to) throws(OperatorFault) in
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
      return try combined(a, b, Float.self) { Operation.floating($0, $1) }
    case .float64: return try combined(a, b, Double.self) { Operation.floating($0, $1) }
    case .int64: return try combined(a, b, Int64.self) { Operation.integer($0, $1) }
    case .int32: return try combined(a, b, Int32.self) { Operation.integer($0, $1) }
    case .int16: return try combined(a, b, Int16.self) { Operation.integer($0, $1) }
    case .int8: return try combined(a, b, Int8.self) { Operation.integer($0, $1) }
    case .uint64: return try combined(a, b, UInt64.self) { Operation.integer($0, $1) }
    case .uint32: return try combined(a, b, UInt32.self) { Operation.integer($0, $1) }
    case .uint16: return try combined(a, b, UInt16.self) { Operation.integer($0, $1) }
    case .uint8: return try combined(a, b, UInt8.self) { Operation.integer($0, $1) }
    default: throw .wrong("elements of the type \(a.type) are no numbers")
    }
  }

  static func compared<Comparison: PairComparison>(
    _ a: ONNXValue, _ b: ONNXValue, by _: Comparison.Type
  ) throws(OperatorFault) -> ONNXValue {
    switch a.type {
    case .float32: try combined(a, b, Float.self) { Comparison.holds($0, $1) }
    case .float64: try combined(a, b, Double.self) { Comparison.holds($0, $1) }
    case .int64: try combined(a, b, Int64.self) { Comparison.holds($0, $1) }
    case .int32: try combined(a, b, Int32.self) { Comparison.holds($0, $1) }
    case .int16: try combined(a, b, Int16.self) { Comparison.holds($0, $1) }
    case .int8: try combined(a, b, Int8.self) { Comparison.holds($0, $1) }
    case .uint64: try combined(a, b, UInt64.self) { Comparison.holds($0, $1) }
    case .uint32: try combined(a, b, UInt32.self) { Comparison.holds($0, $1) }
    case .uint16: try combined(a, b, UInt16.self) { Comparison.holds($0, $1) }
    case .uint8: try combined(a, b, UInt8.self) { Comparison.holds($0, $1) }
    case .string: try combined(a, b, String.self) { Comparison.holds($0, $1) }
    default: throw .wrong("elements of the type \(a.type) have no order")
    }
  }
}
