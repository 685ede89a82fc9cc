import FoundationEssentials
import NeuralNetworks
import Tensors
public import TextProcessing
public import Training
import VocabularyStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How a language model is made from texts.
public struct LanguageModelTrainingOptions: Sendable, Hashable, Codable {
  /// The network.
  public var network = LanguageModelOptions()
  /// The loop; its batch size is B, the streams that are read side by side.
  public var training: TrainingOptions
  /// T, the words through which gradients go back.
  public var windowLength = 35
  /// How texts are divided.
  public var tokenizer = TokenizerSettings()
  /// Words that occur less often in the training texts are unknown.
  public var minimumCount = 1
  /// Words of the vocabulary, at most.
  public var maximumVocabulary = 30_000

  /// Plain gradient descent from a rate of 20 on, halved after an epoch without a gain, as language models are trained
  /// since Mikolov et al. (2010).
  public init() {
    training = TrainingOptions()
    training.epochs = 15
    training.batchSize = 20
    training.optimizer = OptimizerOptions(.sgd, learningRate: 20)
    training.clipping = .norm(0.25)
    training.schedule = ScheduleOptions(.plateau)
  }

  /// What is wrong with the options, if anything is.
  var fault: String? {
    if !(1...100_000).contains(windowLength) { return "a window of \(windowLength) words; 1 to 100000 are possible" }
    return network.fault
  }
}

/// Makes a language model from texts: vocabulary, ids, network, training.
///
///     let model = try LanguageModelTraining(LanguageModelTrainingOptions())
///       .run(training: lines, validation: others).model
///     print(model.evaluate(test).perplexity)
public struct LanguageModelTraining: Sendable {
  /// A trained model and how it came to be.
  public struct Outcome: Sendable {
    /// The best model.
    public let model: LanguageModel
    /// The epochs.
    public let history: TrainingHistory
  }

  /// What is known before the first step.
  public struct Plan: Sendable {
    /// Words to learn from, the ends of texts counted.
    public let trainingWords: Int
    /// Words to judge by.
    public let validationWords: Int
    /// Words of the vocabulary.
    public let vocabularySize: Int
    /// The network, printed.
    public let network: String
  }

  /// How to train.
  public let options: LanguageModelTrainingOptions

  /// A training with some options.
  public init(_ options: LanguageModelTrainingOptions) { self.options = options }

  /// Trains a model.
  ///
  /// - Parameters:
  ///   - training: texts to learn from, which follow each other.
  ///   - validation: texts to judge epochs by.
  ///   - checkpoint: a file in which the training is written down each minute, and that is removed when it has ended.
  ///   - isResuming: whether to go on from that file, where it is there, to the bit.
  ///   - planned: told once before the first step.
  ///   - keepBest: called with the model whenever it is the best so far, to save it. Its weights go on changing when the
  ///     call has returned.
  /// - Throws: ``TextModelError``, `TrainingError`, and what `keepBest` throws.
  public func run(
    training: some Collection<String>, validation: some Collection<String>, checkpoint: String? = nil,
    isResuming: Bool = false, planned: (Plan) -> Void = { _ in }, shouldStop: () -> Bool = { false },
    report: (TrainingEvent) -> Void = { _ in }, keepBest: (LanguageModel) throws -> Void = { _ in }
  ) throws -> Outcome {
    if let fault = options.fault { throw TextModelError.impossibleNetwork(reason: fault) }
    guard !training.isEmpty else { throw TextModelError.noExamples(source: "training data") }
    guard !validation.isEmpty else { throw TextModelError.noExamples(source: "validation data") }
    let vocabulary = try TrainingMaterial.makeVocabulary(
      training, options.tokenizer, minimumCount: options.minimumCount, maximumSize: options.maximumVocabulary,
      reserved: LanguageModel.reservedTokens)
    let random = RandomStream(seed: options.training.seed).split("weights")
    try checkMemory(
      LanguageModelNetwork(vocabularySize: vocabulary.count, options.network, random: nil).parameterCount)
    let network = LanguageModelNetwork(vocabularySize: vocabulary.count, options.network, random: random)
    var model = try LanguageModel(
      vocabulary: vocabulary, network: network,
      description: LanguageModelDescription(
        network: options.network, vocabularySize: vocabulary.count, tokenizer: options.tokenizer))
    let ids = model.encode(training)
    let judging = model.encode(validation)
    let streams = TokenStreams(ids, count: options.training.batchSize, windowLength: options.windowLength)
    planned(
      Plan(
        trainingWords: ids.count - 1, validationWords: judging.count - 1, vocabularySize: vocabulary.count,
        network: network.description))
    let plan = checkpoint.map { path in
      CheckpointPlan(path: path, fingerprint: fingerprint(ids, judging), isResuming: isResuming)
    }
    let trainer = LanguageModelTrainer(network: network, streams: streams, options: options.training)
    let history = try trainer.run(
      validate: { network.evaluate(judging, unknownID: vocabulary.unknownID).validation }, checkpoints: plan,
      shouldStop: shouldStop, report: report,
      keepBest: { epoch in
        model.description.training = (model.description.training ?? TrainingHistory()).appending(epoch)
        try keepBest(model)
      })
    model.description.training = history
    if let checkpoint, !history.wasInterrupted { unlink(checkpoint) }
    return Outcome(model: model, history: history)
  }

