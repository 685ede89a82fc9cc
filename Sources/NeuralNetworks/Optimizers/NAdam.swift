public import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Adam with Nesterov's momentum (Dozat 2016), as `torch.optim.NAdam`.
public final class NAdam: Optimizer {
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
  /// How fast the momentum rises to its limit, ψ.
  public let momentumDecay: Float
  /// Whether parameters decay by themselves, as in ``AdamW``.
  public let decouplesWeightDecay: Bool
  private var memory: OptimizerMemory

  /// An optimiser for some parameters or groups of them, with PyTorch's defaults.
  public init(
    _ parameters: [some OptimizedParameters], learningRate: Float = 2e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: Float = 0, momentumDecay: Float = 4e-3, decouplesWeightDecay: Bool = false
  ) {
    memory = OptimizerMemory(parameters, slots: ["exp_avg", "exp_avg_sq"], keepsProduct: true)
    self.learningRate = learningRate
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    (self.weightDecay, self.momentumDecay, self.decouplesWeightDecay) = (
      weightDecay, momentumDecay, decouplesWeightDecay
    )
  }

  /// One step.
  @discardableResult
  public func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool {
    memory.step(
      gradients, clipping, learningRate: learningRate,
      weightDecay: decouplesWeightDecay ? .decoupled(weightDecay) : .gradient(weightDecay), rows: .never
    ) { entry, rate in
      let (now, next) = (momentum(entry.stepCount), momentum(entry.stepCount + 1))
      entry.product *= Float(now)
      return .nadam(
        count: entry.stepCount, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, momentum: now,
        nextMomentum: next, product: Double(entry.product))
    }
  }

  private func momentum(_ step: Int) -> Double {
    Double(beta1) * (1 - 0.5 * pow(0.96, Double(step) * Double(momentumDecay)))
  }

  /// Moments, and the products of the momenta.
  public var state: [String: Tensor] { memory.state }

  /// Goes on from there.
  public func load(state: [String: Tensor]) throws(OptimizerStateError) { try memory.load(state) }
}
