/// How well a model does on examples with any number of labels; its coded form is the JSON of `nlptool evaluate`.
public struct MultiLabelEvaluation: Sendable, Hashable, Codable {
  /// F1 of all decisions together.
  public let microF1: Double
  /// Of the labels that were given, the share that is right.
  public let microPrecision: Double
  /// Of the labels that are right, the share that was given.
  public let microRecall: Double
  /// Mean of the labels' F1.
  public let macroF1: Double
  /// Share of the examples with exactly the right labels.
  public let subsetAccuracy: Double
  /// Share of the decisions, one for each example and label, that are wrong.
  public let hammingLoss: Double
  /// Mean binary cross-entropy of a decision, in nats.
  public let loss: Double
  /// Probability from which on a label is given.
  public let threshold: Double
  /// Number of examples.
  public let examples: Int
  /// Names of the labels.
  public let labels: [String]
  /// Figures by label; the support is the number of examples with it.
  public let perClass: [String: Evaluation.ClassMetrics]
  /// Precision and recall of the k likeliest labels, over the examples that have any.
  public let atK: [ProbabilityMetrics.AtK]
  /// Mean over the labels of the area under the receiver operating characteristic; `nil` where no label has both
  /// examples with and without it.
  public let areaUnderCurve: Double?

  private enum CodingKeys: String, CodingKey {
    case microF1 = "micro_f1"
    case microPrecision = "micro_precision"
    case microRecall = "micro_recall"
    case macroF1 = "macro_f1"
    case subsetAccuracy = "subset_accuracy"
    case hammingLoss = "hamming_loss"
    case loss, threshold, examples, labels
    case perClass = "per_class"
    case atK = "at_k"
    case areaUnderCurve = "auc"
  }

  /// Judged by its micro F1.
  public var validation: ValidationResult { ValidationResult(.microF1, microF1, loss: loss, examples: examples) }
}

/// Gathers the probabilities of examples with any number of labels, one after the other.
public struct MultiLabelEvaluationBuilder {
  private let labels: [String]
  private let threshold: Float
  private var lossSum = 0.0
  private var examples = 0
  private var exact = 0
  private var truePositives: [Int]
  private var predicted: [Int]
  private var support: [Int]
  private let ranks: [Int]
  private var hits: [Int]
  private var labelledExamples = 0
  private var recalls: [Double]
  private var ranking: RankingSamples

  /// A builder for K labels, of which an example is given those of at least the probability `threshold`.
  public init(labels: [String], threshold: Double) {
    self.labels = labels
    self.threshold = Float(threshold)
    (truePositives, predicted, support) = (
      Array(repeating: 0, count: labels.count), Array(repeating: 0, count: labels.count),
      Array(repeating: 0, count: labels.count)
    )
    ranks = [1, 2, 3, 5, 10].filter { $0 <= labels.count }
    hits = Array(repeating: 0, count: ranks.count)
    recalls = Array(repeating: 0, count: ranks.count)
    ranking = RankingSamples(width: labels.count)
  }

  /// Counts an example with the labels `gold` (places of names), K probabilities, and its mean loss over the labels.
  public mutating func add(gold: [Int32], probabilities own: ArraySlice<Float>, loss: Double) {
    precondition(
      own.count == labels.count, "MultiLabelEvaluationBuilder: \(own.count) probabilities of \(labels.count) labels")
    var isGold = [Bool](repeating: false, count: labels.count)
    for label in gold { isGold[Int(label)] = true }
    var isExact = true
    for (label, probability) in own.enumerated() {
      let isGiven = probability >= threshold
      if isGold[label] { support[label] += 1 }
      if isGiven { predicted[label] += 1 }
      if isGiven, isGold[label] { truePositives[label] += 1 }
      if isGiven != isGold[label] { isExact = false }
    }
    if isExact { exact += 1 }
    examples += 1
    lossSum += loss
    if !gold.isEmpty {
      labelledExamples += 1
      let first = own.startIndex
      let best = best(own, ranks.last ?? 0)
      for (index, k) in ranks.enumerated() {
        let right = best.prefix(k).count { isGold[$0 - first] }
        hits[index] += right
        recalls[index] += Double(right) / Double(gold.count)
      }
    }
    ranking.add(own, isPositive: isGold)
  }

  /// The places of the `count` highest probabilities, highest first, the first of equal ones first.
  private func best(_ own: ArraySlice<Float>, _ count: Int) -> [Int] {
    var best: [Int] = []
    for index in own.indices {
      if best.count == count, let last = best.last, own[last] >= own[index] { continue }
      let place = best.firstIndex { own[$0] < own[index] } ?? best.count
      best.insert(index, at: place)
      if best.count > count { best.removeLast() }
    }
    return best
  }

  /// What the examples come to.
  public var evaluation: MultiLabelEvaluation {
    func ratio(_ part: Int, _ whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }
    func harmonic(_ p: Double, _ r: Double) -> Double { p + r > 0 ? 2 * p * r / (p + r) : 0 }
    let perClass = labels.indices.map { label in
      let precision = ratio(truePositives[label], predicted[label])
      let recall = ratio(truePositives[label], support[label])
      return Evaluation.ClassMetrics(
        precision: precision, recall: recall, f1: harmonic(precision, recall), support: support[label])
    }
    let (right, given, wanted) = (
      truePositives.reduce(0, +), predicted.reduce(0, +), support.reduce(0, +)
    )
    let (precision, recall) = (ratio(right, given), ratio(right, wanted))
    let decisions = examples * labels.count
    return MultiLabelEvaluation(
      microF1: harmonic(precision, recall), microPrecision: precision, microRecall: recall,
      macroF1: labels.isEmpty ? 0 : perClass.reduce(0) { $0 + $1.f1 } / Double(labels.count),
      subsetAccuracy: ratio(exact, examples), hammingLoss: ratio(given + wanted - 2 * right, decisions),
      loss: lossSum / Double(max(examples, 1)), threshold: Double(threshold), examples: examples, labels: labels,
      perClass: Dictionary(zip(labels, perClass), uniquingKeysWith: { first, _ in first }),
      atK: zip(ranks, zip(hits, recalls)).map { k, sums in
        .init(
          k: k, precision: ratio(sums.0, labelledExamples * k),
          recall: sums.1 / Double(max(labelledExamples, 1)))
      },
      areaUnderCurve: ranking.meanArea(of: labels.indices))
  }
}
