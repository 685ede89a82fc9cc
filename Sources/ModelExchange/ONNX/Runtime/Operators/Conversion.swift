import FoundationEssentials
import Tensors

extension ONNXValue {
  /// The elements as another type: real numbers lose what is behind the point, integers keep their lowest bits, and what
  /// is beyond an integer type becomes its nearest value.
  func converted(to type: ONNXElementType) throws(OperatorFault) -> ONNXValue {
    switch type {
    case .float16: return try converted(to: .float32).mapped(Float.self) { $0.roundedToHalf }
    case .bfloat16: return try converted(to: .float32).mapped(Float.self) { $0.roundedToBrainFloat }
    default: break
    }
    guard type != self.type else { return self }
    if self.type == .string { return try parsed(as: type) }
    switch type {
    case .float32: return try elements.accept(ToReal(value: self) { (x: Double) in Float(x) })
    case .float64: return try elements.accept(ToReal(value: self) { (x: Double) in x })
    case .int64: return try elements.accept(ToInteger<Int64>(value: self))
    case .int32: return try elements.accept(ToInteger<Int32>(value: self))
    case .int16: return try elements.accept(ToInteger<Int16>(value: self))
    case .int8: return try elements.accept(ToInteger<Int8>(value: self))
    case .uint64: return try elements.accept(ToInteger<UInt64>(value: self))
    case .uint32: return try elements.accept(ToInteger<UInt32>(value: self))
    case .uint16: return try elements.accept(ToInteger<UInt16>(value: self))
    case .uint8: return try elements.accept(ToInteger<UInt8>(value: self))
    case .bool: return try elements.accept(ToTruth(value: self))
    case .string: return try elements.accept(ToText(value: self))
    case .float16, .bfloat16: throw .unsupported("a conversion to \(type)")
    }
  }

  private struct ToReal<R: ONNXElement>: ElementVisitor {
    let value: ONNXValue
    let convert: @Sendable (Double) -> R
    init(value: ONNXValue, convert: @escaping @Sendable (Double) -> R) { (self.value, self.convert) = (value, convert) }
    func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXValue {
      try value.mapped(E.self) { convert(asDouble($0)) }
    }
  }

  private struct ToInteger<I: FixedWidthInteger & ONNXNumber>: ElementVisitor {
    let value: ONNXValue
    func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXValue {
      if E.self == Float.self || E.self == Double.self {
        return try value.mapped(E.self) { saturated(asDouble($0)) as I }
      }
      return try value.mapped(E.self) { I(truncatingIfNeeded: asInt64($0)) }
    }
  }

  private struct ToTruth: ElementVisitor {
    let value: ONNXValue
    func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXValue {
      try value.mapped(E.self) { $0 != E.zero }
    }
  }

  private struct ToText: ElementVisitor {
    let value: ONNXValue
    func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXValue {
      try value.mapped(E.self) { element in
        switch element {
        case let number as Float where number.isNaN: "NaN"
        case let number as Double where number.isNaN: "NaN"
        case let number as Float where number.isInfinite: number > 0 ? "INF" : "-INF"
        case let number as Double where number.isInfinite: number > 0 ? "INF" : "-INF"
        case let truth as Bool: truth ? "1" : "0"
        default: "\(element)"
        }
      }
    }
  }

  private func parsed(as type: ONNXElementType) throws(OperatorFault) -> ONNXValue {
    var numbers: [Double] = []
    for text in strings ?? [] {
      guard let number = Double(text) else { throw .wrong("the string \"\(text.prefix(40))\" is no number") }
      numbers.append(number)
    }
    return try ONNXValue(array: numbers, shape: shape).converted(to: type)
  }
}

extension Float {
  /// The nearest number that half precision has.
  var roundedToHalf: Float {
    guard isFinite else { return self }
    let size = magnitude
    if size >= 65520 { return self < 0 ? -.infinity : .infinity }
    // Below the smallest normal number neighbours are 2⁻²⁴ apart; above it ten bits stay behind the first.
    let step: Float = size < 0x1p-14 ? 0x1p-24 : Float(sign: .plus, exponent: exponent - 10, significand: 1)
    let rounded = (self / step).rounded(.toNearestOrEven) * step
    return rounded == 0 && self.sign == .minus ? -0.0 : rounded
  }

  /// The nearest number of which the lower 16 bits are zero.
  var roundedToBrainFloat: Float {
    guard !isNaN else { return self }
    let bits = bitPattern
    let rounded = bits.addingReportingOverflow(0x7FFF + (bits >> 16 & 1)).partialValue
    return Float(bitPattern: rounded & 0xFFFF_0000)
  }
}

extension ONNXElementType {
  /// The type that an attribute names by its number.
  init(attribute number: Int, _ name: String) throws(OperatorFault) {
    guard let raw = Int32(exactly: number), let type = ONNXElementType(rawValue: raw) else {
      throw .unsupported(
        "attribute \(name): the element type \(ONNXElementType.name(ofUnknown: Int32(truncatingIfNeeded: number)))")
    }
    self = type
  }
}

extension OperatorLibrary {
  mutating func addConversions() {
    add("Cast", inputs: 1...1) { (context) throws(OperatorFault) in
      guard let number = try context.attributes.integer("to") else { throw .wrong("attribute to is missing") }
      let type = try ONNXElementType(attribute: number, "to")
      // They say what becomes of numbers beyond 8-bit floats, which are refused.
      context.attributes.ignore("saturate", "round_mode")
      return { (operands) throws(OperatorFault) in [try operands.value(0).converted(to: type)] }
    }
    add("CastLike", inputs: 2...2, since: 15) { (context) throws(OperatorFault) in
      context.attributes.ignore("saturate", "round_mode")
      return { (operands) throws(OperatorFault) in
        [try operands.value(0).converted(to: try operands.value(1).type)]
      }
    }
  }
}
