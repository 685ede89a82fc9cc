/// What of a text has a row of its own: words, n-grams of words, n-grams of characters.
public struct FeatureOptions: Sendable, Hashable {
  /// Words that occur less often in the training texts have no row.
  public var minimumCount = 1
  /// Words of the longest n-gram; 1 for words alone.
  public var wordNgrams = 1
  /// Characters of the n-grams of a word between the marks `<` and `>`; nil for none.
  public var characterNgrams: ClosedRange<Int>?
  /// Numbers that an n-gram's hash may fall on. Two n-grams of the same number share a row. A number that does not occur
  /// in training costs one bit.
  public var bucketCount = 2_000_000
  /// N-grams (that is, buckets) that occur less often in the training texts have no row.
  public var minimumNgramCount = 1

  /// Words alone.
  public init() {}

  /// Why there can be no such features; nil when there can.
  var fault: String? {
    if minimumCount < 1 || minimumNgramCount < 1 { return "a minimum count is below 1" }
    if minimumNgramCount > 255 { return "a minimum count of n-grams above 255" }
    if !(1...16).contains(wordNgrams) { return "n-grams of \(wordNgrams) words; 1 to 16 are possible" }
    if let lengths = characterNgrams, lengths.lowerBound < 1 || lengths.upperBound > 64 {
      return "n-grams of \(lengths.lowerBound) to \(lengths.upperBound) characters; 1 to 64 are possible"
    }
    if usesBuckets, !(1...1 << 30).contains(bucketCount) { return "\(bucketCount) buckets; 1 to 2³⁰ are possible" }
    return nil
  }

  /// Whether anything is hashed.
  var usesBuckets: Bool { wordNgrams > 1 || characterNgrams != nil }
}

extension FeatureOptions: Codable {
  private enum CodingKeys: String, CodingKey {
    case minimumCount = "minimum_count"
    case wordNgrams = "word_ngrams"
    case shortestCharacterNgram = "shortest_character_ngram"
    case longestCharacterNgram = "longest_character_ngram"
    case bucketCount = "bucket_count"
    case minimumNgramCount = "minimum_ngram_count"
  }

  /// Reads what is there; the rest has its default.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    minimumCount = try values.decodeIfPresent(Int.self, forKey: .minimumCount) ?? minimumCount
    wordNgrams = try values.decodeIfPresent(Int.self, forKey: .wordNgrams) ?? wordNgrams
    let shortest = try values.decodeIfPresent(Int.self, forKey: .shortestCharacterNgram)
    let longest = try values.decodeIfPresent(Int.self, forKey: .longestCharacterNgram)
    if let shortest, let longest {
      guard shortest <= longest else {
        throw DecodingError.dataCorruptedError(
          forKey: .longestCharacterNgram, in: values, debugDescription: "\(longest) is below \(shortest)")
      }
      characterNgrams = shortest...longest
    }
    bucketCount = try values.decodeIfPresent(Int.self, forKey: .bucketCount) ?? bucketCount
    minimumNgramCount = try values.decodeIfPresent(Int.self, forKey: .minimumNgramCount) ?? minimumNgramCount
  }

  /// Writes all values.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(minimumCount, forKey: .minimumCount)
    try values.encode(wordNgrams, forKey: .wordNgrams)
    try values.encodeIfPresent(characterNgrams?.lowerBound, forKey: .shortestCharacterNgram)
    try values.encodeIfPresent(characterNgrams?.upperBound, forKey: .longestCharacterNgram)
    try values.encode(bucketCount, forKey: .bucketCount)
    try values.encode(minimumNgramCount, forKey: .minimumNgramCount)
  }
}
