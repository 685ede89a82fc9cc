/// What a bag classifier's output layer learns.
public enum BagLoss: String, Sendable, Codable, CaseIterable {
  /// One of the labels: cross-entropy of the softmax.
  case softmax
  /// Each label for itself, yes or no: for texts with any number of labels.
  case oneVersusAll = "one-versus-all"
  /// One of the labels, by its path in a Huffman tree: O(log K) for K labels (Morin & Bengio 2005).
  case hierarchicalSoftmax = "hierarchical-softmax"
  /// One of the labels against some others drawn at random (Mikolov et al. 2013). Its probabilities are for ranking only.
  case negativeSampling = "negative-sampling"

  /// Whether the labels' probabilities add up to 1; otherwise each is a sigmoid of its score.
  public var isExclusive: Bool { self == .softmax || self == .hierarchicalSoftmax }
}

/// How a bag classifier is trained. The names are explained in Joulin et al. 2016, "Bag of Tricks for Efficient Text
/// Classification"; the defaults are fastText's but for `shuffles`.
public struct BagClassifierOptions: Sendable, Hashable {
  /// What of a text has a row.
  public var features = FeatureOptions()
  /// D, the numbers of a row; of a linear classifier training makes it the number of labels.
  public var dimensions = 100
  /// Whether a row is what its feature adds to each label's score, with no output layer behind: logistic regression, whose
  /// rows learn at rates of their own (AdaGrad by row). Rows are short then, and rare features count for more, which is
  /// good for many labels. Learning rates about 4 suit it.
  public var isLinear = false
  /// What the output layer learns.
  public var loss = BagLoss.softmax
  /// Labels drawn for each text with ``BagLoss/negativeSampling``.
  public var negatives = 5
  /// The first step's learning rate, which falls linearly to zero.
  public var learningRate: Float = 0.1
  /// Passes over the texts.
  public var epochs = 5
  /// Share of a text's features that are left out of each pass at random, which keeps rare ones from being learnt by heart.
  public var dropout: Float = 0
  /// Whether a feature that a text has several times counts once.
  public var countsFeaturesOnce = false
  /// Whether features that tell labels apart in the training texts learn faster than those that do not: each row's learning
  /// rate is multiplied by the square of its largest log-count ratio, the weights of naive Bayes (Wang & Manning 2012,
  /// "Baselines and Bigrams").
  public var naiveBayesRates = false
  /// Whether each pass takes the texts in another order. fastText takes them as they stand in the file.
  public var shuffles = true
  /// Seed of all that is random.
  public var seed: UInt64 = 1

  /// The defaults.
  public init() {}

  /// Why there can be no such training; nil when there can.
  var fault: String? {
    if let fault = features.fault { return fault }
    if !(1...4096).contains(dimensions) { return "\(dimensions) dimensions; 1 to 4096 are possible" }
    if !(1...1_000_000).contains(epochs) { return "\(epochs) epochs; at least 1 is needed" }
    if !(learningRate > 0 && learningRate.isFinite) { return "a learning rate of \(learningRate); it must be above 0" }
    if !(dropout >= 0 && dropout < 1) { return "a dropout of \(dropout); it must be at least 0 and below 1" }
    if isLinear, loss != .softmax, loss != .oneVersusAll {
      return "a linear classifier with \(loss.rawValue); softmax and one-versus-all are possible"
    }
    if isLinear, naiveBayesRates { return "naive Bayes rates for a linear classifier, whose rates adapt by themselves" }
    if !(1...1000).contains(negatives) { return "\(negatives) negatives; 1 to 1000 are possible" }
    return nil
  }
}

extension BagClassifierOptions: Codable {
  private enum CodingKeys: String, CodingKey {
    case features, dimensions
    case isLinear = "linear"
    case loss, negatives
    case learningRate = "learning_rate"
    case epochs, dropout
    case countsFeaturesOnce = "counts_features_once"
    case naiveBayesRates = "naive_bayes_rates"
    case shuffles, seed
  }

  /// Reads what is there; the rest has its default.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    features = try values.decodeIfPresent(FeatureOptions.self, forKey: .features) ?? features
    dimensions = try values.decodeIfPresent(Int.self, forKey: .dimensions) ?? dimensions
    isLinear = try values.decodeIfPresent(Bool.self, forKey: .isLinear) ?? isLinear
    loss = try values.decodeIfPresent(BagLoss.self, forKey: .loss) ?? loss
    negatives = try values.decodeIfPresent(Int.self, forKey: .negatives) ?? negatives
    learningRate = try values.decodeIfPresent(Float.self, forKey: .learningRate) ?? learningRate
    epochs = try values.decodeIfPresent(Int.self, forKey: .epochs) ?? epochs
    dropout = try values.decodeIfPresent(Float.self, forKey: .dropout) ?? dropout
    countsFeaturesOnce = try values.decodeIfPresent(Bool.self, forKey: .countsFeaturesOnce) ?? countsFeaturesOnce
    naiveBayesRates = try values.decodeIfPresent(Bool.self, forKey: .naiveBayesRates) ?? naiveBayesRates
    shuffles = try values.decodeIfPresent(Bool.self, forKey: .shuffles) ?? shuffles
    seed = try values.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
  }
}
