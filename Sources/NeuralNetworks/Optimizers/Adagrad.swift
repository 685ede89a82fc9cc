public import Tensors

/// Adagrad (Duchi, Hazan, Singer 2011), as `torch.optim.Adagrad`.
///
/// Without penalties a row-sparse gradient changes only the rows that the step read, which is what the definition says.
public final class Adagrad: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// The step's size is divided by 1 + this · (steps before).
  public let learningRateDecay: Float
  /// What the sums of squares start from.
  public let initialAccumulator: Float
  /// Added to the root of the sum of squares.
  public let epsilon: Float
  /// L2 penalty, added to the gradients.
  public let weightDecay: Float
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with PyTorch's defaults.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 1e-2, learningRateDecay: Float = 0,
    initialAccumulator: Float = 0, epsilon: Float = 1e-10, weightDecay: Float = 0
  ) {
    memory = OptimizerMemory(parameters, slots: ["sum"], initialValue: initialAccumulator)
    self.learningRate = learningRate
    (self.learningRateDecay, self.initialAccumulator, self.epsilon) = (learningRateDecay, initialAccumulator, epsilon)
    self.weightDecay = weightDecay
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate, weightDecay: .gradient(weightDecay), rows: .withoutPenalty
    ) { entry, rate in
      .adagrad(rate: rate / (1 + Float(entry.stepCount - 1) * learningRateDecay), epsilon: epsilon)
    }
  }

  /// Sums of squares.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
