package import Tensors
public import Training

/// How well a text model does; its coded form is the JSON of `nlptool evaluate`.
public enum TextEvaluation: Sendable, Hashable, Encodable {
  /// Of a model that gives each text one label.
  case singleLabel(Evaluation)
  /// Of one that gives any number.
  case multiLabel(MultiLabelEvaluation)
  /// Of one that says a number.
  case regression(RegressionEvaluation)

  /// What epochs are judged by.
  public var validation: ValidationResult {
    switch self {
    case .singleLabel(let evaluation): evaluation.validation
    case .multiLabel(let evaluation): evaluation.validation
    case .regression(let evaluation): evaluation.validation
    }
  }

  /// Writes the figures, without a name for their kind.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .singleLabel(let evaluation): try evaluation.encode(to: encoder)
    case .multiLabel(let evaluation): try evaluation.encode(to: encoder)
    case .regression(let evaluation): try evaluation.encode(to: encoder)
    }
  }
}

/// What the scores of a model stand for.
package struct TextAnswers: Sendable {
  /// Names of the outputs; none where the model says a number.
  package let labels: [String]
  /// Probability from which on a model that gives any number of labels gives one.
  package let threshold: Double?
  /// The scale of a model's numbers.
  package let scale: ValueScale?

  package init(labels: [String], threshold: Double?, scale: ValueScale?) {
    (self.labels, self.threshold, self.scale) = (labels, threshold, scale)
  }

  /// The number that a score stands for.
  package func value(ofScore score: Float) -> Double {
    guard let scale else { return Double(score) }
    return scale.mean + scale.deviation * Double(score)
  }
}

extension TextNetwork {
  /// Judges the network on some of the texts.
  ///
  /// - Parameters:
  ///   - targets: of all texts.
  ///   - description: labels, threshold and scale of the answers.
  func evaluate(
    _ texts: EncodedTexts, _ targets: TextTargets, _ indices: [Int], _ description: ModelDescription, batchSize: Int
  ) -> TextEvaluation {
    TextJudge<Never>(texts: texts, answers: description.answers) { self.logits($0) }
      .evaluate(targets, indices, batchSize: batchSize)
  }
}

/// Judges what gives texts their scores, whatever computes them.
package struct TextJudge<Failure: Error> {
  private let texts: EncodedTexts
  private let answers: TextAnswers
  private let logits: (TokenBatch) throws(Failure) -> Tensor

  /// - Parameter logits: scores [B, K] of a batch of B texts.
  package init(
    texts: EncodedTexts, answers: TextAnswers, logits: @escaping (TokenBatch) throws(Failure) -> Tensor
  ) {
    (self.texts, self.answers, self.logits) = (texts, answers, logits)
  }

  /// - Parameters:
  ///   - targets: of all texts.
  ///   - indices: the texts to judge by.
  package func evaluate(
    _ targets: TextTargets, _ indices: [Int], batchSize: Int
  ) throws(Failure) -> TextEvaluation {
    let parts = BatchPlan.sorted(indices, batchSize: batchSize, length: texts.length)
    switch targets {
    case .classes(let classes):
      return .singleLabel(try evaluate(classes, parts))
    case .labelSets(let sets):
      return .multiLabel(try evaluate(sets, parts, threshold: answers.threshold ?? 0.5))
    case .values(let values):
      var (said, gold): ([Double], [Double]) = ([], [])
      for part in parts {
        said += try logits(texts.batch(part)).scalars.map { answers.value(ofScore: $0) }
        gold += part.map { Double(values[$0]) }
      }
      return .regression(RegressionEvaluation(predicted: said, gold: gold))
    }
  }

  private func evaluate(_ classes: [Int32], _ parts: [[Int]]) throws(Failure) -> Evaluation {
    let labels = answers.labels
    var builder = EvaluationBuilder(labels: labels)
    for part in parts {
      let logarithms = try logits(texts.batch(part)).logSoftmax()
      let (losses, probabilities) = (logarithms.scalars, logarithms.exp().scalars)
      for (row, index) in part.enumerated() {
        let own = row * labels.count..<(row + 1) * labels.count
        let gold = Int(classes[index])
        builder.add(gold: gold, probabilities: probabilities[own], loss: -Double(losses[own.lowerBound + gold]))
      }
    }
    return builder.evaluation
  }

  private func evaluate(
    _ sets: [[Int32]], _ parts: [[Int]], threshold: Double
  ) throws(Failure) -> MultiLabelEvaluation {
    let labels = answers.labels
    var builder = MultiLabelEvaluationBuilder(labels: labels, threshold: threshold)
    for part in parts {
      let logits = try logits(texts.batch(part))
      let own = part.map { sets[$0] }
      let loss = Double(logits.binaryCrossEntropy(targets: own.asMatrix(width: labels.count)).scalar)
      let probabilities = logits.sigmoid().scalars
      for (row, gold) in own.enumerated() {
        let range = row * labels.count..<(row + 1) * labels.count
        // The sum over the examples is what counts: each stands for the mean of its batch.
        builder.add(gold: gold, probabilities: probabilities[range], loss: loss)
      }
    }
    return builder.evaluation
  }
}
