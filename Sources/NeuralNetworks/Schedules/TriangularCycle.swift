#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A rate that goes up to a peak and down again in straight lines (Smith 2017, `torch.optim.lr_scheduler.CyclicLR`).
public struct TriangularCycle: Sendable, Hashable, Codable {
  /// What becomes of the peaks.
  public enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
    /// All are the same.
    case triangular
    /// Each rises half as much as the one before.
    case triangular2
  }

  /// The first peak, as a factor of the optimiser's own rate.
  public var peak: Double
  /// Steps up.
  public var risingSteps: Int
  /// Steps down; as many as up without a number.
  public var fallingSteps: Int?
  /// What becomes of the peaks.
  public var mode: Mode

  /// A cycle with PyTorch's defaults.
  public init(peak: Double, risingSteps: Int = 2000, fallingSteps: Int? = nil, mode: Mode = .triangular) {
    (self.peak, self.mode) = (peak, mode)
    (self.risingSteps, self.fallingSteps) = (risingSteps, fallingSteps)
  }

  /// The factor of a step.
  public func factor(at step: Int) -> Double {
    let up = max(1, risingSteps)
    let down = max(1, fallingSteps ?? up)
    let (cycle, position) = max(0, step).quotientAndRemainder(dividingBy: up + down)
    let height =
      position <= up ? Double(position) / Double(up) : Double(up + down - position) / Double(down)
    let scale = mode == .triangular ? 1 : pow(0.5, Double(cycle))
    return 1 + (peak - 1) * height * scale
  }
}
