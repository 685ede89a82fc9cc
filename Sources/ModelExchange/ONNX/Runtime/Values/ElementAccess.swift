import Tensors

/// Something that is done with the elements of a value, whatever their type.
protocol ElementVisitor {
  associatedtype Result
  func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> Result
}

/// Something that is done with numbers only.
protocol NumberVisitor {
  associatedtype Result
  func visit<E: ONNXNumber>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> Result
}

extension ONNXElements {
  func accept<V: ElementVisitor>(_ visitor: V) throws(OperatorFault) -> V.Result {
    switch self {
    case .float32(let tensor):
      try tensor.withUnsafeElements { (p) throws(OperatorFault) in try visitor.visit(p) }
    case .float64(let array): try array.visited(by: visitor)
    case .int64(let array): try array.visited(by: visitor)
    case .int32(let array): try array.visited(by: visitor)
    case .int16(let array): try array.visited(by: visitor)
    case .int8(let array): try array.visited(by: visitor)
    case .uint64(let array): try array.visited(by: visitor)
    case .uint32(let array): try array.visited(by: visitor)
    case .uint16(let array): try array.visited(by: visitor)
    case .uint8(let array): try array.visited(by: visitor)
    case .bool(let array): try array.visited(by: visitor)
    case .string(let array): try array.visited(by: visitor)
    }
  }

  func accept<V: NumberVisitor>(_ visitor: V) throws(OperatorFault) -> V.Result {
    switch self {
    case .float32(let tensor):
      return try tensor.withUnsafeElements { (p) throws(OperatorFault) in try visitor.visit(p) }
    case .float64(let array): return try array.visited(by: visitor)
    case .int64(let array): return try array.visited(by: visitor)
    case .int32(let array): return try array.visited(by: visitor)
    case .int16(let array): return try array.visited(by: visitor)
    case .int8(let array): return try array.visited(by: visitor)
    case .uint64(let array): return try array.visited(by: visitor)
    case .uint32(let array): return try array.visited(by: visitor)
    case .uint16(let array): return try array.visited(by: visitor)
    case .uint8(let array): return try array.visited(by: visitor)
    case .bool, .string: throw .wrong("elements of the type \(type) are no numbers")
    }
  }

  /// Calls `body` with the elements, which must be of the type E.
  func withElements<E: ONNXElement, R>(
    of _: E.Type, _ body: (UnsafeBufferPointer<E>) throws(OperatorFault) -> R
  ) throws(OperatorFault) -> R {
    if case .float32(let tensor) = self, E.self == Float.self {
      return try tensor.withUnsafeElements { (floats) throws(OperatorFault) in
        let address = UnsafeRawPointer(floats.baseAddress)?.assumingMemoryBound(to: E.self)
        return try body(UnsafeBufferPointer(start: address, count: floats.count))
      }
    }
    guard let array = E.array(of: self) else {
      throw .wrong("elements are of the type \(type), which should be \(E.type)")
    }
    return try array.withUnsafeBufferPointer { (p) throws(OperatorFault) in try body(p) }
  }

  /// New elements, which begin as zeros and are then set; `isSetWholly` says that every one of them is.
  static func make<E: ONNXElement>(
    _: E.Type, shape: [Int], isSetWholly: Bool = false,
    _ body: (UnsafeMutableBufferPointer<E>) throws(OperatorFault) -> Void
  ) throws(OperatorFault) -> ONNXElements {
    let count = try ValueLimit.count(shape, size: MemoryLayout<E>.stride)
    if E.self == Float.self {
      var tensor = Tensor(uninitialized: shape)
      try tensor.withUnsafeMutableElements { (floats) throws(OperatorFault) in
        if !isSetWholly { floats.update(repeating: 0) }
        let address = UnsafeMutableRawPointer(floats.baseAddress)?.assumingMemoryBound(to: E.self)
        try body(UnsafeMutableBufferPointer(start: address, count: floats.count))
      }
      return .float32(tensor)
    }
    var array = [E](repeating: E.zero, count: count)
    try array.withUnsafeMutableBufferPointer { (p) throws(OperatorFault) in try body(p) }
    return E.elements(array)
  }
}

extension Array where Element: ONNXElement {
  fileprivate func visited<V: ElementVisitor>(by visitor: V) throws(OperatorFault) -> V.Result {
    try withUnsafeBufferPointer { (p) throws(OperatorFault) in try visitor.visit(p) }
  }

  fileprivate func visited<V: NumberVisitor>(by visitor: V) throws(OperatorFault) -> V.Result
  where Element: ONNXNumber {
    try withUnsafeBufferPointer { (p) throws(OperatorFault) in try visitor.visit(p) }
  }
}

extension ONNXValue {
  /// A value of elements of the type E under a shape, which begin as zeros and are then set.
  static func make<E: ONNXElement>(
    _ type: E.Type, shape: [Int], isChannelsLast: Bool = false, isSetWholly: Bool = false,
    _ body: (UnsafeMutableBufferPointer<E>) throws(OperatorFault) -> Void
  ) throws(OperatorFault) -> ONNXValue {
    let lying = isChannelsLast ? channelsLastShape(shape) : shape
    return ONNXValue(
      try ONNXElements.make(type, shape: lying, isSetWholly: isSetWholly, body), shape: shape,
      isChannelsLast: isChannelsLast)
  }

  /// Elements of the type E, in row-major order.
  func array<E: ONNXElement>(of type: E.Type) throws(OperatorFault) -> [E] {
    try plain.elements.withElements(of: type) { Array($0) }
  }
}
