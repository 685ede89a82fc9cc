import ModelFiles
public import NeuralNetworks
public import Tensors

/// What is trained: batches, their loss, and how the network is judged. It may be texts or images; the trainer does not know.
public struct TrainingTask<Batch> {
  /// The batches of an epoch (from 1), with the number of examples in each: a function of the epoch alone.
  public var batches: (_ epoch: Int) -> [(batch: Batch, examples: Int)]
  /// The mean loss of a batch.
  public var loss: (Batch) -> Tensor
  /// Judges the parameters as they are; without it every epoch counts as the best so far.
  public var validate: (() -> ValidationResult)?
  /// Called before the first step of an epoch (from 1), and before a training that was cut off within it goes on.
  public var willBegin: (_ epoch: Int) -> Void
  /// What goes from batch to batch beside the parameters, such as the states of a recurrent network, where something does.
  public var carriedState: CarriedState?

  /// Tensors by name that a checkpoint keeps for the task.
  public struct CarriedState {
    /// As they are after a step.
    public var save: () -> [String: Tensor]
    /// Takes them back before a training that was cut off goes on.
    public var restore: ([String: Tensor]) -> Void

    /// A way to keep them and one to take them back.
    public init(save: @escaping () -> [String: Tensor], restore: @escaping ([String: Tensor]) -> Void) {
      (self.save, self.restore) = (save, restore)
    }
  }

  /// A task.
  public init(
    batches: @escaping (_ epoch: Int) -> [(batch: Batch, examples: Int)], loss: @escaping (Batch) -> Tensor,
    validate: (() -> ValidationResult)?, willBegin: @escaping (_ epoch: Int) -> Void = { _ in }
  ) {
    (self.batches, self.loss, self.validate, self.willBegin) = (batches, loss, validate, willBegin)
  }
}

/// Runs steps and epochs on the parameters of one network.
public final class Trainer {
  /// How to train.
  public let options: TrainingOptions
  private let parameters: [(name: String, parameter: Parameter)]
  private let buffers: [(name: String, buffer: Buffer)]
  private let optimizer: any Optimizer
  /// The rate that the schedule multiplies.
  var baseLearningRate: Float
  private let random: RandomStream
  private var average: ParameterAverage?
  private var state = TrainingState()
  private var schedule = LearningRateSchedule.constant
  /// What was last seen to be good, for a training that diverges.
  private var goodValues: [Tensor] = []

  /// A trainer for a network.
  ///
  /// - Parameter groups: its parameters in groups with rates and penalties of their own; all alike unless given.
  public init(_ network: any Module, options: TrainingOptions, groups: [ParameterGroup]? = nil) {
    self.options = options
    parameters = network.namedParameters
    buffers = network.namedBuffers
    optimizer = options.optimizer.makeOptimizer(
      groups ?? [ParameterGroup(parameters: parameters.map(\.parameter))])
    baseLearningRate = options.optimizer.learningRate
    random = RandomStream(seed: options.seed).split("training")
    average = options.averageDecay.map { ParameterAverage(parameters.map(\.parameter), decay: $0) }
  }

  /// What became of one step.
  public enum StepOutcome: Sendable, Hashable {
    /// The loss before the step.
    case loss(Float)
    /// The loss or a gradient (of the parameter named, where one is) is infinite or not a number, and the parameters stay
    /// as they are.
    case notFinite(parameter: String?)
  }

  /// One step: losses, gradients, clipping, optimiser.
  ///
  /// - Parameter parts: losses whose gradients make the step together, each times its share.
  public func step(_ parts: [(share: Float, loss: () -> Tensor)]) -> StepOutcome {
    state.stepCount += 1
    let random = random.split(state.stepCount)
    optimizer.learningRate = Float(
      Double(baseLearningRate) * schedule.factor(at: state.stepCount - 1) * state.plateau.factor)
    precondition(!parts.isEmpty, "step: there is no loss")
    var sum: Float = 0
    var gradients = Gradients()
    for (index, part) in parts.enumerated() {
      let (loss, own) = GradientTape.record(random: index == 0 ? random : random.split(index)) {
        part.share == 1 ? part.loss() : part.loss() * part.share
      }
      sum += loss.scalar
      gradients.add(own)
    }
    guard sum.isFinite, gradients.globalNorm.isFinite, optimizer.step(gradients, clipping: options.clipping) else {
      return .notFinite(parameter: firstFault(gradients))
    }
    average?.update(step: state.stepCount)
    return .loss(sum)
  }

  /// A parameter whose gradient is at fault: the first, as data flows, unless its value was at fault before.
  private func firstFault(_ gradients: Gradients) -> String? {
    parameters.first { gradients[$0.parameter]?.isFinite == false || !$0.parameter.value.isFinite }?.name
  }

