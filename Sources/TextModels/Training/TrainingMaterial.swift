import FoundationEssentials
import NeuralNetworks
import Tensors
import TextProcessing
import Training
import VocabularyStore

/// What a training works with: ids and targets of all texts, which of them to learn from and which to judge by, labels
/// and vocabulary.
struct TrainingMaterial {
  let options: TextModelTrainingOptions
  let start: TextModel?
  let vectors: PretrainedVectors?
  let labels: [String]
  let encoder: TextEncoder
  let texts: EncodedTexts
  let targets: TextTargets
  let learning: [Int]
  let judging: [Int]

  private var task: TextTask { options.head.task }
  /// Targets of the texts to learn from.
  var learningTargets: TextTargets { targets[learning] }

  init(
    _ options: TextModelTrainingOptions, _ start: TextModel?, _ vectors: PretrainedVectors?, training: LabelledTexts,
    validation: LabelledTexts?
  ) throws {
    self.options = options
    self.start = start
    self.vectors = start == nil ? vectors : nil
    labels = try Self.labels(of: training, options, start)
    let own = try training.targets(options.head.task, labels: labels)
    if let validation {
      learning = Array(training.examples.indices)
      judging = Array(learning.count..<learning.count + validation.examples.count)
      targets = own + (try validation.targets(options.head.task, labels: labels))
    } else {
      (learning, judging) = try training.holdingOut(
        options.validationShare, task: options.head.task, seed: options.training.seed)
      targets = own
    }
    let all = (training.examples + (validation?.examples ?? [])).map(\.text)
    if let start {
      encoder = try TextEncoder(
        vocabulary: start.encoder.vocabulary, maximumLength: options.maximumLength ?? start.encoder.maximumLength)
    } else {
      encoder = try TextEncoder(
        vocabulary: Self.makeVocabulary(
          learning.lazy.map { all[$0] }, options.tokenizer, minimumCount: options.minimumCount,
          maximumSize: options.maximumVocabulary),
        maximumLength: options.maximumLength ?? options.network.encoder.defaultMaximumLength)
    }
    texts = encoder.encode(all)
  }

  /// The labels of the outputs: those of the model to start from where it knows all that the texts have.
  private static func labels(
    of texts: LabelledTexts, _ options: TextModelTrainingOptions, _ start: TextModel?
  ) throws(TextModelError) -> [String] {
    guard let first = texts.examples.first else { throw .noExamples(source: "training data") }
    let task = options.head.task
    if task == .regression { return [] }
    let labels = texts.labels
    guard !labels.isEmpty else { throw .noLabels(source: first.source) }
    if let start, start.task == task, Set(labels).isSubset(of: start.labels) { return start.labels }
    guard labels.count > 1 || task == .multiLabel else {
      throw .singleClass(label: labels[0], source: first.source)
    }
    return labels
  }

  /// The vocabulary of some texts.
  static func makeVocabulary(
    _ texts: some Sequence<String>, _ settings: TokenizerSettings, minimumCount: Int, maximumSize: Int,
    reserved: [String] = Vocabulary.defaultReservedTokens
  ) throws -> Vocabulary {
    let tokenizer = try Tokenizer(settings)
    let workspace = tokenizer.makeWorkspace()
    var counter = VocabularyCounter()
    for text in texts {
      try tokenizer.tokenize(text.utf8.span, with: workspace)
      for index in 0..<workspace.count { workspace.withUTF8(at: index) { counter.add($0) } }
    }
    return try counter.build(
      minimumCount: minimumCount, maximumSize: maximumSize, reserved: reserved, settings: settings)
  }

