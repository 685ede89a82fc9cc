public import Tensors

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), as `torch.optim.AdamW`.
///
/// Lazy as ``Adam`` is: with a row-sparse gradient the rows that the step did not read do not decay.
public final class AdamW: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Decay rate of the first moment.
  public let beta1: Float
  /// Decay rate of the second moment.
  public let beta2: Float
  /// Added to the root of the second moment.
  public let epsilon: Float
  /// Share of itself, times the learning rate, that a parameter loses with each step.
  public let weightDecay: Float
  /// Whether steps never grow by a second moment that shrinks (Reddi, Kale, Kumar 2018).
  public let usesAMSGrad: Bool
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with PyTorch's defaults.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: Float = 1e-2, usesAMSGrad: Bool = false
  ) {
    memory = OptimizerMemory(parameters, slots: ["exp_avg", "exp_avg_sq", usesAMSGrad ? "max_exp_avg_sq" : nil])
    self.learningRate = learningRate
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    (self.weightDecay, self.usesAMSGrad) = (weightDecay, usesAMSGrad)
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate, weightDecay: .decoupled(weightDecay), rows: .always
    ) { entry, rate in
      .adam(count: entry.stepCount, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
  }

  /// Moments.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
