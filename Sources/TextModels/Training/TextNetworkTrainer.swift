public import NeuralNetworks
import Tensors
public import Training

/// Trains one network on ids. What makes ids of texts is ``TextModelTraining``.
public final class TextNetworkTrainer {
  /// The network in training.
  public let network: TextNetwork
  private let trainer: Trainer
  private let options: TrainingOptions
  private let loss: HeadLoss
  private let groups: [ParameterGroup]?

  /// A trainer for a network and a head. With Adam (the default), SGD and Adagrad a step changes only those rows of the
  /// embedding that the batch reads.
  ///
  /// - Parameters:
  ///   - targets: of all training texts, for what the head takes from them: weights of labels, the scale of numbers.
  ///   - scale: of the numbers that the network says; that of the targets unless given.
  ///   - groups: parameters with rates of their own; all alike unless given.
  public init(
    network: TextNetwork, options: TrainingOptions, head: TextHead = .singleLabel(), targets: TextTargets,
    scale: ValueScale? = nil, groups: [ParameterGroup]? = nil
  ) {
    self.network = network
    self.options = options
    self.groups = groups
    loss = HeadLoss(head, targets: targets, outputSize: network.output.weight.shape[0], scale: scale)
    trainer = Trainer(network, options: options, groups: groups)
  }

  /// One step on a batch with the target of each text. Returns the loss before the step; not a number when it, or a gradient,
  /// is none, and then the parameters stay as they are.
  public func step(_ batch: TokenBatch, targets: TextTargets) -> Float {
    switch trainer.step([(1, { self.loss(self.network.logits(batch), targets) })]) {
    case .loss(let loss): loss
    case .notFinite: .nan
    }
  }

  /// Trains on some texts and keeps the parameters that do best on others.
  ///
  /// - Parameters:
  ///   - texts: training and validation texts, and the target of each.
  ///   - training: which of them to learn from.
  ///   - validate: judges the network as it is; without it the last epoch counts as the best.
  ///   - checkpoints: where the training is written down, and whether it goes on from there.
  ///   - willBegin: called before the first step of an epoch (from 1).
  ///   - keepBest: called when the network is the best so far.
  func run(
    _ texts: EncodedTexts, _ targets: TextTargets, training: [Int], validate: (() -> ValidationResult)?,
    checkpoints: CheckpointPlan? = nil, willBegin: @escaping (Int) -> Void = { _ in },
    shouldStop: () -> Bool = { false }, report: (TrainingEvent) -> Void = { _ in },
    keepBest: (EpochReport) throws -> Void = { _ in }
  ) throws -> TrainingHistory {
    try trainer.run(
      task(texts, targets, training: training, validate: validate, willBegin: willBegin), checkpoints: checkpoints,
      shouldStop: shouldStop, report: report, keepBest: keepBest)
  }

  /// How the loss goes when the learning rate rises; the network stays as it is.
  func sweepLearningRates(
    _ texts: EncodedTexts, _ targets: TextTargets, training: [Int], shouldStop: () -> Bool
  ) -> LearningRateSweep {
    LearningRateFinder().run(
      network, task(texts, targets, training: training, validate: nil, willBegin: { _ in }), options: options,
      groups: groups, shouldStop: shouldStop)
  }

  private func task(
    _ texts: EncodedTexts, _ targets: TextTargets, training: [Int], validate: (() -> ValidationResult)?,
    willBegin: @escaping (Int) -> Void
  ) -> TrainingTask<[Int]> {
    let random = RandomStream(seed: options.seed).split("batches")
    return TrainingTask(
      batches: { epoch in
        BatchPlan.shuffled(
          training, batchSize: self.options.batchSize, random: random.split(epoch), length: texts.length
        ).map { ($0, $0.count) }
      },
      loss: { indices in self.loss(self.network.logits(texts.batch(indices)), targets[indices]) },
      validate: validate, willBegin: willBegin)
  }
}
