import Tensors
import Training

/// What a classifier says of a text.
public struct Prediction: Sendable, Hashable {
  /// A label and its probability.
  public struct Choice: Sendable, Hashable {
    /// The label.
    public let label: String
    /// Its probability.
    public let probability: Double
  }

  /// All labels, in the order of the model's.
  public let choices: [Choice]
  /// Whether the text was longer than what the model reads of it.
  public let isTruncated: Bool
  private let best: Int
  private let threshold: Double?

  /// - Parameters:
  ///   - probabilities: one for each of at least one label.
  ///   - threshold: probability from which on a label is given; without it the likeliest is.
  public init(labels: [String], probabilities: [Float], threshold: Double?, isTruncated: Bool) {
    choices = zip(labels, probabilities).map { Choice(label: $0, probability: Double($1)) }
    best = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
    self.threshold = threshold
    self.isTruncated = isTruncated
  }

  /// Whether a text is given exactly one label.
  public var isSingle: Bool { threshold == nil }
  /// The likeliest label.
  public var label: String { choices[best].label }
  /// Its probability.
  public var probability: Double { choices[best].probability }
  /// The probability of each label, in the order of the model's.
  public var probabilities: [Double] { choices.map(\.probability) }

  /// The labels that are given: the likeliest one, or, of a model that gives any number, those of at least the threshold,
  /// likeliest first.
  public var labels: [String] {
    guard let threshold else { return [label] }
    return top(choices.count, threshold: threshold).map(\.label)
  }

  /// The `count` likeliest labels, likeliest first, of those that have at least the probability `threshold`.
  public func top(_ count: Int, threshold: Double = 0) -> [Choice] {
    let kept = choices.enumerated().filter { $0.element.probability >= threshold }
    let sorted = kept.sorted { ($1.element.probability, $0.offset) < ($0.element.probability, $1.offset) }
    return sorted.prefix(count).map(\.element)
  }
}

/// A trained text classifier: text in, labels and probabilities out.
///
///     let classifier = try TextClassifier(contentsOf: "model")
///     print(classifier.predict("What a film!").label)
///
/// May be used from many threads at the same time.
public struct TextClassifier: Sendable {
  /// The model that it asks.
  public let model: TextModel

  /// The classifier of a model.
  ///
  /// - Throws: ``TextModelError/otherTask(_:wanted:)`` for one that says a number.
  public init(_ model: TextModel) throws(TextModelError) {
    guard model.task != .regression else { throw .otherTask(model.task, wanted: [.singleLabel, .multiLabel]) }
    self.model = model
  }

  /// Loads a classifier.
  public init(contentsOf path: String) throws(TextModelError) {
    try self.init(TextModel(contentsOf: path))
  }

  /// Names of the labels.
  public var labels: [String] { model.labels }

  /// Classifies one text.
  public func predict(_ text: String) -> Prediction { predict([text])[0] }

  /// Classifies some texts, `batchSize` at a time; texts of about the same length go together.
  public func predict(_ texts: [String], batchSize: Int = 64) -> [Prediction] {
    let isMultiLabel = model.task == .multiLabel
    let (rows, isTruncated) = model.outputs(texts, batchSize: batchSize) {
      isMultiLabel ? $0.sigmoid() : $0.softmax()
    }
    return zip(rows, isTruncated).map { probabilities, isTruncated in
      Prediction(
        labels: labels, probabilities: probabilities, threshold: model.description.threshold,
        isTruncated: isTruncated)
    }
  }
}
