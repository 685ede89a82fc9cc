public import Tensors

/// RMSprop (Tieleman & Hinton 2012), as `torch.optim.RMSprop`.
public final class RMSprop: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Decay rate of the average of squares, α.
  public let decay: Float
  /// Added to the root of the average of squares.
  public let epsilon: Float
  /// Share of the last step's velocity that is kept.
  public let momentum: Float
  /// Whether the square of the average gradient is taken off (Graves 2013).
  public let isCentered: Bool
  /// L2 penalty, added to the gradients.
  public let weightDecay: Float
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with PyTorch's defaults.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 1e-2, decay: Float = 0.99, epsilon: Float = 1e-8,
    momentum: Float = 0, isCentered: Bool = false, weightDecay: Float = 0
  ) {
    memory = OptimizerMemory(
      parameters, slots: ["square_avg", momentum == 0 ? nil : "momentum_buffer", isCentered ? "grad_avg" : nil])
    self.learningRate = learningRate
    (self.decay, self.epsilon, self.momentum) = (decay, epsilon, momentum)
    (self.isCentered, self.weightDecay) = (isCentered, weightDecay)
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate, weightDecay: .gradient(weightDecay), rows: .never
    ) { _, rate in
      .rmsProp(rate: rate, decay: decay, momentum: momentum, epsilon: epsilon)
    }
  }

  /// Averages and velocities.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
