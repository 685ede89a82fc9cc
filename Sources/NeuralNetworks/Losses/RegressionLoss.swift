public import Tensors

/// A loss of numbers by name, for settings that are written down.
public enum RegressionLoss: String, Sendable, Hashable, Codable, CaseIterable {
  /// The square of the error.
  case squared
  /// The square of small errors, the size of those above 1 (Huber 1964).
  case huber

  /// The mean over scores and targets of the same shape.
  public func callAsFunction(_ scores: Tensor, targets: Tensor) -> Tensor {
    switch self {
    case .squared: scores.squaredError(to: targets)
    case .huber: scores.huberLoss(to: targets)
    }
  }
}
