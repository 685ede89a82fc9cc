public import ModelBundles
public import ModelFiles
public import TextProcessing
public import Training

/// What `model.json` says of a language model.
public struct LanguageModelDescription: Sendable, BundleDescription {
  /// The version that this program writes and the latest that it reads.
  public static let currentFormat = 1
  /// The oldest one.
  public static let oldestFormat = 1
  /// What the model does.
  public static let taskName = "language-model"

  /// Version of the format.
  public var format = Self.currentFormat
  /// What the model does.
  public var task = Self.taskName
  /// The network.
  public var network: LanguageModelOptions
  /// V.
  public var vocabularySize: Int
  /// How texts are divided; the same as in the vocabulary.
  public var tokenizer: TokenizerSettings
  /// Of the other files of the bundle.
  public var checksums = BundleChecksums()
  /// How it was trained.
  public var training: TrainingHistory?

  private enum CodingKeys: String, CodingKey {
    case format, task, network
    case vocabularySize = "vocabulary_size"
    case tokenizer, checksums, training
  }

  init(network: LanguageModelOptions, vocabularySize: Int, tokenizer: TokenizerSettings) {
    self.network = network
    self.vocabularySize = vocabularySize
    self.tokenizer = tokenizer
  }

  /// Whether it is a language model.
  public static func describes(task: String) -> Bool { task == taskName }

  /// What is wrong with it, if anything is; it may come from a file.
  public var fault: String? {
    if !(LanguageModel.reservedTokens.count...1 << 30).contains(vocabularySize) {
      return "the vocabulary size is \(vocabularySize)"
    }
    return network.fault
  }
}

/// The folder that holds a language model: `model.json`, `weights.safetensors`, `vocabulary.sqlite`.
extension LanguageModel {
  /// Loads a model.
  ///
  /// - Throws: ``TextModelError`` for a folder or file that is missing, cut short, damaged, or of another model.
  public init(contentsOf path: String) throws(TextModelError) {
    let description = try TextModelError.converting { () throws(BundleError) in
      try ModelBundle.readDescription(LanguageModelDescription.self, in: path)
    }
    let network = LanguageModelNetwork(
      vocabularySize: description.vocabularySize, description.network, random: nil)
    let vocabulary = try network.load(
      bundle: path, description.checksums, vocabularySize: description.vocabularySize,
      tokenizer: description.tokenizer)
    guard vocabulary.id(of: Self.endToken) == Self.endID else {
      throw .mismatch(path: ModelBundle.vocabularyPath(in: path), reason: "it is not that of a language model")
    }
    try self.init(vocabulary: vocabulary, network: network, description: description)
  }

  /// Whether a model could be written there; for asking before hours of work.
  public static func checkWritable(to path: String, replacing: Bool) throws(TextModelError) {
    try TextModel.checkWritable(to: path, replacing: replacing)
  }

  /// Writes the model as a folder, whole or not at all.
  ///
  /// - Parameter precision: of the weights in the file.
  /// - Throws: ``TextModelError`` when something that is not a model is there, something is there and `replacing` is
  ///   false, or the disk is full.
  public func write(
    to path: String, replacing: Bool, precision: WeightPrecision = .float32
  ) throws(TextModelError) {
    try TextModelError.converting { () throws(BundleError) in
      try ModelBundle.write(
        description, weights: SafeTensors(weights: network.stateDictionary, precision: precision),
        vocabulary: vocabulary, to: path, replacing: replacing)
    }
  }
}
