/// Bytes that should be UTF-8 and are not.
public struct InvalidUTF8: Error, Equatable, CustomStringConvertible {
  /// Offset of the first byte of the first ill-formed sequence.
  public let offset: Int

  /// Makes the error for an ill-formed sequence that begins at `offset`.
  public init(offset: Int) {
    self.offset = offset
  }

  /// The error in words.
  public var description: String { "invalid UTF-8 at byte \(offset)" }
}

/// Questions about bytes that are meant to be UTF-8, answered by vector scanners.
public enum UTF8Validation {
  /// Offset of the first byte of the first ill-formed sequence, or nil when all is well-formed UTF-8.
  public static func firstInvalidOffset(in bytes: Span<UInt8>) -> Int? {
    bytes.withUnsafeBufferPointer { ByteScanner.best.firstInvalidUTF8(in: $0) }
  }

  /// Throws when the bytes are not well-formed UTF-8.
  public static func validate(_ bytes: Span<UInt8>) throws(InvalidUTF8) {
    if let offset = firstInvalidOffset(in: bytes) { throw InvalidUTF8(offset: offset) }
  }
}

/// The byte order mark U+FEFF in UTF-8.
enum ByteOrderMark {
  static let size = 3

  /// Whether the bytes begin with one.
  static func begins(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.count >= size && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
  }
}