  /// Trains until the last epoch, until validation stops improving, or until somebody wants to stop. The network has the
  /// best parameters then.
  ///
  /// - Parameters:
  ///   - checkpoints: where the training is written down, and whether it goes on from there.
  ///   - shouldStop: asked after each step.
  ///   - report: told after each step and each epoch.
  ///   - keepBest: called when the parameters are the best so far, or after each epoch where the last are to be kept.
  /// - Throws: ``TrainingError``, and what `keepBest` throws.
  public func run<Batch>(
    _ task: TrainingTask<Batch>, checkpoints: CheckpointPlan? = nil, shouldStop: () -> Bool = { false },
    report: (TrainingEvent) -> Void = { _ in }, keepBest: (EpochReport) throws -> Void = { _ in }
  ) throws -> TrainingHistory {
    var best = values
    if let checkpoints, checkpoints.isResuming, let resumed = try resume(checkpoints) {
      best = resumed.best
      task.carriedState?.restore(resumed.carried)
      report(.resumed(epoch: state.epoch, batchesDone: state.batchesDone))
    }
    goodValues = values
    var lastCheckpoint = ContinuousClock.now
    while state.epoch <= max(1, options.epochs), !isPatienceAtEnd {
      task.willBegin(state.epoch)
      let plan = task.batches(state.epoch)
      let stepsPerEpoch = (plan.count + options.accumulatedBatches - 1) / max(1, options.accumulatedBatches)
      schedule = options.schedule.schedule(steps: stepsPerEpoch * max(1, options.epochs))
      let examples = plan.reduce(0) { $0 + $1.examples }
      let start = ContinuousClock.now
      let secondsBefore = state.seconds
      while state.batchesDone < plan.count {
        try take(task, plan)
        state.seconds = secondsBefore + start.secondsToNow
        report(.progress(progress(examples: examples)))
        // A whole epoch is judged before training ends.
        guard state.batchesDone < plan.count else { break }
        if shouldStop() {
          try checkpoints.map { try write($0, best: best, task.carriedState) }
          return try finish(best, interrupted: true)
        }
        if let checkpoints, lastCheckpoint.secondsToNow >= checkpoints.interval {
          try write(checkpoints, best: best, task.carriedState)
          lastCheckpoint = .now
        }
      }
      do {
        try withJudgedValues {
          let result = judge(task)
          if let validation = result.validation, !(validation.value.isFinite && validation.loss.isFinite) {
            throw TrainingError.diverged(
              epoch: state.epoch, step: plan.count, parameter: nil, learningRate: optimizer.learningRate)
          }
          if result.isBest || options.keepsLast {
            try keepBest(result)
            best = values
          }
          state.history.epochs.append(result)
          report(.epoch(result))
        }
      } catch let error as TrainingError {
        if case .diverged = error { values = goodValues }
        throw error
      }
      (state.epoch, state.batchesDone) = (state.epoch + 1, 0)
      (state.lossSum, state.examplesDone, state.seconds) = (0, 0, 0)
      goodValues = values
      if let checkpoints {
        try write(checkpoints, best: best, task.carriedState)
        lastCheckpoint = .now
      }
      if shouldStop(), state.epoch <= options.epochs, !isPatienceAtEnd { return try finish(best, interrupted: true) }
    }
    return try finish(best, interrupted: false)
  }

  private var isPatienceAtEnd: Bool { options.patience.map { state.epochsWithoutGain >= $0 } ?? false }

  /// One step on the next batches.
  private func take<Batch>(_ task: TrainingTask<Batch>, _ plan: [(batch: Batch, examples: Int)]) throws {
    let parts = plan[state.batchesDone..<min(plan.count, state.batchesDone + max(1, options.accumulatedBatches))]
    let examples = parts.reduce(0) { $0 + $1.examples }
    let outcome = step(
      parts.map { part in (Float(part.examples) / Float(max(examples, 1)), { task.loss(part.batch) }) })
    switch outcome {
    case .loss(let loss):
      state.lossSum += Double(loss) * Double(examples)
      state.examplesDone += examples
      state.batchesDone += parts.count
    case .notFinite(let parameter):
      values = goodValues
      throw TrainingError.diverged(
        epoch: state.epoch, step: state.batchesDone / max(1, options.accumulatedBatches) + 1, parameter: parameter,
        learningRate: optimizer.learningRate)
    }
  }

