import FoundationEssentials
public import NeuralNetworks
import Tensors
public import TextProcessing
public import Training
import VocabularyStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How a text classifier is made from labelled texts.
public struct TextClassifierTrainingOptions: Sendable {
  /// The network.
  public var network = TextNetworkOptions(.cnn)
  /// The loop.
  public var training = TrainingOptions()
  /// What is minimised.
  public var loss = ClassificationLoss()
  /// Whether classes count alike however many texts they have: each text with the weight N / (K · texts of its class).
  public var balancesClasses = false
  /// How texts are divided.
  public var tokenizer: TokenizerSettings
  /// Tokens that occur less often in the training texts are unknown.
  public var minimumCount = 2
  /// Tokens of the vocabulary, at most.
  public var maximumVocabulary = 30_000
  /// Tokens of a text that are read, at most; `nil` is 400 for recurrent networks and 4096 for convolutions.
  public var maximumLength: Int?
  /// Share of the training texts that validates, where no validation texts are given.
  public var validationShare = 0.1

  /// Lower-cased words, and the defaults of the other options.
  public init() {
    tokenizer = TokenizerSettings()
    tokenizer.lowercase = true
  }
}

/// Makes a text classifier from labelled texts: vocabulary, ids, batches, network, training.
public struct TextClassifierTraining: Sendable {
  /// A trained model and how it came to be.
  public struct Outcome: Sendable {
    /// The best model.
    public let classifier: TextClassifier
    /// The epochs.
    public let history: TrainingHistory
  }

  /// What is known before the first step.
  public struct Plan: Sendable {
    /// Texts to learn from.
    public let trainingExamples: Int
    /// Texts to judge by.
    public let validationExamples: Int
    /// Their labels.
    public let labels: [String]
    /// Tokens of the vocabulary.
    public let vocabularySize: Int
    /// Share of the training tokens that the vocabulary has.
    public let coverage: Double
    /// The network, printed.
    public let network: String
  }

  /// How to train.
  public let options: TextClassifierTrainingOptions

  /// A training with some options.
  public init(_ options: TextClassifierTrainingOptions) { self.options = options }

  /// Trains one classifier.
  ///
  /// - Parameters:
  ///   - training: the texts to learn from; the vocabulary is made from those of them that are not held out.
  ///   - validation: the texts to judge epochs by; without them a part of the training texts is held out.
  ///   - checkpoint: a file in which the training is written down each minute, and that is removed when it has ended.
  ///   - isResuming: whether to go on from that file, where it is there, to the bit.
  ///   - planned: told once before the first step.
  ///   - keepBest: called with the model whenever it is the best so far, to save it. Its weights go on changing when the
  ///     call has returned.
  public func run(
    training: LabelledTexts, validation: LabelledTexts? = nil, checkpoint: String? = nil, isResuming: Bool = false,
    planned: (Plan) -> Void = { _ in }, shouldStop: () -> Bool = { false },
    report: (TrainingEvent) -> Void = { _ in }, keepBest: (TextClassifier) throws -> Void = { _ in }
  ) throws -> Outcome {
    let labels = try checkedLabels(training)
    let classes = try training.classes(of: labels)
    let random = RandomStream(seed: options.training.seed)
    let all = training.examples + (validation?.examples ?? [])
    let learning: [Int]
    let judging: [Int]
    if validation != nil {
      learning = Array(training.examples.indices)
      judging = Array(training.examples.count..<all.count)
    } else {
      (learning, judging) = StratifiedSplit.holdOut(
        options.validationShare, of: classes, random: random.split("validation"))
    }
    let allClasses = try classes + (validation?.classes(of: labels) ?? [])
    return try run(
      all.map(\.text), classes: allClasses, labels: labels, learning: learning, judging: judging,
      checkpoint: checkpoint.map { ($0, isResuming) }, planned: planned, shouldStop: shouldStop, report: report,
      keepBest: keepBest)
  }

  /// Cross-validation: trains `count` times on all folds but one and judges the model on that one, which training never
  /// sees (it holds out validation texts of its own). Returns the evaluation of each fold.
  public func crossValidate(
    _ texts: LabelledTexts, folds count: Int, shouldStop: () -> Bool = { false },
    report: (_ fold: Int, TrainingEvent) -> Void = { _, _ in },
    finished: (_ fold: Int, Evaluation) -> Void = { _, _ in }
  ) throws -> [Evaluation] {
    let labels = try checkedLabels(texts)
    let classes = try texts.classes(of: labels)
    guard count >= 2, count <= texts.examples.count / 2 else {
      throw TextModelError.tooFewExamples(count: texts.examples.count, folds: count)
    }
    let random = RandomStream(seed: options.training.seed)
    let folds = StratifiedSplit.folds(count, of: classes, random: random.split("folds"))
    var evaluations: [Evaluation] = []
    for (index, fold) in folds.enumerated() {
      if shouldStop() { break }
      let rest = folds.enumerated().filter { $0.offset != index }.flatMap(\.element)
      let (learning, judging) = StratifiedSplit.holdOut(
        options.validationShare, of: rest.map { classes[$0] }, random: random.split("validation"))
      let outcome = try run(
        texts.examples.map(\.text), classes: classes, labels: labels, learning: learning.map { rest[$0] },
        judging: judging.map { rest[$0] }, checkpoint: nil, planned: { _ in }, shouldStop: shouldStop,
        report: { report(index + 1, $0) }, keepBest: { _ in })
      if outcome.history.wasInterrupted { break }
      let evaluation = try outcome.classifier.evaluate(LabelledTexts(fold.map { texts.examples[$0] }))
      evaluations.append(evaluation)
      finished(index + 1, evaluation)
    }
    return evaluations
  }

