public import ModelBundles
public import TextProcessing
public import Training

/// What `model.json` says of a model.
public struct ModelDescription: Sendable, BundleDescription {
  /// How a model was trained.
  public struct TrainingRecord: Sendable, Codable {
    /// Options of the training loop.
    public var options: TrainingOptions
    /// What was minimised.
    public var head: TextHead
    /// Number of training texts.
    public var trainingExamples: Int
    /// The epochs.
    public var history: TrainingHistory

    private enum CodingKeys: String, CodingKey {
      case options, head
      case trainingExamples = "training_examples"
      case history
    }
  }

  /// The version that this program writes and the latest that it reads.
  public static let currentFormat = 3
  /// Earlier ones knew one task only.
  public static let oldestFormat = 3

  /// Version of the format.
  public var format = ModelDescription.currentFormat
  /// What the model does.
  public var task: TextTask
  /// Shapes and computation.
  public var network: TextNetworkConfiguration
  /// Names of the labels, in the order of the outputs; none where the model says a number.
  public var labels: [String]
  /// Probability from which on a model that gives any number of labels gives one.
  public var threshold: Double?
  /// The scale of a model's numbers.
  public var scale: ValueScale?
  /// How texts are divided; the same as in the vocabulary.
  public var tokenizer: TokenizerSettings
  /// Tokens of a text that are read.
  public var maximumLength: Int
  /// Of the other files of the bundle.
  public var checksums = BundleChecksums()
  /// How it was trained.
  public var training: TrainingRecord?

  private enum CodingKeys: String, CodingKey {
    case format, task, network, labels, threshold, scale, tokenizer
    case maximumLength = "maximum_length"
    case checksums, training
  }

  init(
    task: TextTask, network: TextNetworkConfiguration, labels: [String], threshold: Double?, scale: ValueScale?,
    tokenizer: TokenizerSettings, maximumLength: Int
  ) {
    self.task = task
    self.network = network
    self.labels = labels
    self.threshold = threshold
    self.scale = scale
    self.tokenizer = tokenizer
    self.maximumLength = maximumLength
  }

  /// What the scores stand for.
  var answers: TextAnswers { TextAnswers(labels: labels, threshold: threshold, scale: scale) }

  /// The number that a score stands for.
  func value(ofScore score: Float) -> Double { answers.value(ofScore: score) }

  /// Whether it is one of the tasks of ``TextTask``.
  public static func describes(task: String) -> Bool { TextTask(rawValue: task) != nil }

  /// What is wrong with it, if anything is; it may come from a file.
  public var fault: String? {
    if let fault = network.fault { return fault }
    let outputs = task == .regression ? 1 : labels.count
    guard outputs == network.outputSize, Set(labels).count == labels.count, task != .regression || labels.isEmpty
    else { return "the labels do not fit the number of outputs" }
    guard (task == .multiLabel) == (threshold != nil), (task == .regression) == (scale != nil) else {
      return "threshold or scale do not fit the task"
    }
    if let threshold, !(threshold > 0 && threshold < 1) { return "the threshold is \(threshold)" }
    if let scale, !(scale.mean.isFinite && scale.deviation > 0 && scale.deviation.isFinite) {
      return "the scale of the numbers is \(scale.mean) ± \(scale.deviation)"
    }
    return maximumLength > 0 ? nil : "the maximum length is \(maximumLength)"
  }
}
