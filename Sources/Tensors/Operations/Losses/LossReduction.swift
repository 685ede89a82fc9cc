/// What becomes of the losses of a batch.
public enum LossReduction: String, Sendable, Hashable, Codable, CaseIterable {
  /// Their mean.
  case mean
  /// Their sum.
  case sum

  /// What the sum of `count` losses is divided by; 1 where there are none, so that their mean is 0.
  func divisor(_ count: Double) -> Double {
    self == .mean && count > 0 ? count : 1
  }
}
