import FoundationEssentials
import Tensors

extension ONNXValue {
  /// The tensor of a message. Its sizes are checked against the bytes that are there before memory is taken for it.
  init(reading message: ONNXTensor, _ external: inout ExternalData) throws(OperatorFault) {
    guard let type = ONNXElementType(rawValue: message.dataType) else {
      throw .unsupported("data_type \(ONNXElementType.name(ofUnknown: message.dataType))")
    }
    var shape: [Int] = []
    guard message.dims.count <= 64 else { throw .wrong("dims: \(message.dims.count) dimensions; there may be 64") }
    for extent in message.dims {
      guard extent >= 0 else { throw .wrong("dims: \(extent) is negative") }
      shape.append(Int(extent))
    }
    let count: Int
    do throws(OperatorFault) {
      count = try ValueLimit.count(shape, size: 0)
    } catch {
      throw .wrong("dims: \(shape) is too large")
    }
    if message.dataLocation == .external {
      guard type != .string else { throw .wrong("external_data of strings") }
      self = try external.bytes(message.externalData) { (bytes) throws(OperatorFault) in
        try ONNXValue(raw: bytes, type, shape: shape, count: count, "external_data")
      }
    } else if message.hasRawData {
      guard type != .string else { throw .wrong("raw_data of strings") }
      let result: Result<ONNXValue, OperatorFault> = message.rawData.withUnsafeBytes { bytes in
        do throws(OperatorFault) {
          return .success(try ONNXValue(raw: bytes, type, shape: shape, count: count, "raw_data"))
        } catch {
          return .failure(error)
        }
      }
      self = try result.get()
    } else {
      self = try ONNXValue(typed: message, type, shape: shape, count: count)
    }
  }

  /// Numbers as they lie in a file, little-endian.
  init(
    raw bytes: UnsafeRawBufferPointer, _ type: ONNXElementType, shape: [Int], count: Int, _ field: String
  ) throws(OperatorFault) {
    guard type.size > 0, bytes.count / type.size == count, bytes.count % type.size == 0 else {
      throw .wrong("\(field): \(bytes.count) bytes for \(count) elements of \(type) of the shape \(shape)")
    }
    func integers<I: FixedWidthInteger & ONNXElement>(_: I.Type) -> ONNXValue {
      let array = (0..<count).map {
        I(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<I>.size, as: I.self))
      }
      return ONNXValue(array: array, shape: shape)
    }
    func floats<I: FixedWidthInteger>(_: I.Type, _ convert: (I) -> Float) -> ONNXValue {
      var tensor = Tensor(uninitialized: shape)
      tensor.withUnsafeMutableElements { to in
        for index in 0..<count {
          to[index] = convert(
            I(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<I>.size, as: I.self)))
        }
      }
      return ONNXValue(tensor)
    }
    switch type {
    case .float32:
      // Every machine that this runs on is little-endian: the numbers lie as they are used.
      var tensor = Tensor(uninitialized: shape)
      tensor.withUnsafeMutableElements { UnsafeMutableRawBufferPointer($0).copyMemory(from: bytes) }
      self.init(tensor)
    case .float16: self = floats(UInt16.self) { Float(halfBits: $0) }
    case .bfloat16: self = floats(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .float64:
      let array = (0..<count).map {
        Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)))
      }
      self.init(array: array, shape: shape)
    case .int64: self = integers(Int64.self)
    case .int32: self = integers(Int32.self)
    case .int16: self = integers(Int16.self)
    case .int8: self = integers(Int8.self)
    case .uint64: self = integers(UInt64.self)
    case .uint32: self = integers(UInt32.self)
    case .uint16: self = integers(UInt16.self)
    case .uint8: self = integers(UInt8.self)
    case .bool: self.init(array: bytes.map { $0 != 0 }, shape: shape)
    case .string: throw .wrong("\(field) of strings")
    }
  }

  /// Numbers in the field that a message has for their type.
  private init(typed message: ONNXTensor, _ type: ONNXElementType, shape: [Int], count: Int) throws(OperatorFault) {
    func check(_ found: Int, _ field: String) throws(OperatorFault) {
      guard found == count else { throw .wrong("\(field): \(found) elements for the shape \(shape)") }
    }
    switch type {
    case .float32:
      try check(message.floatData.count, "float_data")
      self.init(Tensor(message.floatData, shape: shape))
    case .float64:
      try check(message.doubleData.count, "double_data")
      self.init(array: message.doubleData, shape: shape)
    case .int64:
      try check(message.int64Data.count, "int64_data")
      self.init(array: message.int64Data, shape: shape)
    case .uint64:
      try check(message.uint64Data.count, "uint64_data")
      self.init(array: message.uint64Data, shape: shape)
    case .uint32:
      try check(message.uint64Data.count, "uint64_data")
      self.init(array: message.uint64Data.map { UInt32(truncatingIfNeeded: $0) }, shape: shape)
    case .string:
      try check(message.stringData.count, "string_data")
      self.init(array: message.stringData.map { String(decoding: $0, as: UTF8.self) }, shape: shape)
    default:
      let data = message.int32Data
      try check(data.count, "int32_data")
      switch type {
      case .int16: self.init(array: data.map { Int16(truncatingIfNeeded: $0) }, shape: shape)
      case .int8: self.init(array: data.map { Int8(truncatingIfNeeded: $0) }, shape: shape)
      case .uint16: self.init(array: data.map { UInt16(truncatingIfNeeded: $0) }, shape: shape)
      case .uint8: self.init(array: data.map { UInt8(truncatingIfNeeded: $0) }, shape: shape)
      case .bool: self.init(array: data.map { $0 != 0 }, shape: shape)
      case .float16:
        self.init(Tensor(data.map { Float(halfBits: UInt16(truncatingIfNeeded: $0)) }, shape: shape))
      case .bfloat16:
        self.init(Tensor(data.map { Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: $0)) << 16) }, shape: shape))
      default: self.init(array: data, shape: shape)
      }
    }
  }
}
