/// A text on its way to the model, and where in the original its bytes come from.
struct AlignedText {
  /// UTF-8.
  var bytes: [UInt8]
  /// For each byte the bytes of the original that it comes from; nil where byte i comes from byte `base` + i.
  private(set) var sources: [Range<Int32>]?
  /// Where the text begins in the original.
  private(set) var base: Int
  /// Bytes that it may become. Replacements one after the other can make a text any number of times as large.
  var sizeLimit: Int
  /// Whether it would have become larger than that, and has lost a part of itself.
  private(set) var isTooLarge = false

  /// Bytes of the original from a place on.
  init(_ bytes: [UInt8], base: Int) {
    self.bytes = bytes
    self.base = base
    sizeLimit = Self.sizeLimit(of: bytes.count)
  }

  /// Bytes that a text of some size may become: far more than any script needs, and places in it fit 32 bits.
  static func sizeLimit(of size: Int) -> Int { min(1 << 24 + 64 * size, Int(Int32.max)) }

  /// A part of another text.
  init(_ text: AlignedText, _ range: Range<Int>) {
    bytes = Array(text.bytes[range])
    sources = text.sources.map { Array($0[range]) }
    base = text.base + range.lowerBound
    (sizeLimit, isTooLarge) = (text.sizeLimit, text.isTooLarge)
  }

  /// A builder that the text becomes.
  func makeBuilder() -> AlignedTextBuilder { AlignedTextBuilder(capacity: bytes.count, limit: sizeLimit) }

  /// The bytes of the original that some bytes come from.
  func source(of range: Range<Int>) -> Range<Int> {
    guard let sources else { return base + range.lowerBound..<base + range.upperBound }
    guard !range.isEmpty else {
      let place =
        range.lowerBound < sources.count
        ? sources[range.lowerBound].lowerBound : sources.last?.upperBound ?? Int32(base)
      return Int(place)..<Int(place)
    }
    let start = Int(sources[range.lowerBound].lowerBound)
    return start..<max(start, Int(sources[range.upperBound - 1].upperBound))
  }

  /// The bytes of the original that a byte comes from.
  func source(at index: Int) -> Range<Int32> {
    sources?[index] ?? Int32(base + index)..<Int32(base + index + 1)
  }

  /// Replaces the text by another one with its own sources.
  mutating func replace(_ builder: consuming AlignedTextBuilder) {
    bytes = builder.bytes
    sources = builder.sources
    isTooLarge = isTooLarge || builder.isTooLarge
  }

  /// Calls `body` for each scalar with a builder that the text becomes.
  mutating func mapScalars(
    _ body: (_ scalar: UInt32, _ source: Range<Int32>, _ result: inout AlignedTextBuilder) -> Void
  ) {
    var builder = makeBuilder()
    bytes.withUnsafeBufferPointer { bytes in
      var index = 0
      while index < bytes.count {
        let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: index)
        let range = source(at: index).lowerBound..<source(at: index + size - 1).upperBound
        body(scalar, range, &builder)
        index += size
      }
    }
    replace(builder)
  }

  /// Puts a string before the text; it comes from the first scalar.
  mutating func prepend(_ string: String) {
    var range = Int32(clamping: base)..<Int32(clamping: base)
    if !bytes.isEmpty {
      let first = bytes.withUnsafeBufferPointer { UTF8Decoding.scalar(in: $0, at: 0).size }
      range = source(at: 0).lowerBound..<source(at: first - 1).upperBound
    }
    var builder = makeBuilder()
    builder.append(string.utf8, from: range)
    builder.append(self, 0..<bytes.count)
    replace(builder)
  }
}

/// A text with its sources in the making.
struct AlignedTextBuilder {
  private(set) var bytes: [UInt8] = []
  private(set) var sources: [Range<Int32>] = []
  private let limit: Int
  /// Whether something was left out because the text would be larger than it may be.
  private(set) var isTooLarge = false

  init(capacity: Int, limit: Int) {
    self.limit = limit
    bytes.reserveCapacity(capacity)
    sources.reserveCapacity(capacity)
  }

  mutating func append(_ text: some Collection<UInt8>, from source: Range<Int32>) {
    guard hasRoom(for: text.count) else { return }
    bytes += text
    sources.append(contentsOf: repeatElement(source, count: text.count))
  }

  mutating func append(_ scalar: UInt32, from source: Range<Int32>) {
    if scalar < 0x80 {
      guard hasRoom(for: 1) else { return }
      bytes.append(UInt8(scalar))
      sources.append(source)
    } else if let scalar = Unicode.Scalar(scalar) {
      append(UTF8.encode(scalar) ?? .init(), from: source)
    }
  }

  /// Appends a part of a text as it is.
  mutating func append(_ text: AlignedText, _ range: Range<Int>) {
    guard hasRoom(for: range.count) else { return }
    bytes += text.bytes[range]
    for index in range { sources.append(text.source(at: index)) }
  }

  private mutating func hasRoom(for count: Int) -> Bool {
    if count > limit - bytes.count { isTooLarge = true }
    return !isTooLarge
  }
}
