import NeuralNetworks
import Tensors

/// A trained model for texts, whatever it says of them: encoder, network, and what is stored beside the weights.
///
/// ``TextClassifier`` and ``TextRegressor`` ask it. May be used from many threads at the same time.
public struct TextModel: Sendable {
  /// Texts to ids.
  public let encoder: TextEncoder
  /// Ids to scores.
  public let network: TextNetwork
  /// What is stored beside the weights.
  public internal(set) var description: ModelDescription

  package init(encoder: TextEncoder, network: TextNetwork, description: ModelDescription) {
    self.encoder = encoder
    self.network = network
    self.description = description
  }

  /// What it says of a text.
  public var task: TextTask { description.task }
  /// Names of the labels, in the order of the outputs; none where it says a number.
  public var labels: [String] { description.labels }

  /// The scores of some texts before softmax, sigmoid or scale: K numbers each, in the order of the texts.
  public func logits(_ texts: [String], batchSize: Int = 64) -> [[Float]] {
    outputs(texts, batchSize: batchSize) { $0 }.rows
  }

  /// What the network makes of some texts, a row of K numbers each, `batchSize` texts at a time; texts of about the same
  /// length go together.
  func outputs(
    _ texts: [String], batchSize: Int, _ transform: (Tensor) -> Tensor
  ) -> (rows: [[Float]], isTruncated: [Bool]) {
    encoder.outputs(texts, batchSize: batchSize) { transform(network.logits($0)) }
  }

  /// Judges the model on labelled texts.
  ///
  /// - Returns: the figures, and how many of the texts were longer than what the model reads of them.
  /// - Throws: ``TextModelError/unknownLabel(_:source:line:known:)``, ``TextModelError/noExamples(source:)``,
  ///   ``TextModelError/labelIsNoNumber(_:source:line:)``.
  public func evaluate(
    _ texts: LabelledTexts, batchSize: Int = 64
  ) throws(TextModelError) -> (evaluation: TextEvaluation, truncatedTexts: Int) {
    guard !texts.examples.isEmpty else { throw .noExamples(source: "evaluation data") }
    let targets = try texts.targets(task, labels: labels)
    let encoded = encoder.encode(texts.examples.lazy.map(\.text))
    let evaluation = network.evaluate(
      encoded, targets, Array(0..<encoded.count), description, batchSize: batchSize)
    return (evaluation, encoded.truncatedCount)
  }
}
