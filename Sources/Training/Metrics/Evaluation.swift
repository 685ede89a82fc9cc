/// How well a model does on some examples; its coded form is the JSON of `nlptool evaluate`.
public struct Evaluation: Sendable, Hashable, Codable {
  /// Figures of one class.
  public struct ClassMetrics: Sendable, Hashable, Codable {
    /// Of the examples taken for the class, the share that is of it.
    public let precision: Double
    /// Of the examples of the class, the share that was found.
    public let recall: Double
    /// Harmonic mean of both.
    public let f1: Double
    /// Examples of the class.
    public let support: Int
  }

  /// Share of examples whose class was found.
  public let accuracy: Double
  /// Mean of the classes' F1.
  public let macroF1: Double
  /// The F1 of all decisions together, which for one label a text is the accuracy.
  public let microF1: Double
  /// Mean cross-entropy in nats.
  public let loss: Double
  /// Number of examples.
  public let examples: Int
  /// The classes, in the order of `confusion`.
  public let labels: [String]
  /// Figures by class.
  public let perClass: [String: ClassMetrics]
  /// Rows gold, columns predicted; empty for more than ``ConfusionMatrix/mostClasses``.
  public let confusion: [[Int]]
  /// What the probabilities are worth, where they are known.
  public let probabilities: ProbabilityMetrics?

  private enum CodingKeys: String, CodingKey {
    case accuracy
    case macroF1 = "macro_f1"
    case microF1 = "micro_f1"
    case loss, examples, labels
    case perClass = "per_class"
    case confusion, probabilities
  }

  /// The figures of a confusion matrix; `loss` is the mean over the examples.
  public init(_ matrix: ConfusionMatrix, loss: Double, probabilities: ProbabilityMetrics? = nil) {
    accuracy = matrix.accuracy
    macroF1 = matrix.macroF1
    microF1 = matrix.accuracy
    self.probabilities = probabilities
    self.loss = loss
    examples = matrix.total
    labels = matrix.labels
    confusion = matrix.counts
    perClass = Dictionary(
      matrix.labels.enumerated().map { index, label in
        (
          label,
          ClassMetrics(
            precision: matrix.precision(index), recall: matrix.recall(index), f1: matrix.f1(index),
            support: matrix.support(index))
        )
      }, uniquingKeysWith: { first, _ in first })
  }
}
