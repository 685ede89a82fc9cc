public import NeuralNetworks
public import Tensors

/// Runs steps and epochs. It knows nothing of texts or images: batches and their loss come from outside.
public final class Trainer {
  /// How to train.
  public let options: TrainingOptions
  private let optimizer: any Optimizer
  private let random: RandomStream
  private var stepCount = 0

  /// A trainer for the parameters that `optimizer` was made with.
  public init(optimizer: any Optimizer, options: TrainingOptions) {
    self.optimizer = optimizer
    self.options = options
    random = RandomStream(seed: options.seed).split("training")
  }

  /// One step: loss, gradients, clipping, optimiser. Returns the loss before the step; not a number when the loss or a
  /// gradient is none, and then the parameters stay as they are.
  public func step<E: Error>(_ loss: () throws(E) -> Tensor) throws(E) -> Float {
    stepCount += 1
    let (value, gradients) = try GradientTape.record(random: random.split(stepCount), loss)
    let result = value.scalar
    guard result.isFinite, optimizer.step(gradients, maximumNorm: options.maximumGradientNorm) else { return .nan }
    return result
  }

  /// Trains until the last epoch, until validation stops improving, or until somebody wants to stop.
  ///
  /// - Parameters:
  ///   - batches: the batches of an epoch (from 1), with the number of examples in each.
  ///   - loss: the mean loss of a batch.
  ///   - validate: judges the parameters as they are; without it every epoch counts as the best so far.
  ///   - shouldStop: asked after each step.
  ///   - report: told after each step and each epoch.
  ///   - keepBest: called when the parameters are the best so far.
  public func run<Batch>(
    batches: (Int) -> [(batch: Batch, examples: Int)],
    loss: (Batch) -> Tensor,
    validate: (() -> Evaluation)?,
    shouldStop: () -> Bool = { false },
    report: (TrainingEvent) -> Void = { _ in },
    keepBest: (EpochReport) throws -> Void
  ) throws -> TrainingHistory {
    var history = TrainingHistory()
    var epochsWithoutGain = 0
    for epoch in 1...max(1, options.epochs) {
      let plan = batches(epoch)
      let examples = plan.reduce(0) { $0 + $1.examples }
      let start = ContinuousClock.now
      var lossSum = 0.0
      var done = 0
      for (index, part) in plan.enumerated() {
        let value = step { loss(part.batch) }
        guard value.isFinite else {
          throw TrainingError.diverged(epoch: epoch, step: index + 1, learningRate: optimizer.learningRate)
        }
        lossSum += Double(value) * Double(part.examples)
        done += part.examples
        let seconds = start.secondsToNow
        report(
          .progress(
            TrainingProgress(
              epoch: epoch, epochs: options.epochs, examplesDone: done, examples: examples,
              loss: lossSum / Double(done), rate: Double(done) / max(seconds, 1e-9))))
        // A whole epoch is judged before training ends.
        if index + 1 < plan.count, shouldStop() {
          history.wasInterrupted = true
          return history
        }
      }
      let seconds = start.secondsToNow
      let validation = validate?()
      let isBest = Self.isBetter(validation, than: history.best)
      let result = EpochReport(
        epoch: epoch, trainingLoss: lossSum / Double(max(done, 1)), validation: validation, seconds: seconds,
        isBest: isBest)
      if isBest { try keepBest(result) }
      history.epochs.append(result)
      report(.epoch(result))
      epochsWithoutGain = isBest ? 0 : epochsWithoutGain + 1
      if let patience = options.patience, epochsWithoutGain >= patience { break }
      if shouldStop() {
        history.wasInterrupted = true
        break
      }
    }
    return history
  }

  /// Higher accuracy, and the lower loss among equals.
  private static func isBetter(_ validation: Evaluation?, than best: EpochReport?) -> Bool {
    guard let validation, let best = best?.validation else { return true }
    return (validation.accuracy, -validation.loss) > (best.accuracy, -best.loss)
  }
}

extension ContinuousClock.Instant {
  /// Seconds since this instant.
  public var secondsToNow: Double {
    let duration = self.duration(to: .now).components
    return Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
  }
}
