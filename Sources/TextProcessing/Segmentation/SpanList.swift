import CTextKernels

/// The segments of a text, in memory that is kept from text to text. Belongs to one thread.
///
/// The memory is plain and not an array: tokens are read one by one, and an array in an object costs an access check for
/// each.
final class SpanList {
  /// Set in the tag of a segment that holds more than ASCII. The low bits are its kind.
  static let nonASCII: UInt8 = 0x80
  /// Room that the ASCII scanner finds when it is called: several blocks of the densest text.
  private static let scanRoom = 4 * Int(ASCII_WORD_SCAN_ROOM)

  private var storage = UnsafeMutableBufferPointer<text_span>(start: nil, count: 0)
  private(set) var count = 0
  /// The kinds that are kept, one bit each.
  private let keptKinds: UInt32

  init(skipping skippedKinds: Set<TokenKind>) {
    keptKinds = skippedKinds.reduce(~0) { $0 & ~$1.bit }
  }

  deinit {
    storage.deallocate()
  }

  func removeAll() {
    count = 0
  }

  /// Appends a segment if its kind is kept.
  @inline(__always)
  func append(_ start: Int, _ end: Int, _ kind: TokenKind, nonASCII: Bool) {
    guard keptKinds & kind.bit != 0 else { return }
    if count == storage.count { grow(by: 1) }
    let tag = kind.rawValue | (nonASCII ? Self.nonASCII : 0)
    storage[count] = text_span(start: Int64(start), end_and_tag: Int64(end) << 8 | Int64(tag))
    count += 1
  }

  /// Keeps the segments that `isKept` says of.
  func keep(where isKept: (Int) -> Bool) {
    var kept = 0
    for index in 0..<count where isKept(index) {
      storage[kept] = storage[index]
      kept += 1
    }
    count = kept
  }

  /// Appends the words of ASCII bytes.
  func appendASCIIWords(
    of bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>, rules: ASCIIWordRules, scanner: ByteScanner
  ) {
    guard let base = bytes.baseAddress else { return }
    var position = range.lowerBound
    while position < range.upperBound {
      if storage.count - count < Self.scanRoom { grow(by: Self.scanRoom) }
      guard let spans = storage.baseAddress else { return }
      var buffer = text_span_buffer(spans: spans, count: count, capacity: storage.count)
      position = scanner.kernels.pointee.ascii_words(
        rules.classes, base, position, range.upperBound, keptKinds, &buffer)
      count = buffer.count
    }
  }

  private func grow(by least: Int) {
    let grown = UnsafeMutableBufferPointer<text_span>.allocate(capacity: max(count + least, 2 * count, 512))
    _ = grown.update(fromContentsOf: storage[..<count])
    storage.deallocate()
    storage = grown
  }

  func range(at index: Int) -> Range<Int> {
    let span = span(at: index)
    return Range(uncheckedBounds: (Int(span.start), Int(span.end_and_tag >> 8)))
  }

  func kind(at index: Int) -> TokenKind {
    TokenKind(rawValue: UInt8(truncatingIfNeeded: span(at: index).end_and_tag) & 15) ?? .other
  }

  func isNonASCII(at index: Int) -> Bool {
    UInt8(truncatingIfNeeded: span(at: index).end_and_tag) & Self.nonASCII != 0
  }

  @inline(__always)
  private func span(at index: Int) -> text_span {
    precondition(index >= 0 && index < count, "no token at this index")
    return storage[index]
  }
}
