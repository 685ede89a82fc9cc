public import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Makes a text model from labelled texts: vocabulary, ids, batches, network, training.
///
///     let texts = try LabelledTexts(paths: ["train.tsv"], options: CorpusOptions())
///     let model = try TextModelTraining(TextModelTrainingOptions()).run(training: texts).model
///     try model.write(to: "model", replacing: false)
public struct TextModelTraining: Sendable {
  /// A trained model and how it came to be.
  public struct Outcome: Sendable {
    /// The best model.
    public let model: TextModel
    /// The epochs.
    public let history: TrainingHistory
  }

  /// What is known before the first step.
  public struct Plan: Sendable {
    /// Texts to learn from.
    public let trainingExamples: Int
    /// Texts to judge by.
    public let validationExamples: Int
    /// Their labels; none where the model is to say a number.
    public let labels: [String]
    /// Tokens of the vocabulary.
    public let vocabularySize: Int
    /// Share of the training tokens that the vocabulary has.
    public let coverage: Double
    /// Tokens of a text that are read.
    public let maximumLength: Int
    /// Texts that are longer.
    public let truncatedTexts: Int
    /// Tokens of the vocabulary that have a vector from elsewhere, where there are such vectors.
    public let pretrainedTokens: Int?
    /// The network, printed.
    public let network: String
  }

  /// How to train.
  public private(set) var options: TextModelTrainingOptions
  /// A model whose vocabulary and weights the training begins with, in place of new ones.
  public let start: TextModel?
  /// Vectors that the embedding begins with.
  public let vectors: PretrainedVectors?

  /// A training with some options.
  ///
  /// - Parameters:
  ///   - start: a model to train further. Its vocabulary, its network and its tokenizer take the place of those of the
  ///     options; where the texts have labels that it does not know, or none of one task for another, its output layer is
  ///     made anew.
  ///   - vectors: what the embedding begins with, whose size is the vectors' then; of no meaning beside `start`.
  public init(_ options: TextModelTrainingOptions, from start: TextModel? = nil, vectors: PretrainedVectors? = nil) {
    self.options = options
    self.start = start
    self.vectors = vectors
    if let vectors { self.options.network.embedding.size = vectors.size }
  }

  /// Trains one model.
  ///
  /// - Parameters:
  ///   - training: the texts to learn from; the vocabulary is made from those of them that are not held out.
  ///   - validation: the texts to judge epochs by; without them a part of the training texts is held out.
  ///   - checkpoint: a file in which the training is written down each minute, and that is removed when it has ended.
  ///   - isResuming: whether to go on from that file, where it is there, to the bit.
  ///   - planned: told once before the first step.
  ///   - keepBest: called with the model whenever it is the best so far, to save it. Its weights go on changing when the
  ///     call has returned.
  /// - Throws: ``TextModelError``, `TrainingError`, and what `keepBest` throws.
  public func run(
    training: LabelledTexts, validation: LabelledTexts? = nil, checkpoint: String? = nil, isResuming: Bool = false,
    planned: (Plan) -> Void = { _ in }, shouldStop: () -> Bool = { false },
    report: (TrainingEvent) -> Void = { _ in }, keepBest: (TextModel) throws -> Void = { _ in }
  ) throws -> Outcome {
    let material = try TrainingMaterial(options, start, vectors, training: training, validation: validation)
    var (model, pretrainedTokens) = try material.makeModel()
    let fineTuning = try FineTuning(options.fineTuning, model.network)
    planned(material.plan(model, pretrainedTokens: pretrainedTokens))
    let trainer = TextNetworkTrainer(
      network: model.network, options: options.training, head: options.head, targets: material.learningTargets,
      scale: material.scale, groups: fineTuning.groups)
    let plan = checkpoint.map { path in
      CheckpointPlan(path: path, fingerprint: material.fingerprint, isResuming: isResuming)
    }
    let history = try trainer.run(
      material.texts, material.targets, training: material.learning,
      validate: material.judging.isEmpty
        ? nil
        : {
          model.network.evaluate(
            material.texts, material.targets, material.judging, model.description, batchSize: 128
          ).validation
        },
      checkpoints: plan, willBegin: fineTuning.begin, shouldStop: shouldStop, report: report,
      keepBest: { epoch in
        model.description.training?.history.epochs.append(epoch)
        try keepBest(model)
      })
    model.description.training?.history = history
    if let checkpoint, !history.wasInterrupted { unlink(checkpoint) }
    return Outcome(model: model, history: history)
  }

  /// How the loss goes when the learning rate rises: a short training, of which nothing is kept.
  public func sweepLearningRates(
    training: LabelledTexts, shouldStop: () -> Bool = { false }
  ) throws -> LearningRateSweep {
    let material = try TrainingMaterial(options, start, vectors, training: training, validation: nil)
    let model = try material.makeModel().model
    let fineTuning = try FineTuning(options.fineTuning, model.network)
    return TextNetworkTrainer(
      network: model.network, options: options.training, head: options.head, targets: material.learningTargets,
      scale: material.scale, groups: fineTuning.groups
    ).sweepLearningRates(material.texts, material.targets, training: material.learning, shouldStop: shouldStop)
  }

  /// Cross-validation: trains `count` times on all folds but one and judges the model on that one, which training never
  /// sees (it holds out validation texts of its own). Returns the evaluation of each fold.
  public func crossValidate(
    _ texts: LabelledTexts, folds count: Int, shouldStop: () -> Bool = { false },
    report: (_ fold: Int, TrainingEvent) -> Void = { _, _ in },
    finished: (_ fold: Int, TextEvaluation) -> Void = { _, _ in }
  ) throws -> [TextEvaluation] {
    let folds = try texts.folds(count, task: options.head.task, seed: options.training.seed)
    var evaluations: [TextEvaluation] = []
    for (index, fold) in folds.enumerated() {
      if shouldStop() { break }
      let held = Set(fold)
      let rest = texts.selecting(texts.examples.indices.filter { !held.contains($0) })
      let outcome = try run(training: rest, shouldStop: shouldStop, report: { report(index + 1, $0) })
      if outcome.history.wasInterrupted { break }
      let evaluation = try outcome.model.evaluate(texts.selecting(fold)).evaluation
      evaluations.append(evaluation)
      finished(index + 1, evaluation)
    }
    return evaluations
  }
}
