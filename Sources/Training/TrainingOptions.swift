/// How a model is trained, whatever it is.
public struct TrainingOptions: Sendable, Hashable, Codable {
  /// Passes over the training examples, at most.
  public var epochs = 10
  /// Examples of one step.
  public var batchSize = 32
  /// Adam's step size.
  public var learningRate: Float = 1e-3
  /// Gradients are scaled down to this norm over all parameters; `nil` leaves them.
  public var maximumGradientNorm: Float? = 5
  /// Epochs without a better validation accuracy after which training ends; `nil` goes on to the last.
  public var patience: Int? = 2
  /// Seed of the initial weights, the order of examples and dropout.
  public var seed: UInt64 = 1

  /// The defaults.
  public init() {}
}

/// Why training ended without a model.
public enum TrainingError: Error, Hashable, CustomStringConvertible {
  /// The loss is infinite or not a number.
  case diverged(epoch: Int, step: Int, learningRate: Float)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .diverged(let epoch, let step, let rate):
      "training diverged in epoch \(epoch), step \(step): the loss is not a number; try a learning rate below \(rate)"
    }
  }
}
