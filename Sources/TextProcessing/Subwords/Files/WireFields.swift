/// The fields of a message in Protocol Buffers' wire format, which is what a SentencePiece model is written in.
struct WireFields {
  enum Value {
    case number(UInt64)
    case bytes(Range<Int>)
    /// Of four bytes, little-endian.
    case fixed32(UInt32)
  }

  private let bytes: [UInt8]
  private var place: Int
  private let end: Int

  /// A message that fills a range of some bytes.
  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    place = range.lowerBound
    end = range.upperBound
  }

  /// The next field; nil at the end.
  ///
  /// - Throws: ``SubwordTokenizerError/invalid(part:reason:)`` where the bytes end too early or are no fields.
  mutating func next() throws(SubwordTokenizerError) -> (number: Int, value: Value)? {
    guard place < end else { return nil }
    let tag = try varint()
    let number = Int(truncatingIfNeeded: tag >> 3)
    switch tag & 7 {
    case 0: return (number, .number(try varint()))
    case 1:
      _ = try take(8)
      return (number, .number(0))
    case 2:
      let size = try varint()
      guard size <= UInt64(end - place) else { throw damaged }
      return (number, .bytes(try take(Int(size))))
    case 5:
      let range = try take(4)
      return (number, .fixed32((0..<4).reduce(0) { $0 | UInt32(bytes[range.lowerBound + $1]) << UInt32(8 * $1) }))
    default: throw damaged
    }
  }

  private var damaged: SubwordTokenizerError {
    .invalid(part: "SentencePiece model", reason: "damaged at byte \(place), or no such model")
  }

  private mutating func take(_ count: Int) throws(SubwordTokenizerError) -> Range<Int> {
    guard count <= end - place else { throw damaged }
    defer { place += count }
    return place..<place + count
  }

  private mutating func varint() throws(SubwordTokenizerError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard place < end else { throw damaged }
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw damaged
  }
}
