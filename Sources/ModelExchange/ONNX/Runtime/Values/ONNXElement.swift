import Tensors

/// A Swift type that elements of values are held as.
protocol ONNXElement: Sendable, Equatable {
  static var type: ONNXElementType { get }
  static var zero: Self { get }
  /// The elements, where they are of this type; `nil` for `Float`, whose elements a tensor holds.
  static func array(of elements: ONNXElements) -> [Self]?
  static func elements(_ array: [Self]) -> ONNXElements
}

/// The elements of a value in row-major order of how they lie.
enum ONNXElements: Sendable {
  /// The tensor's shape is the one in which the elements lie.
  case float32(Tensor)
  case float64([Double])
  case int64([Int64])
  case int32([Int32])
  case int16([Int16])
  case int8([Int8])
  case uint64([UInt64])
  case uint32([UInt32])
  case uint16([UInt16])
  case uint8([UInt8])
  case bool([Bool])
  case string([String])

  var type: ONNXElementType {
    switch self {
    case .float32: .float32
    case .float64: .float64
    case .int64: .int64
    case .int32: .int32
    case .int16: .int16
    case .int8: .int8
    case .uint64: .uint64
    case .uint32: .uint32
    case .uint16: .uint16
    case .uint8: .uint8
    case .bool: .bool
    case .string: .string
    }
  }
}

/// Numbers that compute.
protocol ONNXNumber: ONNXElement, Comparable, Numeric {}

extension Float: ONNXNumber {
  static var type: ONNXElementType { .float32 }
  static var zero: Float { 0 }
  static func array(of elements: ONNXElements) -> [Float]? { nil }
  static func elements(_ array: [Float]) -> ONNXElements { .float32(Tensor(array)) }
}

extension Double: ONNXNumber {
  static var type: ONNXElementType { .float64 }
  static var zero: Double { 0 }
  static func array(of elements: ONNXElements) -> [Double]? {
    if case .float64(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [Double]) -> ONNXElements { .float64(array) }
}

extension Bool: ONNXElement {
  static var type: ONNXElementType { .bool }
  static var zero: Bool { false }
  static func array(of elements: ONNXElements) -> [Bool]? { if case .bool(let array) = elements { array } else { nil } }
  static func elements(_ array: [Bool]) -> ONNXElements { .bool(array) }
}

extension String: ONNXElement {
  static var type: ONNXElementType { .string }
  static var zero: String { "" }
  static func array(of elements: ONNXElements) -> [String]? {
    if case .string(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [String]) -> ONNXElements { .string(array) }
}

extension Int64: ONNXNumber {
  static var type: ONNXElementType { .int64 }
  static var zero: Int64 { 0 }
  static func array(of elements: ONNXElements) -> [Int64]? {
    if case .int64(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [Int64]) -> ONNXElements { .int64(array) }
}

extension Int32: ONNXNumber {
  static var type: ONNXElementType { .int32 }
  static var zero: Int32 { 0 }
  static func array(of elements: ONNXElements) -> [Int32]? {
    if case .int32(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [Int32]) -> ONNXElements { .int32(array) }
}

extension Int16: ONNXNumber {
  static var type: ONNXElementType { .int16 }
  static var zero: Int16 { 0 }
  static func array(of elements: ONNXElements) -> [Int16]? {
    if case .int16(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [Int16]) -> ONNXElements { .int16(array) }
}

extension Int8: ONNXNumber {
  static var type: ONNXElementType { .int8 }
  static var zero: Int8 { 0 }
  static func array(of elements: ONNXElements) -> [Int8]? {
    if case .int8(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [Int8]) -> ONNXElements { .int8(array) }
}

extension UInt64: ONNXNumber {
  static var type: ONNXElementType { .uint64 }
  static var zero: UInt64 { 0 }
  static func array(of elements: ONNXElements) -> [UInt64]? {
    if case .uint64(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [UInt64]) -> ONNXElements { .uint64(array) }
}

extension UInt32: ONNXNumber {
  static var type: ONNXElementType { .uint32 }
  static var zero: UInt32 { 0 }
  static func array(of elements: ONNXElements) -> [UInt32]? {
    if case .uint32(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [UInt32]) -> ONNXElements { .uint32(array) }
}

extension UInt16: ONNXNumber {
  static var type: ONNXElementType { .uint16 }
  static var zero: UInt16 { 0 }
  static func array(of elements: ONNXElements) -> [UInt16]? {
    if case .uint16(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [UInt16]) -> ONNXElements { .uint16(array) }
}

extension UInt8: ONNXNumber {
  static var type: ONNXElementType { .uint8 }
  static var zero: UInt8 { 0 }
  static func array(of elements: ONNXElements) -> [UInt8]? {
    if case .uint8(let array) = elements { array } else { nil }
  }
  static func elements(_ array: [UInt8]) -> ONNXElements { .uint8(array) }
}