  private func judge<Batch>(_ task: TrainingTask<Batch>) -> EpochReport {
    let validation = task.validate?()
    let isBest = Self.isBetter(validation, than: state.history.best)
    state.epochsWithoutGain = isBest ? 0 : state.epochsWithoutGain + 1
    if options.schedule.kind == .plateau, let validation { state.plateau.update(validation.loss) }
    return EpochReport(
      epoch: state.epoch, trainingLoss: state.lossSum / Double(max(state.examplesDone, 1)), validation: validation,
      seconds: state.seconds, isBest: isBest)
  }

  private static func isBetter(_ validation: ValidationResult?, than best: EpochReport?) -> Bool {
    guard let validation, let best = best?.validation else { return true }
    return validation.isBetter(than: best)
  }

  private func progress(examples: Int) -> TrainingProgress {
    TrainingProgress(
      epoch: state.epoch, epochs: options.epochs, examplesDone: state.examplesDone, examples: examples,
      loss: state.lossSum / Double(max(state.examplesDone, 1)),
      rate: Double(state.examplesDone) / max(state.seconds, 1e-9), learningRate: optimizer.learningRate)
  }

  /// The values of the parameters and then of the buffers now, which stay as they are when those change.
  private var values: [Tensor] {
    get { parameters.map { $0.parameter.value } + buffers.map { $0.buffer.value } }
    set {
      for ((_, parameter), value) in zip(parameters, newValue) { parameter.value = value }
      for ((_, buffer), value) in zip(buffers, newValue.dropFirst(parameters.count)) { buffer.value = value }
    }
  }

  /// With the running average in place of the parameters, where there is one.
  private func withJudgedValues(_ body: () throws -> Void) throws {
    guard let average else { return try body() }
    let own = values
    average.apply()
    defer { values = own }
    try body()
  }

  private func finish(_ best: [Tensor], interrupted: Bool) throws -> TrainingHistory {
    values = best
    state.history.wasInterrupted = interrupted
    return state.history
  }
}

// MARK: - Checkpoints

extension Trainer {
  private func write<Batch>(
    _ plan: CheckpointPlan, best: [Tensor], _ carried: TrainingTask<Batch>.CarriedState?
  ) throws(TrainingError) {
    var checkpoint = TrainingCheckpoint(state: state, fingerprint: plan.fingerprint, tensors: [:])
    checkpoint.setPart("weights", named(values))
    checkpoint.setPart("best", named(best))
    checkpoint.setPart("optimizer", optimizer.state)
    if let average { checkpoint.setPart("average", named(average.values)) }
    if let carried { checkpoint.setPart("carried", carried.save()) }
    do {
      try checkpoint.write(to: plan.path)
    } catch {
      throw .file(error)
    }
  }

  /// Takes over what is written down; gives the best values so far and what the task carries, or `nil` where there is no
  /// file.
  private func resume(
    _ plan: CheckpointPlan
  ) throws(TrainingError) -> (best: [Tensor], carried: [String: Tensor])? {
    let checkpoint: TrainingCheckpoint
    do {
      checkpoint = try TrainingCheckpoint(contentsOf: plan.path)
    } catch .missing {
      return nil
    } catch {
      throw .file(error)
    }
    func other(_ reason: String) -> TrainingError { .otherCheckpoint(path: plan.path, reason: reason) }
    guard checkpoint.fingerprint == plan.fingerprint else {
      throw other("it was written by a training with other data or options")
    }
    let shapes =
      parameters.map { (name: $0.name, shape: $0.parameter.shape) } + buffers.map { ($0.name, $0.buffer.shape) }
    func tensors(
      _ part: String, _ shapes: [(name: String, shape: [Int])]
    ) throws(TrainingError) -> [Tensor] {
      let values = checkpoint.part(part)
      var found: [Tensor] = []
      for (name, shape) in shapes {
        guard let value = values[name], value.shape == shape else {
          throw other("it does not hold \(part).\(name) of the shape \(shape)")
        }
        found.append(value)
      }
      return found
    }
    let (weights, best) = (try tensors("weights", shapes), try tensors("best", shapes))
    let averages = average == nil ? [] : try tensors("average", Array(shapes.prefix(parameters.count)))
    do {
      try optimizer.load(state: checkpoint.part("optimizer"))
    } catch {
      throw other(error.description)
    }
    values = weights
    average?.values = averages
    state = checkpoint.state
    return (best, checkpoint.part("carried"))
  }

  /// Values by the names of the parameters and buffers.
  private func named(_ values: [Tensor]) -> [String: Tensor] {
    Dictionary(zip(parameters.map(\.name) + buffers.map(\.name), values), uniquingKeysWith: { first, _ in first })
  }
}

extension ContinuousClock.Instant {
  /// Seconds since this instant.
  public var secondsToNow: Double {
    let duration = self.duration(to: .now).components
    return Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
  }
}
