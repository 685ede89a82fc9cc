/// Where a text can be cut so that its words on each side are what they are in the whole.
///
/// ICU's rules only look forward from a boundary, so that a cut is safe at any boundary whose place does not depend on
/// what follows it: after a line feed, and between a space and an ASCII character other than a space. (Other characters
/// may attach to the space.)
enum Islands {
  /// An island goes on over ASCII stretches shorter than this: to begin another one costs as much.
  private static let shortestGap = 16
  /// Parts that are larger than this end at the next line feed.
  private static let partSize = 1 << 20
  private static let space = UInt8(ascii: " ")
  private static let lineFeed = UInt8(ascii: "\n")

  @inline(__always)
  private static func isSafe(_ position: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
    let before = text[position - 1]
    return before == lineFeed || (before == space && text[position] != space && text[position] < 0x80)
  }

  /// The last safe cut in an ASCII stretch, for an island around the byte that follows it.
  static func start(in text: UnsafeBufferPointer<UInt8>, from stretch: Int, before nonASCII: Int) -> Int {
    var position = nonASCII - 1
    while position > stretch, !isSafe(position, in: text) { position -= 1 }
    return max(position, stretch)
  }

  /// The first safe cut after an island that reaches to `nonASCII` at least, or the end of the text.
  static func end(in text: UnsafeBufferPointer<UInt8>, from nonASCII: Int, scanner: ByteScanner) -> Int {
    var position = nonASCII
    while position < text.count {
      if text[position] >= 0x80 {
        position += 1
        continue
      }
      let stretchEnd = scanner.firstNonASCII(in: text, from: position)
      let last = stretchEnd == text.count ? stretchEnd - 1 : stretchEnd - shortestGap
      var cut = position + 1
      while cut <= last, !isSafe(cut, in: text) { cut += 1 }
      if cut <= last { return cut }
      position = stretchEnd
    }
    return text.count
  }

  /// The first cut between two ASCII characters after an island that begins before `nonASCII`, where clusters are looked
  /// for: a prepended mark takes the character after it along, but never a second one. A CR LF stays whole.
  static func clusterEnd(in text: UnsafeBufferPointer<UInt8>, from nonASCII: Int, scanner: ByteScanner) -> Int {
    var position = nonASCII
    while position < text.count {
      if text[position] >= 0x80 {
        position += 1
        continue
      }
      let stretchEnd = scanner.firstNonASCII(in: text, from: position)
      let last = stretchEnd == text.count ? stretchEnd - 1 : stretchEnd - shortestGap
      var cut = position + 1
      if cut < stretchEnd, text[position] == 0x0D, text[cut] == 0x0A { cut += 1 }
      if cut <= last { return cut }
      position = stretchEnd
    }
    return text.count
  }

  /// The end of the first part of a long range.
  static func partEnd(in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, scanner: ByteScanner) -> Int {
    guard range.count > partSize else { return range.upperBound }
    let searched = UnsafeBufferPointer(rebasing: text[..<range.upperBound])
    let end = scanner.firstNewline(in: searched, from: range.lowerBound + partSize).map { $0 + 1 } ?? range.upperBound
    guard end - range.lowerBound > cicuLimit else { return end }
    // Half a gigabyte without a line feed: more than ICU can count, so that it is cut between any two scalars.
    var cut = range.lowerBound + cicuLimit
    while text[cut] & 0xC0 == 0x80 { cut -= 1 }
    return cut
  }
}
