public import Tensors

/// Adam (Kingma & Ba 2015), as `torch.optim.Adam`.
///
/// Lazy: with a row-sparse gradient only the rows that the step read change, with their moments and penalties and with
/// the bias correction of the current step, as in PyTorch's `SparseAdam`.
public final class Adam: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Decay rate of the first moment.
  public let beta1: Float
  /// Decay rate of the second moment.
  public let beta2: Float
  /// Added to the root of the second moment.
  public let epsilon: Float
  /// L2 penalty, added to the gradients.
  public let weightDecay: Float
  /// Whether steps never grow by a second moment that shrinks (Reddi, Kale, Kumar 2018).
  public let usesAMSGrad: Bool
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with PyTorch's defaults.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: Float = 0, usesAMSGrad: Bool = false
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
      gradients, clipping, learningRate: learningRate, weightDecay: .gradient(weightDecay), rows: .always
    ) { entry, rate in
      .adam(count: entry.stepCount, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
  }

  /// Moments.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
