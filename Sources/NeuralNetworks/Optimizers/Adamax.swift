public import Tensors

/// Adam with the largest gradient in place of the second moment (Kingma & Ba 2015, section 7.1), as `torch.optim.Adamax`.
public final class Adamax: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Decay rate of the first moment.
  public let beta1: Float
  /// Decay rate of the largest gradient.
  public let beta2: Float
  /// Added to the size of each gradient.
  public let epsilon: Float
  /// L2 penalty, added to the gradients.
  public let weightDecay: Float
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with PyTorch's defaults.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 2e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: Float = 0
  ) {
    memory = OptimizerMemory(parameters, slots: ["exp_avg", "exp_inf"])
    self.learningRate = learningRate
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    self.weightDecay = weightDecay
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate, weightDecay: .gradient(weightDecay), rows: .never
    ) { entry, rate in
      .adamax(count: entry.stepCount, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
  }

  /// Moments.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
