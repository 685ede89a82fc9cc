import Tensors
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

extension TextNetwork {
  /// Judges the network on some of the texts.
  ///
  /// - Parameters:
  ///   - targets: of all texts.
  ///   - description: labels, threshold and scale of the answers.
  func evaluate(
    _ texts: EncodedTexts, _ targets: TextTargets, _ indices: [Int], _ description: ModelDescription, batchSize: Int
  ) -> TextEvaluation {
    let parts = BatchPlan.sorted(indices, batchSize: batchSize, length: texts.length)
    switch targets {
    case .classes(let classes):
      return .singleLabel(evaluate(texts, classes, parts, labels: description.labels))
    case .labelSets(let sets):
      return .multiLabel(
        evaluate(texts, sets, parts, labels: description.labels, threshold: description.threshold ?? 0.5))
    case .values(let values):
      var (answers, gold): ([Double], [Double]) = ([], [])
      for part in parts {
        answers += logits(texts.batch(part)).scalars.map { description.value(ofScore: $0) }
        gold += part.map { Double(values[$0]) }
      }
      return .regression(RegressionEvaluation(predicted: answers, gold: gold))
    }
  }

  private func evaluate(_ texts: EncodedTexts, _ classes: [Int32], _ parts: [[Int]], labels: [String]) -> Evaluation {
    var builder = EvaluationBuilder(labels: labels)
    for part in parts {
      let logarithms = logits(texts.batch(part)).logSoftmax()
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
    _ texts: EncodedTexts, _ sets: [[Int32]], _ parts: [[Int]], labels: [String], threshold: Double
  ) -> MultiLabelEvaluation {
    var builder = MultiLabelEvaluationBuilder(labels: labels, threshold: threshold)
    for part in parts {
      let logits = logits(texts.batch(part))
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