  private func checkedLabels(_ texts: LabelledTexts) throws(TextModelError) -> [String] {
    guard let first = texts.examples.first else { throw .noExamples(source: "training data") }
    let labels = texts.labels
    guard labels.count > 1 else { throw .singleClass(label: labels[0], source: first.source) }
    return labels
  }

  private func run(
    _ texts: [String], classes: [Int32], labels: [String], learning: [Int], judging: [Int],
    checkpoint: (path: String, isResuming: Bool)?, planned: (Plan) -> Void, shouldStop: () -> Bool,
    report: (TrainingEvent) -> Void, keepBest: (TextClassifier) throws -> Void
  ) throws -> Outcome {
    let vocabulary = try makeVocabulary(learning.map { texts[$0] })
    let encoder = try TextEncoder(
      vocabulary: vocabulary, maximumLength: options.maximumLength ?? options.network.encoder.defaultMaximumLength)
    var encoded = EncodedTexts()
    for (text, label) in zip(texts, classes) { encoded.append(encoder.encode(text), class: label) }
    let configuration = TextClassifierConfiguration(
      vocabularySize: vocabulary.count, classCount: labels.count, options: options.network)
    if let fault = configuration.fault { throw TextModelError.impossibleNetwork(reason: fault) }
    let (needed, memory) = (configuration.trainingBytes, ProcessInfo.processInfo.physicalMemory)
    guard needed < memory else {
      throw TextModelError.impossibleNetwork(
        reason: "training this network takes \(needed >> 30) GB for its parameters alone, this machine has "
          + "\(memory >> 30) GB")
    }
    let network = configuration.makeNetwork(
      random: RandomStream(seed: options.training.seed).split("weights"))
    var classifier = TextClassifier(
      encoder: encoder, network: network,
      description: ModelDescription(
        network: configuration, labels: labels, tokenizer: vocabulary.settings, maximumLength: encoder.maximumLength))
    classifier.description.training = .init(
      options: options.training, trainingExamples: learning.count, history: TrainingHistory())
    planned(
      Plan(
        trainingExamples: learning.count, validationExamples: judging.count, labels: labels,
        vocabularySize: vocabulary.count, coverage: encoded.coverage(of: learning, unknown: vocabulary.unknownID),
        network: network.description))
    var loss = options.loss
    if options.balancesClasses { loss.classWeights = encoded.balancedWeights(of: learning, classCount: labels.count) }
    let plan = checkpoint.map { path, isResuming in
      CheckpointPlan(
        path: path, fingerprint: fingerprint(of: encoded, learning, judging, labels), isResuming: isResuming)
    }
    let history = try TextClassifierTrainer(network: network, options: options.training, loss: loss).run(
      encoded, training: learning, validation: judging, labels: labels, checkpoints: plan, shouldStop: shouldStop,
      report: report,
      keepBest: { epoch in
        classifier.description.training?.history.epochs.append(epoch)
        try keepBest(classifier)
      })
    classifier.description.training?.history = history
    if let checkpoint, !history.wasInterrupted { unlink(checkpoint.path) }
    return Outcome(classifier: classifier, history: history)
  }

  /// What a checkpoint must agree with: the options and the ids of all texts.
  private func fingerprint(
    of texts: EncodedTexts, _ learning: [Int], _ judging: [Int], _ labels: [String]
  ) -> String {
    struct Settings: Encodable {
      let network: TextNetworkOptions
      let training: TrainingOptions
      let loss: ClassificationLoss
      let balancesClasses: Bool
      let labels: [String]
      let texts: UInt64
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let settings = Settings(
      network: options.network, training: options.training, loss: options.loss,
      balancesClasses: options.balancesClasses, labels: labels, texts: texts.fingerprint(of: learning, judging))
    return ((try? encoder.encode(settings)).map { String(decoding: $0, as: UTF8.self) }) ?? ""
  }

  private func makeVocabulary(_ texts: [String]) throws -> Vocabulary {
    let tokenizer = try Tokenizer(options.tokenizer)
    let workspace = tokenizer.makeWorkspace()
    var counter = VocabularyCounter()
    for text in texts {
      try tokenizer.tokenize(Array(text.utf8), with: workspace)
      for index in 0..<workspace.count { workspace.withUTF8(at: index) { counter.add($0) } }
    }
    return try counter.build(
      minimumCount: options.minimumCount, maximumSize: options.maximumVocabulary, settings: options.tokenizer)
  }
}
