import VocabularyStore

/// Hashes of features that have no entry in a vocabulary. They decide which row of a file belongs to which n-gram, and
/// so must never change.
enum FeatureHash {
  private static let wordStep: UInt64 = 0x9E37_79B9_7F4A_7C15
  private static let finish: UInt64 = 0xC2B2_AE3D_27D4_EB4F

  /// A word's hash.
  @inline(__always)
  static func word(_ utf8: RawSpan) -> UInt64 { ByteHash.token(utf8) }

  /// The hash of an n-gram that is one word longer.
  @inline(__always)
  static func extend(_ ngram: UInt64, with word: UInt64) -> UInt64 {
    (ngram &* wordStep) ^ (word &+ ngram >> 29)
  }

  /// The bucket of a hash.
  @inline(__always)
  static func bucket(_ hash: UInt64, of count: Int) -> Int {
    var mixed = hash &* finish
    mixed ^= mixed >> 32
    mixed = mixed &* wordStep
    return Int(mixed.multipliedFullWidth(by: UInt64(count)).high)
  }

  /// Calls `body` with the hash of each n-gram of characters (Unicode scalars) of `<word>` that has as many of them as
  /// `lengths` says (Bojanowski et al. 2016, "Enriching Word Vectors with Subword Information"). The two marks alone are
  /// none.
  static func forEachCharacterNgram(
    of word: RawSpan, lengths: ClosedRange<Int>, _ body: (UInt64) -> Void
  ) {
    let size = word.byteCount
    /// The byte at a place of `<word>`.
    func byte(_ place: Int) -> UInt8 {
      if place == 0 { return UInt8(ascii: "<") }
      return place <= size ? word.unsafeLoad(fromByteOffset: place - 1, as: UInt8.self) : UInt8(ascii: ">")
    }
    func isContinuation(_ place: Int) -> Bool { byte(place) & 0xC0 == 0x80 }
    for start in 0..<size + 2 where !isContinuation(start) {
      // FNV-1a.
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      var (place, scalars) = (start, 0)
      while place < size + 2, scalars < lengths.upperBound {
        repeat {
          hash = (hash ^ UInt64(byte(place))) &* 0x100_0000_01B3
          place += 1
        } while place < size + 2 && isContinuation(place)
        scalars += 1
        let isMark = scalars == 1 && (start == 0 || place == size + 2)
        if scalars >= lengths.lowerBound, !isMark { body(hash) }
      }
    }
  }
}
