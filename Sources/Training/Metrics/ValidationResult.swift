/// What an epoch is judged by.
public struct ValidationResult: Sendable, Hashable, Codable {
  /// What is measured.
  public enum Metric: String, Sendable, Codable {
    /// Share of the examples whose class was found.
    case accuracy
    /// F1 of all decisions about labels together.
    case microF1 = "micro_f1"
    /// Share of the variance that is explained, at most 1.
    case determination = "r2"
    /// e to the power of the mean cross-entropy of a token.
    case perplexity

    var isBetterWhenLower: Bool { self == .perplexity }
  }

  /// What is measured.
  public let metric: Metric
  /// How much of it there is.
  public let value: Double
  /// Mean loss, which decides between equal values.
  public let loss: Double
  /// Number of examples.
  public let examples: Int

  /// A result.
  public init(_ metric: Metric, _ value: Double, loss: Double, examples: Int) {
    (self.metric, self.value, self.loss, self.examples) = (metric, value, loss, examples)
  }

  /// Whether it is better than another of the same metric: by its value, and among equals by the lower loss.
  public func isBetter(than other: ValidationResult) -> Bool {
    let sign = metric.isBetterWhenLower ? -1.0 : 1.0
    return (sign * value, -loss) > (sign * other.value, -other.loss)
  }
}

extension Evaluation {
  /// Judged by its accuracy.
  public var validation: ValidationResult { ValidationResult(.accuracy, accuracy, loss: loss, examples: examples) }
}
