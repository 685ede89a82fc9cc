import FoundationEssentials
import Tensors
import VocabularyStore

/// Makes a bag classifier from labelled texts.
///
///     var texts = try TextCollection(tokenizer: TokenizerSettings(lowercase: true))
///     for (text, label) in examples { texts.append(text, labels: [label]) }
///     var options = BagClassifierOptions()
///     options.features.wordNgrams = 2
///     let classifier = try BagClassifierTraining(options).run(texts)
///
/// The same texts, options and seed give the same model to the bit for any number of threads.
public struct BagClassifierTraining: Sendable {
  /// Log-count ratios that are computed at most: about a minute's work.
  private static let ratioLimit = 1 << 32

  /// How to train.
  public let options: BagClassifierOptions

  /// A training with some options.
  public init(_ options: BagClassifierOptions) { self.options = options }

  /// Trains a classifier.
  ///
  /// - Parameters:
  ///   - texts: the texts; those without a label teach the features only that they exist with
  ///     ``BagLoss/oneVersusAll``, and are left out otherwise. A collection that nobody else holds is let go of before
  ///     the first step.
  ///   - selection: which of them to learn from, all without it.
  ///   - shouldStop: asked after each step; then ``BagModelError/cancelled`` is thrown.
  ///   - report: told about ten times a second, and after the last step.
  public func run(
    _ texts: consuming TextCollection, selection: [Int]? = nil, shouldStop: () -> Bool = { false },
    report: (BagProgress) -> Void = { _ in }
  ) throws(BagModelError) -> BagClassifier {
    if let fault = options.fault { throw .invalidOptions(reason: fault) }
    let usesUnlabelled = options.loss == .oneVersusAll
    let chosen = (selection ?? Array(0..<texts.count)).filter { usesUnlabelled || !texts.labels(of: $0).isEmpty }
    let (names, counts, places) = Self.ranking(texts, chosen)
    var options = options
    if options.isLinear {
      options.dimensions = max(names.count, 1)
      if let fault = options.fault {
        throw .invalidOptions(reason: "\(names.count) labels of a linear classifier: \(fault)")
      }
    }
    guard let first = names.first else { throw .noTexts(reason: "no text has a label") }
    guard names.count > 1 || usesUnlabelled else { throw .singleLabel(first) }
    var labels: [Int32] = []
    var labelStarts = [0]
    for text in chosen {
      labels += texts.labels(of: text).map { places[Int($0)] }
      labelStarts.append(labels.count)
    }

    let bags = try TrainingBags(
      consume texts, selection: chosen, options: options.features, distinct: options.countsFeaturesOnce)
    let random = RandomStream(seed: options.seed)
    let table = try Self.makeTable(bags.features.rowCount, options.dimensions)
    if !options.isLinear { table.fill(random.split("rows"), bound: 1 / Float(options.dimensions)) }
    let output = OutputLayer(
      loss: options.loss, labelCounts: counts,
      table: try Self.makeTable(OutputLayer.rowCount(options.loss, labels: names.count), options.dimensions))
    if options.isLinear { output.becomeIdentity() }
    var rates: [Float] = []
    if options.naiveBayesRates {
      guard names.count * bags.features.rowCount <= Self.ratioLimit else {
        throw .invalidOptions(
          reason: "naive Bayes rates for \(names.count) labels and \(bags.features.rowCount) rows would take too long; "
            + "train without them or with higher minimum counts")
      }
      rates = bags.naiveBayesRates(labels: labels, starts: labelStarts, labelCount: names.count)
    }
    try BagTrainer(
      options: options, bags: bags, labels: labels, labelStarts: labelStarts, table: table, output: output,
      rates: rates, adaptive: options.isLinear ? AdaptiveRates(rowCount: bags.features.rowCount) : nil
    ).run(shouldStop: shouldStop, report: report)
    guard table.isFinite, output.table.isFinite else {
      throw .diverged(step: bags.textCount * options.epochs, learningRate: options.learningRate)
    }
    return try BagClassifier(
      features: bags.features, rows: .floats(table), output: output, labels: names, options: options)
  }

  /// A table of zeros.
  static func makeTable(_ rows: Int, _ dimensions: Int) throws(BagModelError) -> RowTable {
    let bytes = rows.multipliedReportingOverflow(by: (dimensions + 15) / 16 * 64)
    guard !bytes.overflow, bytes.partialValue < Int(clamping: ProcessInfo.processInfo.physicalMemory),
      let table = RowTable(count: rows, dimensions: dimensions)
    else { throw .outOfMemory(rows: rows, dimensions: dimensions) }
    return table
  }

  /// The labels that occur in falling order of their counts, equal ones by their scalars; their counts; and the place of
  /// each label of the collection.
  private static func ranking(
    _ texts: TextCollection, _ selection: [Int]
  ) -> (names: [String], counts: [Int64], places: [Int32]) {
    var counts = [Int64](repeating: 0, count: texts.labelNames.count)
    for text in selection { for label in texts.labels(of: text) { counts[Int(label)] += 1 } }
    let order = counts.indices.filter { counts[$0] > 0 }.sorted { a, b in
      counts[a] != counts[b]
        ? counts[a] > counts[b]
        : texts.labelNames[a].unicodeScalars.lexicographicallyPrecedes(texts.labelNames[b].unicodeScalars)
    }
    var places = [Int32](repeating: -1, count: counts.count)
    for (place, label) in order.enumerated() { places[label] = Int32(place) }
    return (order.map { texts.labelNames[$0] }, order.map { counts[$0] }, places)
  }
}
