/// What predicts what when word vectors are trained (Mikolov et al. 2013, "Efficient Estimation of Word Representations in
/// Vector Space").
public enum WordVectorModel: String, Sendable, Codable, CaseIterable {
  /// A word predicts each of its neighbours.
  case skipGram = "skip-gram"
  /// The mean of its neighbours predicts a word.
  case continuousBag = "continuous-bag"
}

/// How word vectors are trained; the defaults are fastText's.
public struct WordVectorOptions: Sendable, Hashable {
  /// What predicts what.
  public var model = WordVectorModel.skipGram
  /// D, the numbers of a vector.
  public var dimensions = 100
  /// Words that occur less often have no vector of their own.
  public var minimumCount = 5
  /// Characters of the n-grams whose rows a word's vector is the mean of, its own row included (Bojanowski et al. 2016);
  /// nil for whole words.
  public var characterNgrams: ClosedRange<Int>? = 3...6
  /// Numbers that an n-gram's hash may fall on.
  public var bucketCount = 2_000_000
  /// Words on each side that are neighbours, at most; each position draws its own number of 1 to so many.
  public var window = 5
  /// Words drawn against each neighbour.
  public var negatives = 5
  /// Frequency from which on occurrences of a word are left out at random, the more the more frequent it is.
  public var subsampling = 1e-4
  /// The first step's learning rate, which falls linearly to zero.
  public var learningRate: Float = 0.05
  /// Passes over the text.
  public var epochs = 5
  /// Seed of all that is random.
  public var seed: UInt64 = 1

  /// The defaults.
  public init() {}

  /// The features of a word.
  var features: FeatureOptions {
    var features = FeatureOptions()
    features.minimumCount = minimumCount
    features.characterNgrams = characterNgrams
    features.bucketCount = bucketCount
    return features
  }

  /// Why there can be no such training; nil when there can.
  var fault: String? {
    if let fault = features.fault { return fault }
    if !(1...4096).contains(dimensions) { return "\(dimensions) dimensions; 1 to 4096 are possible" }
    if !(1...1_000_000).contains(epochs) { return "\(epochs) epochs; at least 1 is needed" }
    if !(1...1000).contains(window) { return "a window of \(window) words; 1 to 1000 are possible" }
    if !(1...1000).contains(negatives) { return "\(negatives) negatives; 1 to 1000 are possible" }
    if !(learningRate > 0 && learningRate.isFinite) { return "a learning rate of \(learningRate); it must be above 0" }
    if !(subsampling > 0 && subsampling.isFinite) {
      return "a subsampling of \(subsampling); it must be above 0, and 1 for none"
    }
    return nil
  }
}

extension WordVectorOptions: Codable {
  private enum CodingKeys: String, CodingKey {
    case model, dimensions
    case minimumCount = "minimum_count"
    case shortestCharacterNgram = "shortest_character_ngram"
    case longestCharacterNgram = "longest_character_ngram"
    case bucketCount = "bucket_count"
    case window, negatives, subsampling
    case learningRate = "learning_rate"
    case epochs, seed
  }

  /// Reads what is there; the rest has its default, but n-grams that are not named are none.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    model = try values.decodeIfPresent(WordVectorModel.self, forKey: .model) ?? model
    dimensions = try values.decodeIfPresent(Int.self, forKey: .dimensions) ?? dimensions
    minimumCount = try values.decodeIfPresent(Int.self, forKey: .minimumCount) ?? minimumCount
    let shortest = try values.decodeIfPresent(Int.self, forKey: .shortestCharacterNgram)
    let longest = try values.decodeIfPresent(Int.self, forKey: .longestCharacterNgram)
    characterNgrams = nil
    if let shortest, let longest {
      guard shortest <= longest else {
        throw DecodingError.dataCorruptedError(
          forKey: .longestCharacterNgram, in: values, debugDescription: "\(longest) is below \(shortest)")
      }
      characterNgrams = shortest...longest
    }
    bucketCount = try values.decodeIfPresent(Int.self, forKey: .bucketCount) ?? bucketCount
    window = try values.decodeIfPresent(Int.self, forKey: .window) ?? window
    negatives = try values.decodeIfPresent(Int.self, forKey: .negatives) ?? negatives
    subsampling = try values.decodeIfPresent(Double.self, forKey: .subsampling) ?? subsampling
    learningRate = try values.decodeIfPresent(Float.self, forKey: .learningRate) ?? learningRate
    epochs = try values.decodeIfPresent(Int.self, forKey: .epochs) ?? epochs
    seed = try values.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
  }

  /// Writes all values.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(model, forKey: .model)
    try values.encode(dimensions, forKey: .dimensions)
    try values.encode(minimumCount, forKey: .minimumCount)
    try values.encodeIfPresent(characterNgrams?.lowerBound, forKey: .shortestCharacterNgram)
    try values.encodeIfPresent(characterNgrams?.upperBound, forKey: .longestCharacterNgram)
    try values.encode(bucketCount, forKey: .bucketCount)
    try values.encode(window, forKey: .window)
    try values.encode(negatives, forKey: .negatives)
    try values.encode(subsampling, forKey: .subsampling)
    try values.encode(learningRate, forKey: .learningRate)
    try values.encode(epochs, forKey: .epochs)
    try values.encode(seed, forKey: .seed)
  }
}
