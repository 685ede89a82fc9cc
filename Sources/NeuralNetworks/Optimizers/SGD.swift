public import Tensors

/// Stochastic gradient descent with momentum, as `torch.optim.SGD`.
///
/// Without momentum and penalties a row-sparse gradient changes only the rows that the step read.
public final class SGD: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Share of the last step's velocity that is kept.
  public let momentum: Float
  /// Share of the gradient that the velocity does not take; 0 in the usual momentum.
  public let dampening: Float
  /// Whether the step looks ahead along the velocity (Nesterov 1983; Sutskever et al. 2013).
  public let isNesterov: Bool
  /// L2 penalty, added to the gradients.
  public let weightDecay: Float
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float, momentum: Float = 0, dampening: Float = 0,
    isNesterov: Bool = false, weightDecay: Float = 0
  ) {
    precondition(!isNesterov || (momentum > 0 && dampening == 0), "SGD: Nesterov needs momentum and no dampening")
    memory = OptimizerMemory(parameters, slots: [momentum == 0 ? nil : "momentum_buffer"])
    self.learningRate = learningRate
    (self.momentum, self.dampening, self.isNesterov) = (momentum, dampening, isNesterov)
    self.weightDecay = weightDecay
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate, weightDecay: .gradient(weightDecay),
      rows: momentum == 0 ? .withoutPenalty : .never
    ) { entry, rate in
      // The first velocity is the gradient itself.
      .gradientDescent(
        rate: rate, momentum: momentum, velocityShare: entry.stepCount == 1 ? 1 : 1 - dampening,
        isNesterov: isNesterov)
    }
  }

  /// Velocities.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
