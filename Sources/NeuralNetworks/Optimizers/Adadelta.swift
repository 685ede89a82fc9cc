public import Tensors

/// Adadelta (Zeiler 2012), as `torch.optim.Adadelta`.
public final class Adadelta: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Decay rate of both averages, ρ.
  public let decay: Float
  /// Added to the averages under their roots.
  public let epsilon: Float
  /// L2 penalty, added to the gradients.
  public let weightDecay: Float
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with PyTorch's defaults.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 1, decay: Float = 0.9, epsilon: Float = 1e-6,
    weightDecay: Float = 0
  ) {
    memory = OptimizerMemory(parameters, slots: ["square_avg", "acc_delta"])
    self.learningRate = learningRate
    (self.decay, self.epsilon, self.weightDecay) = (decay, epsilon, weightDecay)
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate, weightDecay: .gradient(weightDecay), rows: .never
    ) { _, rate in
      .adadelta(rate: rate, decay: decay, epsilon: epsilon)
    }
  }

  /// Averages of the squared gradients and changes.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
