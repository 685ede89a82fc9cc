public import Tensors

/// Stochastic gradient descent with momentum, as `torch.optim.SGD`.
public final class SGD: Optimizer {
  /// The step's size.
  public var learningRate: Float
  /// Share of the last step's velocity that is kept.
  public let momentum: Float
  /// L2 penalty, added to the gradients.
  public let weightDecay: Float
  private let parameters: [Parameter]
  private var velocities: [Tensor?]

  /// An optimiser for some parameters.
  public init(_ parameters: [Parameter], learningRate: Float, momentum: Float = 0, weightDecay: Float = 0) {
    self.parameters = parameters
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    velocities = Array(repeating: nil, count: parameters.count)
  }

  /// One step.
  public func step(_ gradients: Gradients, gradientScale: Float) {
    for (index, parameter) in parameters.enumerated() where !parameter.isFrozen {
      guard let gradient = gradients[parameter] else { continue }
      var velocity = velocities[index] ?? Tensor(zeros: parameter.shape)
      velocities[index] = nil
      let dense = gradient.tensor
      parameter.update { value in
        value.takeMomentumStep(
          &velocity, dense, rate: learningRate, momentum: momentum, gradientScale: gradientScale,
          weightDecay: weightDecay)
      }
      velocities[index] = velocity
    }
  }
}
