import ArgumentParser
import BagModels

extension BagLoss: ExpressibleByArgument {}
extension RowPrecision: ExpressibleByArgument {}

/// What `--model bag` reads of a text and how it is stored.
struct BagArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Words of the longest n-gram. (default: 2)", valueName: "number"))
  var wordNgrams: Int?

  @Option(
    help: ArgumentHelp(
      "Characters of the n-grams of words, such as 3-6. (default: none)", valueName: "shortest-longest"))
  var characterNgrams: String?

  @Option(help: ArgumentHelp("Numbers that an n-gram's hash may fall on. (default: 2000000)", valueName: "number"))
  var buckets: Int?

  @Option(help: ArgumentHelp("N-grams that occur less often have no row. (default: 1)", valueName: "number"))
  var minimumNgramCount: Int?

  @Flag(help: "Features that tell labels apart in the training texts learn faster (naive Bayes).")
  var naiveBayes = false

  @Flag(help: "A feature that a text has several times counts once.")
  var countOnce = false

  @Flag(
    help: "Logistic regression on the features: a row for each has the labels' scores, and rare ones learn faster.")
  var linear = false

  @Option(help: "Loss. (default: softmax, and one-versus-all with --multi-label)")
  var bagLoss: BagLoss?

  @Option(help: "Numbers of a row in the written model. (default: int8)")
  var precision: RowPrecision?

  /// Refuses what only a bag has.
  func checkNetwork() throws {
    let given: [(String, Bool)] = [
      ("--word-ngrams", wordNgrams != nil), ("--character-ngrams", characterNgrams != nil),
      ("--buckets", buckets != nil), ("--minimum-ngram-count", minimumNgramCount != nil),
      ("--naive-bayes", naiveBayes), ("--count-once", countOnce), ("--linear", linear),
      ("--bag-loss", bagLoss != nil),
      ("--precision", precision != nil),
    ]
    for (name, isGiven) in given where isGiven { throw ValidationError("\(name) needs --model bag") }
  }

  func validate() throws {
    _ = try characterLengths()
    for (name, value, range) in [
      ("--word-ngrams", wordNgrams, 1...16), ("--buckets", buckets, 1...1 << 30),
      ("--minimum-ngram-count", minimumNgramCount, 1...255),
    ] {
      if let value, !range.contains(value) {
        throw ValidationError("\(name) takes a number from 1 to \(range.upperBound)")
      }
    }
  }

  private func characterLengths() throws -> ClosedRange<Int>? {
    try characterNgrams.map(Self.lengths)
  }

  /// Two lengths with a hyphen between.
  static func lengths(_ text: String) throws -> ClosedRange<Int> {
    let numbers = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard numbers.count == 2, numbers[0] >= 1, numbers[0] <= numbers[1], numbers[1] <= 64 else {
      throw ValidationError("--character-ngrams takes two lengths from 1 to 64, such as 3-6")
    }
    return numbers[0]...numbers[1]
  }

  /// The options that the arguments stand for.
  ///
  /// - Parameter isChosen: whether a bag is what somebody wants, so that what only networks have is refused.
  func options(
    _ sizes: NetworkSizeArguments, _ loop: TrainingArguments, minimumCount: Int?, isMultiLabel: Bool, isChosen: Bool
  ) throws -> BagClassifierOptions {
    if isChosen {
      try sizes.checkBag()
      try loop.checkBag()
    }
    if isMultiLabel, let bagLoss, bagLoss != .oneVersusAll {
      throw ValidationError("--multi-label needs --bag-loss one-versus-all")
    }
    var options = BagClassifierOptions()
    options.features.wordNgrams = wordNgrams ?? 2
    options.features.characterNgrams = try characterLengths()
    options.features.bucketCount = buckets ?? options.features.bucketCount
    options.features.minimumNgramCount = minimumNgramCount ?? options.features.minimumNgramCount
    options.features.minimumCount = minimumCount ?? options.features.minimumCount
    if linear, naiveBayes {
      throw ValidationError("--linear has rates that adapt by themselves: leave out --naive-bayes")
    }
    if linear, sizes.embeddingSize != nil {
      throw ValidationError("--linear has a number for each label in a row: leave out --embedding-size")
    }
    options.isLinear = linear
    if linear { options.learningRate = 4 }
    options.naiveBayesRates = naiveBayes
    options.countsFeaturesOnce = countOnce
    options.loss = bagLoss ?? (isMultiLabel ? .oneVersusAll : .softmax)
    options.dimensions = sizes.embeddingSize ?? options.dimensions
    options.dropout = sizes.wordDropout ?? options.dropout
    options.learningRate = loop.learningRate ?? options.learningRate
    options.epochs = loop.epochs ?? options.epochs
    options.seed = loop.seed
    return options
  }
}
