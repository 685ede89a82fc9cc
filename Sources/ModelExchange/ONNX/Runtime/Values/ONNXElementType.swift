/// The types of element that ONNX has and the runtime reads; raw values are the format's numbers.
public enum ONNXElementType: Int32, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  /// Half precision; values are held as ``float32``.
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  /// The upper half of ``float32``, as which values are held.
  case bfloat16 = 16

  /// Such as `float32`.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .uint8: "uint8"
    case .int8: "int8"
    case .uint16: "uint16"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .string: "string"
    case .bool: "bool"
    case .float16: "float16"
    case .float64: "float64"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .bfloat16: "bfloat16"
    }
  }

  /// Bytes of an element in a file; 0 for strings, which have none.
  var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    case .string: 0
    }
  }

  /// The type that values of this one are held as.
  public var held: ONNXElementType {
    switch self {
    case .float16, .bfloat16: .float32
    default: self
    }
  }

  var isInteger: Bool {
    switch self {
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .uint64: true
    default: false
    }
  }

  /// The name that the format has for a type that is not read.
  static func name(ofUnknown number: Int32) -> String {
    let names: [Int32: String] = [
      0: "undefined", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
      20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
    ]
    return names[number] ?? "number \(number)"
  }
}
