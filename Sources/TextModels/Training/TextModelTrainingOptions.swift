public import TextProcessing
public import Training

/// How a text model is made from labelled texts.
public struct TextModelTrainingOptions: Sendable, Hashable {
  /// The network.
  public var network = TextNetworkOptions(.cnn)
  /// The loop.
  public var training = TrainingOptions()
  /// What the model is to say, and what is minimised.
  public var head = TextHead.singleLabel()
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
  /// How the layers of a model that is trained further are treated.
  public var fineTuning = FineTuningOptions()

  /// Lower-cased words, and the defaults of the other options.
  public init() {
    tokenizer = TokenizerSettings()
    tokenizer.lowercase = true
  }
}
