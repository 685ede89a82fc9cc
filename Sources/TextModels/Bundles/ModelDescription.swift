public import TextProcessing
public import Training

/// What `model.json` says of a model.
public struct ModelDescription: Sendable, Codable {
  /// How a text classifier was trained.
  public struct TrainingRecord: Sendable, Codable {
    /// Options of the training loop.
    public var options: TrainingOptions
    /// Number of training texts.
    public var trainingExamples: Int
    /// The epochs.
    public var history: TrainingHistory

    private enum CodingKeys: String, CodingKey {
      case options
      case trainingExamples = "training_examples"
      case history
    }
  }

  /// The version that this program writes and the latest that it reads.
  public static let currentFormat = 2

  /// What the model does.
  public static let task = "text-classification"

  /// Version of the format.
  public var format = ModelDescription.currentFormat
  /// What the model does.
  public var task = ModelDescription.task
  /// Shapes and computation.
  public var network: TextClassifierConfiguration
  /// Names of the classes, in the order of the outputs.
  public var labels: [String]
  /// How texts are divided; the same as in the vocabulary.
  public var tokenizer: TokenizerSettings
  /// Tokens of a text that are read.
  public var maximumLength: Int
  /// Checksum of the weights.
  public var weightsChecksum = ""
  /// Fingerprint of the tokens of the vocabulary.
  public var vocabularyFingerprint = ""
  /// Checksum of the file of the vocabulary.
  public var vocabularyChecksum = ""
  /// How it was trained.
  public var training: TrainingRecord?

  private enum CodingKeys: String, CodingKey {
    case format, task, network, labels, tokenizer
    case maximumLength = "maximum_length"
    case weightsChecksum = "weights_checksum"
    case vocabularyFingerprint = "vocabulary_fingerprint"
    case vocabularyChecksum = "vocabulary_checksum"
    case training
  }

  init(network: TextClassifierConfiguration, labels: [String], tokenizer: TokenizerSettings, maximumLength: Int) {
    self.network = network
    self.labels = labels
    self.tokenizer = tokenizer
    self.maximumLength = maximumLength
  }
}
