import Tensors
public import TextModels
import TextProcessing
import VocabularyStore

/// A classifier or a rating of texts in an ONNX file that ``ONNXDocument`` wrote, with the vocabulary that its ids are of.
///
/// The metadata say how texts are divided and what the scores stand for; the vocabulary is checked by its fingerprint. May
/// be used from many threads at the same time.
public struct ONNXTextClassifier: Sendable {
  /// What it says of a text.
  public let task: TextTask
  /// Names of the labels, in the order of the outputs; none where it says a number.
  public var labels: [String] { answers.labels }
  /// Texts to ids.
  public let encoder: TextEncoder

  private let answers: TextAnswers
  private let model: ONNXRuntimeModel
  private let path: String

  /// - Throws: `ExchangeError`, `VocabularyError`, `TokenizerError`.
  init(_ model: ONNXRuntimeModel, _ metadata: ONNXMetadata, path: String, vocabulary: String?) throws {
    (self.model, self.path) = (model, path)
    task = TextTask(rawValue: try metadata.required("task")) ?? .singleLabel
    let names = model.inputs.map(\.name).sorted()
    guard names == ["ids", "lengths"], model.inputs.allSatisfy({ $0.type == .int64 }) else {
      let listed = model.inputs.map { "\(shown($0.name)) \($0)" }.joined(separator: ", ")
      throw ExchangeError.unsuitable(
        path: path,
        reason: "it takes \(listed), where texts are ids int64 [batch, time] and lengths int64 [batch]; export it again"
      )
    }
    let settings = try metadata.required(TokenizerSettings.self, "tokenizer")
    let maximumLength = try metadata.required(Int.self, "maximum_length")
    let fingerprint = try metadata.required("vocabulary_fingerprint")
    answers = TextAnswers(
      labels: task == .regression ? [] : try metadata.required([String].self, "labels"),
      threshold: task == .multiLabel ? try metadata.required(Double.self, "threshold") : nil,
      scale: task == .regression ? try metadata.required(ValueScale.self, "scale") : nil)
    guard let vocabulary else {
      throw ExchangeError.unsuitable(
        path: path,
        reason: "a model of texts needs the vocabulary of its ids; give the folder of the model that it was exported "
          + "from with --vocabulary")
    }
    let words = try VocabularyFile(vocabulary).read(settings)
    guard words.fingerprint == fingerprint else {
      throw ExchangeError.unsuitable(
        path: vocabulary,
        reason: "another vocabulary (\(words.count) tokens, fingerprint \(words.fingerprint.prefix(12))…) than that of "
          + "\(path) (\(fingerprint.prefix(12))…); give that of the model that it was exported from")
    }
    encoder = try TextEncoder(vocabulary: words, maximumLength: maximumLength)
    let outputs = task == .regression ? 1 : answers.labels.count
    guard outputs > 0, Set(answers.labels).count == answers.labels.count else {
      throw ExchangeError.unsuitable(path: path, reason: "its labels are none, or not distinct; export the model again")
    }
    _ = try logits(TokenBatch([[words.unknownID]]))
  }

  /// Scores [B, K] of a batch of B texts, before softmax, sigmoid or scale.
  ///
  /// - Throws: ``ExchangeError``.
  func logits(_ batch: TokenBatch) throws(ExchangeError) -> Tensor {
    let longest = batch.lengths.max() ?? 1
    var ids = [Int64](repeating: 0, count: batch.count * longest)
    var next = 0
    for (row, length) in batch.lengths.enumerated() {
      for place in 0..<length { ids[row * longest + place] = Int64(batch.ids[next + place]) }
      next += length
    }
    let values = [
      "ids": ONNXValue(ids, shape: [batch.count, longest]),
      "lengths": ONNXValue(batch.lengths.map { Int64($0) }, shape: [batch.count]),
    ].compactMapValues { $0 }
    let results = try model.run(values)
    guard let logits = (results["logits"] ?? results[model.outputs.first?.name ?? ""])?.tensor,
      logits.shape == [batch.count, task == .regression ? 1 : answers.labels.count]
    else {
      throw .unsuitable(
        path: path, reason: "its output logits is no row of float32 with a number for each label; export it again")
    }
    return logits
  }

  /// The scores of some texts, K numbers each.
  public func logits(_ texts: [String], batchSize: Int = 64) throws(ExchangeError) -> [[Float]] {
    try rows(texts, batchSize) { $0 }.rows
  }

  private func rows(
    _ texts: [String], _ batchSize: Int, _ transform: (Tensor) -> Tensor
  ) throws(ExchangeError) -> (rows: [[Float]], isTruncated: [Bool]) {
    try encoder.outputs(texts, batchSize: batchSize) { (batch) throws(ExchangeError) in
      transform(try logits(batch))
    }
  }

  /// The labels of some texts; of a model that says numbers see ``values(_:batchSize:)``.
  public func predict(_ texts: [String], batchSize: Int = 64) throws(ExchangeError) -> [Prediction] {
    let isMultiLabel = task == .multiLabel
    let (rows, isTruncated) = try rows(texts, batchSize) { isMultiLabel ? $0.sigmoid() : $0.softmax() }
    return zip(rows, isTruncated).map {
      Prediction(labels: labels, probabilities: $0, threshold: answers.threshold, isTruncated: $1)
    }
  }

  /// The numbers of some texts.
  public func values(_ texts: [String], batchSize: Int = 64) throws(ExchangeError) -> [Double] {
    try rows(texts, batchSize) { $0 }.rows.map { answers.value(ofScore: $0[0]) }
  }

  /// Judges it on labelled texts.
  ///
  /// - Returns: the figures, and how many of the texts were longer than what is read of them.
  /// - Throws: `TextModelError` for texts, ``ExchangeError`` for the model.
  public func evaluate(
    _ texts: LabelledTexts, batchSize: Int = 64
  ) throws -> (evaluation: TextEvaluation, truncatedTexts: Int) {
    guard !texts.examples.isEmpty else { throw TextModelError.noExamples(source: "evaluation data") }
    let targets = try texts.targets(task, labels: labels)
    let encoded = encoder.encode(texts.examples.lazy.map(\.text))
    let judge = TextJudge<ExchangeError>(texts: encoded, answers: answers) { (batch) throws(ExchangeError) in
      try self.logits(batch)
    }
    return (
      try judge.evaluate(targets, Array(0..<encoded.count), batchSize: batchSize), encoded.truncatedCount
    )
  }
}
