/// How a model is trained, whatever it is.
public struct TrainingOptions: Sendable, Hashable {
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

/// What a file does not name has its default.
extension TrainingOptions: Codable {
  private enum CodingKeys: String, CodingKey {
    case epochs
    case batchSize = "batch_size"
    case learningRate = "learning_rate"
    case maximumGradientNorm = "maximum_gradient_norm"
    case patience, seed
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    epochs = try values.decodeIfPresent(Int.self, forKey: .epochs) ?? epochs
    batchSize = try values.decodeIfPresent(Int.self, forKey: .batchSize) ?? batchSize
    learningRate = try values.decodeIfPresent(Float.self, forKey: .learningRate) ?? learningRate
    maximumGradientNorm = try values.decodeIfPresent(Float.self, forKey: .maximumGradientNorm)
    patience = try values.decodeIfPresent(Int.self, forKey: .patience)
    seed = try values.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
  }
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
