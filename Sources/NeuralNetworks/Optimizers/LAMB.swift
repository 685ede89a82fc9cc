public import Tensors

/// LAMB (You et al. 2020): Adam's direction with decoupled weight decay, scaled for each parameter to the parameter's norm,
/// so that large batches train at large rates.
public final class LAMB: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Decay rate of the first moment.
  public let beta1: Float
  /// Decay rate of the second moment.
  public let beta2: Float
  /// Added to the root of the second moment.
  public let epsilon: Float
  /// Share of the parameter in the direction.
  public let weightDecay: Float
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with the defaults of the paper.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-6, weightDecay: Float = 1e-2
  ) {
    memory = OptimizerMemory(parameters, slots: ["exp_avg", "exp_avg_sq"])
    self.learningRate = learningRate
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    self.weightDecay = weightDecay
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate, weightDecay: .none, rows: .never
    ) { entry, rate in
      .lamb(
        count: entry.stepCount, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        decay: entry.group.weightDecay ?? weightDecay)
    }
  }

  /// Moments.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
