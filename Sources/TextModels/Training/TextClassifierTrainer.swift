import NeuralNetworks
import Tensors
public import Training

/// Trains one network on ids. What makes ids of texts is ``TextClassifierTraining``.
public final class TextClassifierTrainer {
  /// The network in training.
  public let network: TextClassifierNetwork
  private let trainer: Trainer
  private let options: TrainingOptions

  /// A trainer with Adam, whose step changes only those rows of the embedding that the batch reads.
  public init(network: TextClassifierNetwork, options: TrainingOptions) {
    self.network = network
    self.options = options
    trainer = Trainer(
      optimizer: Adam(network.parameters, learningRate: options.learningRate), options: options)
  }

  /// One step on a batch with the class of each text. Returns the mean cross-entropy before the step.
  public func step(_ batch: TokenBatch, classes: [Int32]) -> Float {
    trainer.step { network.logits(batch).softmaxCrossEntropy(targets: classes) }
  }

  /// Trains on some texts and keeps the parameters that do best on others.
  ///
  /// - Parameters:
  ///   - texts: training and validation texts.
  ///   - training: which of them to learn from.
  ///   - validation: which of them to judge by; when empty the last epoch counts as the best.
  ///   - labels: names of the classes.
  ///   - keepBest: called when the network is the best so far.
  public func run(
    _ texts: EncodedTexts, training: [Int], validation: [Int], labels: [String],
    shouldStop: () -> Bool = { false }, report: (TrainingEvent) -> Void = { _ in },
    keepBest: (EpochReport) throws -> Void = { _ in }
  ) throws -> TrainingHistory {
    let random = RandomStream(seed: options.seed).split("batches")
    var best = network.stateDictionary
    let history = try trainer.run(
      batches: { epoch in
        BatchPlan.shuffled(
          training, batchSize: self.options.batchSize, random: random.split(epoch), length: texts.length
        ).map { ($0, $0.count) }
      },
      loss: { indices in
        let (batch, classes) = texts.batch(indices)
        return self.network.logits(batch).softmaxCrossEntropy(targets: classes)
      },
      validate: validation.isEmpty
        ? nil : { self.network.evaluate(texts, validation, labels: labels, batchSize: 128) },
      shouldStop: shouldStop, report: report,
      keepBest: { epoch in
        best = self.network.stateDictionary
        try keepBest(epoch)
      })
    // Its own values, which always fit.
    try network.load(best)
    return history
  }
}
