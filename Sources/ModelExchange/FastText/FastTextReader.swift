import ModelFiles

/// Reads the fields of a model file of fastText in their order. Numbers are little-endian; every field has a name that
/// errors tell.
struct FastTextReader {
  let file: MappedFile
  let path: String
  /// Where the next field begins.
  private(set) var position = 0

  init(_ file: MappedFile, path: String) { (self.file, self.path) = (file, path) }

  /// Bytes behind the position.
  var remaining: Int { file.count - position }

  func malformed(_ field: String, _ reason: String) -> ExchangeError {
    .malformed(path: path, field: field, reason: reason)
  }

  mutating func int32(_ field: String) throws(ExchangeError) -> Int {
    Int(Int32(littleEndian: try load(field, 4, Int32.self)))
  }

  mutating func int64(_ field: String) throws(ExchangeError) -> Int {
    Int(Int64(littleEndian: try load(field, 8, Int64.self)))
  }

  mutating func float64(_ field: String) throws(ExchangeError) -> Double {
    Double(bitPattern: UInt64(littleEndian: try load(field, 8, UInt64.self)))
  }

  mutating func flag(_ field: String) throws(ExchangeError) -> Bool {
    switch try load(field, 1, UInt8.self) {
    case 0: false
    case 1: true
    case let byte: throw malformed(field, "it is \(byte), neither 0 nor 1")
    }
  }

  /// A number that must be one of a range.
  mutating func int32(_ field: String, in range: ClosedRange<Int>) throws(ExchangeError) -> Int {
    let value = try int32(field)
    guard range.contains(value) else { throw malformed(field, Self.outside(value, range)) }
    return value
  }

  mutating func int64(_ field: String, in range: ClosedRange<Int>) throws(ExchangeError) -> Int {
    let value = try int64(field)
    guard range.contains(value) else { throw malformed(field, Self.outside(value, range)) }
    return value
  }

  private static func outside(_ value: Int, _ range: ClosedRange<Int>) -> String {
    range.upperBound >= Int(Int32.max)
      ? "it is \(value), at least \(range.lowerBound) is wanted"
      : "it is \(value), \(range.lowerBound) to \(range.upperBound) are possible"
  }

  /// The next `count` elements of `size` bytes, which the file must have.
  mutating func block(_ field: String, count: Int, size: Int) throws(ExchangeError) -> Range<Int> {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard count >= 0, !overflow, bytes <= remaining else {
      throw malformed(field, "\(count) elements of \(size) bytes are wanted, \(remaining) bytes are left of the file")
    }
    defer { position += bytes }
    return position..<position + bytes
  }

  /// `count` floats, copied out of the file.
  mutating func floats(_ field: String, count: Int) throws(ExchangeError) -> [Float] {
    let range = try block(field, count: count, size: 4)
    return file.withBytes(range) { bytes in
      (0..<count).map {
        Float(bitPattern: UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
  }

  /// Moves the position behind what was read by other means.
  mutating func move(to position: Int) { self.position = min(position, file.count) }

  private mutating func load<T: BitwiseCopyable>(
    _ field: String, _ size: Int, _ type: T.Type
  ) throws(ExchangeError) -> T {
    guard remaining >= size else { throw malformed(field, "the file ends before it, after \(file.count) bytes") }
    defer { position += size }
    return file.withBytes(position..<position + size) { $0.unsafeLoadUnaligned(as: type) }
  }
}
