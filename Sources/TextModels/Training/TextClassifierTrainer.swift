import NeuralNetworks
import Tensors
public import Training

/// Trains one network on ids. What makes ids of texts is ``TextClassifierTraining``.
public final class TextClassifierTrainer {
  /// The network in training.
  public let network: TextClassifierNetwork
  private let trainer: Trainer
  private let options: TrainingOptions
  private let loss: ClassificationLoss

  /// A trainer for a network and a loss of its scores. With Adam (the default), SGD and Adagrad a step changes only those
  /// rows of the embedding that the batch reads.
  public init(
    network: TextClassifierNetwork, options: TrainingOptions, loss: ClassificationLoss = ClassificationLoss()
  ) {
    self.network = network
    self.options = options
    self.loss = loss
    trainer = Trainer(network, options: options)
  }

  /// One step on a batch with the class of each text. Returns the loss before the step; not a number when it, or a gradient,
  /// is none, and then the parameters stay as they are.
  public func step(_ batch: TokenBatch, classes: [Int32]) -> Float {
    switch trainer.step([(1, { self.loss(self.network.logits(batch), targets: classes) })]) {
    case .loss(let loss): loss
    case .notFinite: .nan
    }
  }

  /// Trains on some texts and keeps the parameters that do best on others.
  ///
  /// - Parameters:
  ///   - texts: training and validation texts.
  ///   - training: which of them to learn from.
  ///   - validation: which of them to judge by; when empty the last epoch counts as the best.
  ///   - labels: names of the classes.
  ///   - checkpoints: where the training is written down, and whether it goes on from there.
  ///   - keepBest: called when the network is the best so far.
  public func run(
    _ texts: EncodedTexts, training: [Int], validation: [Int], labels: [String], checkpoints: CheckpointPlan? = nil,
    shouldStop: () -> Bool = { false }, report: (TrainingEvent) -> Void = { _ in },
    keepBest: (EpochReport) throws -> Void = { _ in }
  ) throws -> TrainingHistory {
    let random = RandomStream(seed: options.seed).split("batches")
    let task = TrainingTask<[Int]>(
      batches: { epoch in
        BatchPlan.shuffled(
          training, batchSize: self.options.batchSize, random: random.split(epoch), length: texts.length
        ).map { ($0, $0.count) }
      },
      loss: { indices in
        let (batch, classes) = texts.batch(indices)
        return self.loss(self.network.logits(batch), targets: classes)
      },
      validate: validation.isEmpty
        ? nil : { self.network.evaluate(texts, validation, labels: labels, batchSize: 128) })
    return try trainer.run(
      task, checkpoints: checkpoints, shouldStop: shouldStop, report: report, keepBest: keepBest)
  }
}
