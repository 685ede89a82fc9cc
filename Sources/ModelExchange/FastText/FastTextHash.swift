/// The hash that fastText gives words and parts of words: FNV-1a with 32 bits, but of each byte as a signed number that is
/// widened, so that a byte of 128 or more turns over all upper bits.
enum FastTextHash {
  static let start: UInt32 = 2_166_136_261

  @inline(__always)
  static func extend(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
    (hash ^ UInt32(bitPattern: Int32(Int8(bitPattern: byte)))) &* 16_777_619
  }

  /// The hash of an n-gram of words that is one word longer. Words' hashes are widened as signed numbers.
  @inline(__always)
  static func extend(ngram: UInt64, with word: Int32) -> UInt64 {
    ngram &* 116_049_371 &+ UInt64(bitPattern: Int64(word))
  }

  /// Whether a byte is not the first of a character.
  @inline(__always)
  static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  /// Calls `body` with the hash of each n-gram of characters of a word that stands between `<` and `>` already. The two
  /// marks alone are none.
  @inline(__always)
  static func forEachCharacterNgram(
    of word: UnsafeBufferPointer<UInt8>, lengths: ClosedRange<Int>, _ body: (UInt32) -> Void
  ) {
    let count = word.count
    for start in 0..<count where !isContinuation(word[start]) {
      var hash = Self.start
      var (place, length) = (start, 1)
      while place < count, length <= lengths.upperBound {
        repeat {
          hash = extend(hash, word[place])
          place += 1
        } while place < count && isContinuation(word[place])
        let isMark = length == 1 && (start == 0 || place == count)
        if length >= lengths.lowerBound, !isMark { body(hash) }
        length += 1
      }
    }
  }
}
