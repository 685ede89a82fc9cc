public import Tensors

/// Adam (Kingma & Ba 2015), as PyTorch computes it.
///
/// Where a gradient is row-sparse (embeddings) only the rows that the step read are changed, with the bias correction
/// of the current step, as PyTorch's `SparseAdam` does: a step costs what it reads and not the size of the vocabulary.
public final class Adam: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Decay rates of the two moments.
  public let beta1: Float
  /// Decay rate of the second moment.
  public let beta2: Float
  /// Added to the root of the second moment.
  public let epsilon: Float
  /// L2 penalty, added to dense gradients.
  public let weightDecay: Float
  private let parameters: [Parameter]
  private var states: [AdamState?]
  private var stepCount = 0

  /// An optimiser for some parameters, with PyTorch's defaults.
  public init(
    _ parameters: [Parameter], learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: Float = 0
  ) {
    self.parameters = parameters
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    states = Array(repeating: nil, count: parameters.count)
  }

  /// One step.
  public func step(_ gradients: Gradients, gradientScale: Float) {
    stepCount += 1
    let options = AdamStep(
      step: stepCount, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      gradientScale: gradientScale, weightDecay: weightDecay)
    for (index, parameter) in parameters.enumerated() where !parameter.isFrozen {
      guard let gradient = gradients[parameter] else { continue }
      var state = states[index] ?? AdamState(shape: parameter.shape)
      // Kept in one place only, so that it is changed without a copy.
      states[index] = nil
      parameter.update { value in state.update(&value, gradient, options) }
      states[index] = state
    }
  }
}
