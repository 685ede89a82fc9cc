/// A rate that falls when a metric no longer gets better (`torch.optim.lr_scheduler.ReduceLROnPlateau`).
///
/// Unlike a ``LearningRateSchedule`` it depends on what it has seen; saving the value saves that too.
public struct PlateauSchedule: Sendable, Hashable, Codable {
  /// Which way a metric gets better.
  public enum Goal: String, Sendable, Hashable, Codable, CaseIterable {
    /// A loss.
    case minimum
    /// An accuracy.
    case maximum
  }

  /// Which way the metric gets better.
  public let goal: Goal
  /// Multiplies the rate when it falls.
  public let reduction: Double
  /// Epochs without a gain that are borne.
  public let patience: Int
  /// A gain is a change by more than this share of the best metric.
  public let threshold: Double
  /// Epochs after a fall that do not count.
  public let cooldown: Int
  /// The factor never falls below.
  public let minimum: Double

  /// Multiplies the optimiser's own rate.
  public private(set) var factor = 1.0
  /// The best metric so far.
  public private(set) var best: Double?
  private var epochsWithoutGain = 0
  private var coolingEpochs = 0

  /// A schedule with PyTorch's defaults.
  public init(
    goal: Goal = .minimum, reduction: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, cooldown: Int = 0,
    minimum: Double = 0
  ) {
    (self.goal, self.reduction, self.patience) = (goal, reduction, patience)
    (self.threshold, self.cooldown, self.minimum) = (threshold, cooldown, minimum)
  }

  /// Takes in the metric of an epoch.
  public mutating func update(_ metric: Double) {
    if isGain(metric) {
      best = metric
      epochsWithoutGain = 0
    } else {
      epochsWithoutGain += 1
    }
    if coolingEpochs > 0 {
      coolingEpochs -= 1
      epochsWithoutGain = 0
    }
    if epochsWithoutGain > patience {
      factor = max(factor * reduction, minimum)
      coolingEpochs = cooldown
      epochsWithoutGain = 0
    }
  }

  private func isGain(_ metric: Double) -> Bool {
    guard let best else { return !metric.isNaN }
    return switch goal {
    case .minimum: metric < best * (1 - threshold)
    case .maximum: metric > best * (1 + threshold)
    }
  }

  /// The rate for an optimiser whose own rate is `base`.
  public func learningRate(base: Float) -> Float { Float(Double(base) * factor) }
}
