/// The words of GPT-2's byte-pair encoding, without a regular expression. They are those of
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// which leave no byte out.
enum GPT2Words {
  /// Calls `body` with each word of a range.
  @inline(__always)
  static func forEach(
    in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ classes: UnsafeBufferPointer<UInt8>,
    _ body: (Range<Int>) -> Void
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = wordEnd(text, start, range.upperBound, classes)
      body(start..<end)
      start = end
    }
  }

  /// What a scalar is for the pattern.
  private static let space = ScalarClasses.whiteSpace.rawValue
  private static let letterNumberSpace: UInt8 =
    ScalarClasses.letter.rawValue | ScalarClasses.number.rawValue | ScalarClasses.whiteSpace.rawValue

  @inline(__always)
  private static func wordEnd(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, _ classes: UnsafeBufferPointer<UInt8>
  ) -> Int {
    var index = start
    if text[index] == UInt8(ascii: "'"), let end = contractionEnd(text, start, limit) { return end }
    if text[index] == 0x20, index + 1 < limit { index += 1 }
    var (scalar, size) = UTF8Decoding.scalar(in: text, at: index)
    let kind = classes[Int(scalar)] & letterNumberSpace
    if kind & space == 0 {
      // A run of one kind: letters, numbers, or neither.
      repeat {
        index += size
        guard index < limit else { return limit }
        (scalar, size) = UTF8Decoding.scalar(in: text, at: index)
      } while classes[Int(scalar)] & letterNumberSpace == kind
      return index
    }
    // White space: all of it at the end of the text, otherwise without the last one, which begins the next word.
    index = start
    var last = start
    while index < limit {
      let (scalar, size) = UTF8Decoding.scalar(in: text, at: index)
      guard classes[Int(scalar)] & space != 0 else { return last > start ? last : index }
      last = index
      index += size
    }
    return limit
  }

  private static func contractionEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int) -> Int? {
    guard start + 1 < limit else { return nil }
    switch text[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 2 < limit && text[start + 2] == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"):
      return start + 2 < limit && text[start + 2] == UInt8(ascii: "l") ? start + 3 : nil
    default: return nil
    }
  }
}
