/// One rise and one fall over a whole training (Smith & Topin 2018, `torch.optim.lr_scheduler.OneCycleLR`). The peak is 1,
/// so that the optimiser's own rate is the largest.
public struct OneCycle: Sendable, Hashable, Codable {
  /// How the rate goes from one value to the next.
  public enum Shape: String, Sendable, Hashable, Codable, CaseIterable {
    /// Half a cosine.
    case cosine
    /// A straight line.
    case linear
  }

  /// Steps of the training.
  public var steps: Int
  /// The share of them in which the rate rises.
  public var risingShare: Double
  /// The first rate is 1 / this.
  public var startDivisor: Double
  /// The last rate is the first / this.
  public var endDivisor: Double
  /// How the rate goes from one value to the next.
  public var shape: Shape
  /// Whether the fall is as long as the rise and ends at the first rate, with the rest of the steps for the way down.
  public var hasThreePhases: Bool

  /// A cycle with PyTorch's defaults.
  public init(
    steps: Int, risingShare: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4,
    shape: Shape = .cosine, hasThreePhases: Bool = false
  ) {
    self.steps = steps
    self.risingShare = risingShare
    (self.startDivisor, self.endDivisor) = (startDivisor, endDivisor)
    (self.shape, self.hasThreePhases) = (shape, hasThreePhases)
  }

  /// The factor of a step; that of the last one beyond the end.
  public func factor(at step: Int) -> Double {
    let last = Double(max(2, steps) - 1)
    let step = min(Double(max(0, step)), last)
    let start = 1 / startDivisor
    let end = start / endDivisor
    let top = risingShare * Double(max(2, steps)) - 1
    guard top > 0 else { return between(1, end, step / last) }
    if step <= top { return between(start, 1, step / top) }
    guard hasThreePhases else { return between(1, end, (step - top) / (last - top)) }
    let second = 2 * risingShare * Double(max(2, steps)) - 2
    if step <= second { return between(1, start, (step - top) / (second - top)) }
    return between(start, end, (step - second) / (last - second))
  }

  private func between(_ start: Double, _ end: Double, _ share: Double) -> Double {
    switch shape {
    case .cosine: LearningRateSchedule.annealed(share, start, end)
    case .linear: start + (end - start) * share
    }
  }
}
