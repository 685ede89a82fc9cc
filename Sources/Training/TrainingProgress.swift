/// Where training stands within an epoch.
public struct TrainingProgress: Sendable {
  /// The epoch, from 1.
  public let epoch: Int
  /// Epochs, at most.
  public let epochs: Int
  /// Examples seen in this epoch.
  public let examplesDone: Int
  /// Examples of an epoch.
  public let examples: Int
  /// Mean loss of this epoch so far.
  public let loss: Double
  /// Examples a second in this epoch.
  public let rate: Double
  /// Of the last step.
  public let learningRate: Float

  /// Seconds to the end of this epoch.
  public var remainingSeconds: Double {
    rate > 0 ? Double(examples - examplesDone) / rate : 0
  }

  /// Seconds to the end of the last epoch, time for validation left out.
  public var totalRemainingSeconds: Double {
    rate > 0 ? Double(examples * (epochs - epoch + 1) - examplesDone) / rate : 0
  }
}

/// What an epoch came to.
public struct EpochReport: Sendable, Hashable, Codable {
  /// The epoch, from 1.
  public let epoch: Int
  /// Mean loss over the training examples.
  public let trainingLoss: Double
  /// On the validation examples, where there are any.
  public let validation: ValidationResult?
  /// Training time, validation left out.
  public let seconds: Double
  /// Whether it is the best so far.
  public let isBest: Bool

  private enum CodingKeys: String, CodingKey {
    case epoch
    case trainingLoss = "training_loss"
    case validation, seconds
    case isBest = "is_best"
  }
}

/// What training tells while it runs.
public enum TrainingEvent: Sendable {
  /// The training goes on from a checkpoint, in this epoch (from 1), of which so many batches are done.
  case resumed(epoch: Int, batchesDone: Int)
  /// After each step.
  case progress(TrainingProgress)
  /// After each epoch.
  case epoch(EpochReport)
}

/// How training went.
public struct TrainingHistory: Sendable, Hashable, Codable {
  /// The epochs in their order.
  public var epochs: [EpochReport] = []
  /// Whether somebody asked to stop before the end.
  public var wasInterrupted = false

  /// Nothing yet.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case epochs
    case wasInterrupted = "was_interrupted"
  }

  /// The same with one epoch more.
  public func appending(_ epoch: EpochReport) -> TrainingHistory {
    var history = self
    history.epochs.append(epoch)
    return history
  }

  /// The epoch whose model was kept.
  public var best: EpochReport? { epochs.last(where: \.isBest) }
}
