#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How the learning rate changes from step to step: a factor for each step, counted from 0.
///
/// A schedule is a function of the step alone, so that a training that goes on where another one stopped needs nothing
/// but the number of the step. A step is what the caller counts: a batch, or an epoch. Each case is the class of
/// `torch.optim.lr_scheduler` that it names, with rates as factors of the optimiser's own.
public indirect enum LearningRateSchedule: Sendable, Hashable, Codable {
  /// 1.
  case constant
  /// Multiplied by `factor` every `size` steps (`StepLR`).
  case step(size: Int, factor: Double)
  /// Multiplied by `factor` at each of the milestones (`MultiStepLR`).
  case multiStep(milestones: [Int], factor: Double)
  /// Multiplied by `factor` with each step (`ExponentialLR`).
  case exponential(factor: Double)
  /// Half a cosine from 1 to `minimum` over `steps` steps, then back up, and so on (`CosineAnnealingLR`).
  case cosine(steps: Int, minimum: Double = 0)
  /// Half a cosine from 1 to `minimum` over `period` steps, then from 1 again, each period `growth` times as long as the
  /// one before (Loshchilov & Hutter 2017, `CosineAnnealingWarmRestarts`).
  case cosineWithRestarts(period: Int, growth: Int = 1, minimum: Double = 0)
  /// Up to 1 and down to nearly nothing over the whole training (`OneCycleLR`); 1 stands for its `max_lr`.
  case oneCycle(OneCycle)
  /// Up and down between 1 and a peak, again and again (`CyclicLR`).
  case cyclic(TriangularCycle)
  /// From `start` to `end` over `steps` steps, and constant from there on (`LinearLR`).
  case linear(steps: Int, start: Double = 1, end: Double = 0)
  /// (1 - t / `steps`) to a power, and 0 from there on (`PolynomialLR`).
  case polynomial(steps: Int, power: Double = 1)
  /// From `start` to 1 over `steps` steps, then another schedule that begins there (`SequentialLR` of a `LinearLR` and
  /// that one).
  case warmUp(steps: Int, start: Double = 1.0 / 3, then: LearningRateSchedule)

  /// The factor of a step. Numbers of steps below 1 count as 1.
  public func factor(at step: Int) -> Double {
    let step = max(0, step)
    switch self {
    case .constant: return 1
    case .step(let size, let factor): return pow(factor, Double(step / max(1, size)))
    case .multiStep(let milestones, let factor): return pow(factor, Double(milestones.count { $0 <= step }))
    case .exponential(let factor): return pow(factor, Double(step))
    case .cosine(let steps, let minimum): return Self.annealed(Double(step) / Double(max(1, steps)), 1, minimum)
    case .cosineWithRestarts(let period, let growth, let minimum):
      return Self.annealed(Self.shareOfPeriod(step, period, growth), 1, minimum)
    case .oneCycle(let cycle): return cycle.factor(at: step)
    case .cyclic(let cycle): return cycle.factor(at: step)
    case .linear(let steps, let start, let end):
      return start + (end - start) * min(1, Double(step) / Double(max(1, steps)))
    case .polynomial(let steps, let power): return pow(max(0, 1 - Double(step) / Double(max(1, steps))), power)
    case .warmUp(let steps, let start, let next):
      let steps = max(1, steps)
      guard step < steps else { return next.factor(at: step - steps) }
      return start + (1 - start) * Double(step) / Double(steps)
    }
  }

  /// The rate of a step for an optimiser whose own rate is `base`.
  public func learningRate(at step: Int, base: Float) -> Float {
    Float(Double(base) * factor(at: step))
  }

  /// Between two values along half a cosine, for a share of [0, 1]; beyond 1 it goes back.
  static func annealed(_ share: Double, _ start: Double, _ end: Double) -> Double {
    end + (start - end) * (1 + cos(.pi * share)) / 2
  }

  /// How much of its period a step has behind it.
  private static func shareOfPeriod(_ step: Int, _ period: Int, _ growth: Int) -> Double {
    var (length, step) = (max(1, period), step)
    guard growth > 1 else { return Double(step % length) / Double(length) }
    while step >= length {
      step -= length
      length *= growth
    }
    return Double(step) / Double(length)
  }
}