  /// What a checkpoint must agree with.
  private func fingerprint(_ texts: [Int32]...) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for text in texts {
      for id in text + [-1] { hash = (hash ^ UInt64(UInt32(bitPattern: id))) &* 0x100_0000_01B3 }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let settings = (try? encoder.encode(options)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return "\(settings) \(hash)"
  }
}

/// Trains one network on streams of ids. What makes ids of texts is ``LanguageModelTraining``.
public final class LanguageModelTrainer {
  /// The network in training.
  public let network: LanguageModelNetwork
  private let streams: TokenStreams
  private let trainer: Trainer
  /// Behind the window before; `nil` before the first one of an epoch.
  private var states: [RecurrentStates]?

  /// A trainer of a network on some streams.
  public init(network: LanguageModelNetwork, streams: TokenStreams, options: TrainingOptions) {
    (self.network, self.streams) = (network, streams)
    trainer = Trainer(network, options: options)
  }

  /// One step on a window; windows are to be given in their order, from 0 on in each epoch. Returns the loss before the
  /// step; not a number when it, or a gradient, is none, and then the parameters stay as they are.
  public func step(_ index: Int) -> Float {
    switch trainer.step([(1, { self.loss(ofWindow: index) })]) {
    case .loss(let loss): loss
    case .notFinite: .nan
    }
  }

  private func loss(ofWindow index: Int) -> Tensor {
    if index == 0 { states = nil }
    let (loss, next) = network.loss(streams.window(index), states: states)
    states = next.map(\.detached)
    return loss
  }

  func run(
    validate: @escaping () -> ValidationResult, checkpoints: CheckpointPlan?, shouldStop: () -> Bool,
    report: (TrainingEvent) -> Void, keepBest: (EpochReport) throws -> Void
  ) throws -> TrainingHistory {
    var task = TrainingTask<Int>(
      batches: { _ in (0..<self.streams.windowCount).map { ($0, self.streams.wordCount(ofWindow: $0)) } },
      loss: loss(ofWindow:), validate: validate)
    task.carriedState = .init(
      save: { self.states?.namedTensors ?? [:] },
      restore: { self.states = [RecurrentStates](namedTensors: $0, like: self.network.recurrent) })
    return try trainer.run(
      task, checkpoints: checkpoints, shouldStop: shouldStop, report: report, keepBest: keepBest)
  }
}

extension [RecurrentStates] {
  /// The states of layers that read forwards, by name.
  fileprivate var namedTensors: [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (layer, states) in enumerated() {
      tensors["hidden.\(layer)"] = states.hidden[0]
      if let cell = states.cell.first { tensors["cell.\(layer)"] = cell }
    }
    return tensors
  }

  /// The same back; `nil` where a tensor is missing.
  fileprivate init?(namedTensors tensors: [String: Tensor], like layers: RecurrentLayers) {
    var states: [RecurrentStates] = []
    for layer in 0..<layers.layerCount {
      guard let hidden = tensors["hidden.\(layer)"] else { return nil }
      let cell = tensors["cell.\(layer)"]
      guard (cell != nil) == layers.kind.hasCellState else { return nil }
      states.append(RecurrentStates(hidden: [hidden], cell: cell.map { [$0] } ?? []))
    }
    self = states
  }
}