  /// The model before its first step: with new weights, those of the model to start from, or the vectors from elsewhere;
  /// and how many tokens have such a vector.
  func makeModel() throws(TextModelError) -> (model: TextModel, pretrainedTokens: Int?) {
    let configuration = TextNetworkConfiguration(
      vocabularySize: encoder.vocabulary.count, outputSize: task == .regression ? 1 : labels.count,
      options: start?.description.network.options ?? options.network)
    if let fault = configuration.fault { throw .impossibleNetwork(reason: fault) }
    try checkMemory(configuration.makeNetwork(random: nil).parameterCount)
    let random = RandomStream(seed: options.training.seed).split("weights")
    let network = configuration.makeNetwork(random: random)
    if let start { takeOver(start, into: network) }
    var pretrainedTokens: Int?
    if let vectors {
      let (rows, count) = vectors.table(for: encoder.vocabulary, random: random.split("vectors"))
      network.embedding.weight.value = rows
      network.embedding.fixed?.value = rows
      pretrainedTokens = count
    }
    var description = ModelDescription(
      task: task, network: configuration, labels: labels, threshold: threshold, scale: scale,
      tokenizer: encoder.vocabulary.settings, maximumLength: encoder.maximumLength)
    description.training = .init(
      options: options.training, head: options.head, trainingExamples: learning.count, history: TrainingHistory())
    return (TextModel(encoder: encoder, network: network, description: description), pretrainedTokens)
  }

  private var threshold: Double? {
    if case .multiLabel(let threshold, _) = options.head { threshold } else { nil }
  }

  /// The scale of the model's numbers: that of the output layer which is kept, or that of the training texts.
  var scale: ValueScale? {
    if keepsOutput, let scale = start?.description.scale { return scale }
    return if case .values(let values) = learningTargets { ValueScale(of: values) } else { nil }
  }

  /// Whether the model to start from says the same.
  private var keepsOutput: Bool { start.map { $0.task == task && $0.labels == labels } ?? false }

  /// Copies all weights, those of the output layer only where it says the same.
  private func takeOver(_ start: TextModel, into network: TextNetwork) {
    let values = start.network.stateDictionary
    for (name, parameter) in network.namedParameters {
      guard let value = values[name], value.shape == parameter.shape else { continue }
      if keepsOutput || !name.hasPrefix("output.") { parameter.value = value }
    }
    for (name, buffer) in network.namedBuffers {
      if let value = values[name], value.shape == buffer.value.shape { buffer.value = value }
    }
  }

  func plan(_ model: TextModel, pretrainedTokens: Int?) -> TextModelTraining.Plan {
    TextModelTraining.Plan(
      trainingExamples: learning.count, validationExamples: judging.count, labels: labels,
      vocabularySize: encoder.vocabulary.count,
      coverage: texts.coverage(of: learning, unknown: encoder.vocabulary.unknownID),
      maximumLength: encoder.maximumLength, truncatedTexts: texts.truncatedCount, pretrainedTokens: pretrainedTokens,
      network: model.network.description)
  }

  /// What a checkpoint must agree with: the options, the ids of all texts, and the weights to start from.
  var fingerprint: String {
    struct Settings: Encodable {
      let network: TextNetworkOptions
      let training: TrainingOptions
      let head: TextHead
      let fineTuning: FineTuningOptions
      let labels: [String]
      let texts: UInt64
      let start: String?
      let vectors: String?
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let settings = Settings(
      network: options.network, training: options.training, head: options.head, fineTuning: options.fineTuning,
      labels: labels, texts: texts.fingerprint(of: learning, judging, targets: targets),
      start: start?.description.checksums.weights, vectors: vectors?.name)
    return ((try? encoder.encode(settings)).map { String(decoding: $0, as: UTF8.self) }) ?? ""
  }
}

/// Refuses a network that this machine cannot train: its parameters, their gradients and the two moments of Adam.
func checkMemory(_ parameterCount: Int) throws(TextModelError) {
  let (needed, memory) = (
    parameterCount * MemoryLayout<Float>.size * 4, Int(clamping: ProcessInfo.processInfo.physicalMemory)
  )
  guard needed < memory else {
    throw .impossibleNetwork(
      reason: "training this network takes \(needed >> 30) GB for its parameters alone, this machine has "
        + "\(memory >> 30) GB")
  }
}
