/// What the probabilities of a model are worth, beyond its first choice.
public struct ProbabilityMetrics: Sendable, Hashable, Codable {
  /// Figures for the k likeliest classes.
  public struct AtK: Sendable, Hashable, Codable {
    /// How many classes are looked at.
    public let k: Int
    /// The share of them that is right.
    public let precision: Double
    /// The share of the examples whose class is among them.
    public let recall: Double
  }

  /// For k of 1, 2, 3, 5 and 10, as far as there are classes.
  public let atK: [AtK]
  /// How far the probability of the first choice is from being right so often: the mean distance over 15 equal ranges of
  /// probability, weighted by their examples (Guo et al. 2017, "On calibration of modern neural networks").
  public let calibrationError: Double
  /// Area under the receiver operating characteristic: the share of pairs of an example of a class and another one in
  /// which the former has the higher probability of the class; the mean over the classes. `nil` where no class has both,
  /// and for more numbers than fit into memory well.
  public let areaUnderCurve: Double?

  private enum CodingKeys: String, CodingKey {
    case atK = "at_k"
    case calibrationError = "expected_calibration_error"
    case areaUnderCurve = "auc"
  }
}

/// Gathers the probabilities of examples, one after the other.
public struct EvaluationBuilder {
  private let labels: [String]
  private var matrix: ConfusionMatrix
  private var lossSum = 0.0
  private var examples = 0
  private let ranks: [Int]
  private var hits: [Int]
  private static let binCount = 15
  private var bins = Array(repeating: (count: 0, right: 0, confidence: 0.0), count: binCount)
  private var ranking: RankingSamples

  /// A builder for K classes.
  public init(labels: [String]) {
    self.labels = labels
    matrix = ConfusionMatrix(labels: labels)
    ranks = [1, 2, 3, 5, 10].filter { $0 <= labels.count }
    hits = Array(repeating: 0, count: ranks.count)
    ranking = RankingSamples(width: labels.count)
  }

  /// Counts an example of the class `gold` with K probabilities and its loss.
  public mutating func add(gold: Int, probabilities own: ArraySlice<Float>, loss: Double) {
    precondition(own.count == labels.count, "EvaluationBuilder: \(own.count) probabilities of \(labels.count) classes")
    let best = own.indices.max { own[$0] < own[$1] } ?? own.startIndex
    matrix.add(gold: gold, predicted: best - own.startIndex)
    lossSum += loss
    examples += 1
    let goldProbability = own[own.startIndex + gold]
    // Among equal ones the first counts as the likelier.
    var rank = 0
    for (index, probability) in own.enumerated() {
      if probability > goldProbability || (probability == goldProbability && index < gold) { rank += 1 }
    }
    for (index, k) in ranks.enumerated() where rank < k { hits[index] += 1 }
    // A model that diverged is sure of nothing.
    let confidence = own[best].isFinite ? Double(own[best]) : 0
    let bin = min(Self.binCount - 1, max(0, Int(confidence * Double(Self.binCount))))
    bins[bin].count += 1
    bins[bin].confidence += confidence
    if best - own.startIndex == gold { bins[bin].right += 1 }
    ranking.add(own, isPositive: labels.indices.map { $0 == gold })
  }

  /// What the examples come to.
  public var evaluation: Evaluation {
    let count = Double(max(examples, 1))
    let calibration = bins.reduce(0.0) { $0 + abs($1.confidence - Double($1.right)) } / count
    return Evaluation(
      matrix, loss: lossSum / count,
      probabilities: ProbabilityMetrics(
        atK: zip(ranks, hits).map { k, hits in
          .init(k: k, precision: Double(hits) / count / Double(k), recall: Double(hits) / count)
        },
        calibrationError: calibration,  // With two classes both have the same area.
        areaUnderCurve: ranking.meanArea(of: labels.count == 2 ? 1..<2 : 0..<labels.count)))
  }
}
