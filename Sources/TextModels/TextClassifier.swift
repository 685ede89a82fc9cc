import NeuralNetworks
import Tensors
public import Training

/// What a classifier says of a text.
public struct Prediction: Sendable, Hashable {
  /// The likeliest class.
  public let label: String
  /// Its probability.
  public let probability: Double
  /// The probability of each class, in the order of the model's labels.
  public let probabilities: [Double]
}

/// A trained text classifier: text in, label and probability out.
///
///     let classifier = try TextClassifier(contentsOf: "model")
///     print(classifier.predict("What a film!").label)
///
/// May be used from many threads at the same time.
public struct TextClassifier: Sendable {
  /// Texts to ids.
  public let encoder: TextEncoder
  /// Ids to scores.
  public let network: TextClassifierNetwork
  /// What is stored beside the weights.
  public internal(set) var description: ModelDescription

  /// Names of the classes, in the order of the scores.
  public var labels: [String] { description.labels }

  init(encoder: TextEncoder, network: TextClassifierNetwork, description: ModelDescription) {
    self.encoder = encoder
    self.network = network
    self.description = description
  }

  /// Classifies one text.
  public func predict(_ text: String) -> Prediction {
    predict([text])[0]
  }

  /// Classifies some texts, `batchSize` at a time; texts of about the same length go together.
  public func predict(_ texts: [String], batchSize: Int = 64) -> [Prediction] {
    let ids = texts.map(encoder.encode)
    var predictions = [Prediction?](repeating: nil, count: texts.count)
    for indices in BatchPlan.sorted(Array(texts.indices), batchSize: batchSize, length: { ids[$0].count }) {
      let probabilities = network.logits(TokenBatch(indices.map { ids[$0] })).softmax().scalars
      for (row, index) in indices.enumerated() {
        predictions[index] = prediction(probabilities[row * labels.count..<(row + 1) * labels.count])
      }
    }
    return predictions.compactMap { $0 }
  }

  private func prediction(_ probabilities: ArraySlice<Float>) -> Prediction {
    let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? probabilities.startIndex
    return Prediction(
      label: labels[best - probabilities.startIndex], probability: Double(probabilities[best]),
      probabilities: probabilities.map(Double.init))
  }

  /// Judges the classifier on labelled texts.
  ///
  /// - Throws: ``TextModelError/unknownLabel(_:source:line:known:)`` and ``TextModelError/noExamples(source:)``.
  public func evaluate(_ texts: LabelledTexts, batchSize: Int = 64) throws(TextModelError) -> Evaluation {
    guard !texts.examples.isEmpty else { throw .noExamples(source: "evaluation data") }
    let classes = try texts.classes(of: labels)
    var encoded = EncodedTexts()
    for (example, label) in zip(texts.examples, classes) {
      encoded.append(encoder.encode(example.text), class: label)
    }
    return network.evaluate(encoded, Array(0..<encoded.count), labels: labels, batchSize: batchSize)
  }
}

extension TextClassifierNetwork {
  /// Judges the network on some of the texts.
  func evaluate(_ texts: EncodedTexts, _ indices: [Int], labels: [String], batchSize: Int) -> Evaluation {
    var builder = EvaluationBuilder(labels: labels)
    for part in BatchPlan.sorted(indices, batchSize: batchSize, length: texts.length) {
      let (batch, classes) = texts.batch(part)
      let logarithms = logits(batch).logSoftmax()
      let (losses, probabilities) = (logarithms.scalars, logarithms.exp().scalars)
      for (row, gold) in classes.enumerated() {
        let own = row * labels.count..<(row + 1) * labels.count
        builder.add(
          gold: Int(gold), probabilities: probabilities[own], loss: -Double(losses[own.lowerBound + Int(gold)]))
      }
    }
    return builder.evaluation
  }
}
