import ModelFiles
import Tensors

/// Arrays in NumPy's file format `.npy`, versions 1 to 3, little-endian, in C's or Fortran's order
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
public enum NumPyArrays {
  /// Reads a file. Its sizes are checked against the bytes that are there before memory is taken for it.
  ///
  /// - Throws: ``ExchangeError/file(_:)``, ``ExchangeError/malformed(path:field:reason:)``,
  ///   ``ExchangeError/unsupported(path:what:)`` for elements that are none of numbers or truths.
  public static func read(_ path: String) throws(ExchangeError) -> ONNXValue {
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path) } catch { throw .file(error) }
    defer { withExtendedLifetime(file) {} }
    return try read(file.bytes(0..<file.count), path: path)
  }

  /// Reads what a file would hold; errors call it `name`.
  ///
  /// - Throws: what ``read(_:)`` throws but for files.
  public static func read(bytes: [UInt8], name: String = "array") throws(ExchangeError) -> ONNXValue {
    let result: Result<ONNXValue, ExchangeError> = bytes.withUnsafeBytes { bytes in
      do throws(ExchangeError) { return .success(try read(bytes, path: name)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws(ExchangeError) -> ONNXValue {
    let header = try Header(bytes, path: path)
    let data = UnsafeRawBufferPointer(rebasing: bytes[header.dataStart...])
    do throws(OperatorFault) {
      let count = try ValueLimit.count(header.shape, size: 0)
      guard data.count / header.type.size == count, data.count % header.type.size == 0 else {
        throw .wrong("\(data.count) bytes for \(count) elements of \(header.type) of the shape \(header.shape)")
      }
      guard header.isFortranOrder else {
        return try ONNXValue(raw: data, header.type, shape: header.shape, count: count, "the array")
      }
      let turned = Array(header.shape.reversed())
      let value = try ONNXValue(raw: data, header.type, shape: turned, count: count, "the array")
      return try value.transposed(Array((0..<turned.count).reversed())).plain
    } catch {
      throw error.located(path: path, "the array")
    }
  }

  /// What stands before the numbers.
  private struct Header {
    let type: ONNXElementType
    let isFortranOrder: Bool
    let shape: [Int]
    let dataStart: Int

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ExchangeError) {
      func malformed(_ reason: String) -> ExchangeError { .malformed(path: path, field: "the header", reason: reason) }
      let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
      guard bytes.count >= 10, bytes.prefix(6).elementsEqual(magic) else { throw malformed("this is no .npy file") }
      let version = bytes[6]
      guard (1...3).contains(version) else { throw malformed("version \(version); versions 1 to 3 are read") }
      let lengthSize = version == 1 ? 2 : 4
      guard bytes.count >= 8 + lengthSize else { throw malformed("it is cut short") }
      let length = (0..<lengthSize).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
      let start = 8 + lengthSize
      guard length <= bytes.count - start, length <= 1 << 16 else {
        throw malformed("it would have \(length) bytes of \(bytes.count)")
      }
      dataStart = start + length
      var literal = DictionaryLiteral(Array(bytes[start..<dataStart]))
      guard let parts = literal.parse() else {
        throw malformed("it is no dictionary of descr, fortran_order and shape")
      }
      guard let type = Self.types[parts.type] else {
        throw ExchangeError.unsuitable(
          path: path,
          reason: "numbers of the type \(shown(parts.type)); save it as one of NumPy's numbers or bool, little-endian")
      }
      guard parts.shape.count <= 64 else { throw malformed("\(parts.shape.count) dimensions") }
      (self.type, isFortranOrder, shape) = (type, parts.isFortranOrder, parts.shape)
    }

    private static let types: [String: ONNXElementType] = [
      "<f4": .float32, "<f8": .float64, "<f2": .float16, "<i8": .int64, "<i4": .int32, "<i2": .int16, "|i1": .int8,
      "<i1": .int8, "<u8": .uint64, "<u4": .uint32, "<u2": .uint16, "|u1": .uint8, "<u1": .uint8, "|b1": .bool,
      "<b1": .bool, "=f4": .float32, "=f8": .float64, "=i8": .int64, "=i4": .int32,
    ]
  }

  /// The bytes of a file, version 1.
  public static func bytes(_ value: ONNXValue) throws(ExchangeError) -> [UInt8] {
    let names: [ONNXElementType: String] = [
      .float32: "<f4", .float64: "<f8", .int64: "<i8", .int32: "<i4", .int16: "<i2", .int8: "|i1", .uint64: "<u8",
      .uint32: "<u4", .uint16: "<u2", .uint8: "|u1", .bool: "|b1",
    ]
    guard let name = names[value.type] else {
      throw .inexpressible(format: ".npy", reason: "it has elements of the type \(value.type)")
    }
    let extents = value.shape.map { "\($0)," }.joined(separator: " ")
    var header = Array("{'descr': '\(name)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    // Numbers begin at a multiple of 64.
    while (10 + header.count) % 64 != 63 { header.append(UInt8(ascii: " ")) }
    header.append(UInt8(ascii: "\n"))
    var bytes: [UInt8] = [
      0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(header.count & 255), UInt8(header.count >> 8),
    ]
    bytes += header
    struct Copy: ElementVisitor {
      func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(elements))
      }
    }
    guard let numbers = try? value.plain.elements.accept(Copy()) else { return bytes }
    return bytes + numbers
  }

  /// Writes a file, whole or not at all.
  public static func write(_ value: ONNXValue, to path: String) throws(ExchangeError) {
    let bytes = try bytes(value)
    do throws(FileError) { try writeAtomically(bytes, to: path) } catch { throw .file(error) }
  }
}

/// The literal of a Python dictionary that a header is, as far as headers go.
private struct DictionaryLiteral {
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func parse() -> (type: String, isFortranOrder: Bool, shape: [Int])? {
    var (type, order, shape): (String?, Bool?, [Int]?) = (nil, nil, nil)
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = text(), take(":") else { return nil }
      switch key {
      case "descr":
        guard let value = text() else { return nil }
        type = value
      case "fortran_order":
        if word("True") { order = true } else if word("False") { order = false } else { return nil }
      case "shape":
        guard let extents = extents() else { return nil }
        shape = extents
      default: return nil
      }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    guard let type, let order, let shape else { return nil }
    return (type, order, shape)
  }

  private mutating func skipSpace() {
    while place < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard place < bytes.count, UInt32(bytes[place]) == character.value else { return false }
    place += 1
    return true
  }

  private mutating func word(_ word: String) -> Bool {
    skipSpace()
    guard bytes[place...].starts(with: word.utf8) else { return false }
    place += word.utf8.count
    return true
  }

  private mutating func text() -> String? {
    skipSpace()
    guard place < bytes.count, bytes[place] == 0x27 || bytes[place] == 0x22 else { return nil }
    let quote = bytes[place]
    guard let end = bytes[(place + 1)...].firstIndex(of: quote) else { return nil }
    defer { place = end + 1 }
    return String(decoding: bytes[(place + 1)..<end], as: UTF8.self)
  }

  private mutating func extents() -> [Int]? {
    guard take("(") else { return nil }
    var extents: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = bytes[place...].prefix { (0x30...0x39).contains($0) }
      guard !digits.isEmpty, let extent = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      extents.append(extent)
      place = digits.endIndex
      // Python 2 wrote 3L.
      if place < bytes.count, bytes[place] == 0x4C { place += 1 }
      if !take(",") {
        guard take(")") else { return nil }
        break
      }
    }
    return extents
  }
}
