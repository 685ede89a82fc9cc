/// A text, or a pair of texts, as tokens. All arrays have an element for each token.
public struct SubwordEncoding: Sendable, Hashable {
  /// Numbers of the tokens.
  public internal(set) var ids: [Int32] = []
  /// The tokens as the vocabulary spells them; added tokens, and what a unigram model does not know, as the text does.
  public internal(set) var tokens: [String] = []
  /// What tells the two texts of a pair apart for a model, mostly 0 and 1.
  public internal(set) var typeIDs: [Int32] = []
  /// UTF-8 bytes of the text as it was given that the token comes from; empty at 0 for tokens that no text has.
  public internal(set) var ranges: [Range<Int>] = []
  /// Which word of its text a token is of, words as the pre-tokenizer cuts them; nil for tokens that no text has.
  public internal(set) var wordIDs: [Int?] = []
  /// Which text a token is of, 0 or 1; nil for tokens that no text has.
  public internal(set) var sequenceIDs: [Int?] = []
  /// Whether a token was put in by the template or as padding.
  public internal(set) var specialTokensMask: [Bool] = []
  /// Whether a token is no padding.
  public internal(set) var attentionMask: [Bool] = []
  /// What truncation cut off, in encodings of the same form.
  public internal(set) var overflowing: [SubwordEncoding] = []

  /// No tokens.
  public init() {}

  /// Tokens.
  public var count: Int { ids.count }

  mutating func append(
    id: Int32, token: String, typeID: Int32, range: Range<Int>, wordID: Int?, sequenceID: Int?, isSpecial: Bool,
    isAttended: Bool = true
  ) {
    ids.append(id)
    tokens.append(token)
    typeIDs.append(typeID)
    ranges.append(range)
    wordIDs.append(wordID)
    sequenceIDs.append(sequenceID)
    specialTokensMask.append(isSpecial)
    attentionMask.append(isAttended)
  }

  /// Some of the tokens, without what overflows.
  subscript(range: Range<Int>) -> SubwordEncoding {
    var part = SubwordEncoding()
    part.ids = Array(ids[range])
    part.tokens = Array(tokens[range])
    part.typeIDs = Array(typeIDs[range])
    part.ranges = Array(ranges[range])
    part.wordIDs = Array(wordIDs[range])
    part.sequenceIDs = Array(sequenceIDs[range])
    part.specialTokensMask = Array(specialTokensMask[range])
    part.attentionMask = Array(attentionMask[range])
    return part
  }

  /// Appends another encoding. Each of our overflowing parts goes with the other encoding and with each of its own.
  mutating func append(_ other: SubwordEncoding) {
    var parts: [SubwordEncoding] = []
    for own in overflowing {
      for their in [other.withoutOverflow] + other.overflowing {
        var part = own
        part.append(their)
        parts.append(part)
      }
    }
    for their in other.overflowing {
      var part = withoutOverflow
      part.append(their)
      parts.append(part)
    }
    ids += other.ids
    tokens += other.tokens
    typeIDs += other.typeIDs
    ranges += other.ranges
    wordIDs += other.wordIDs
    sequenceIDs += other.sequenceIDs
    specialTokensMask += other.specialTokensMask
    attentionMask += other.attentionMask
    overflowing = parts
  }

  private var withoutOverflow: SubwordEncoding {
    var copy = self
    copy.overflowing = []
    return copy
  }

  /// Gives all tokens, and those that overflow, a type.
  mutating func setType(_ typeID: Int32) {
    typeIDs = [Int32](repeating: typeID, count: count)
    for index in overflowing.indices { overflowing[index].setType(typeID) }
  }
}
