/// The network of a word language model (Zaremba, Sutskever, Vinyals 2014, "Recurrent neural network regularization").
public struct LanguageModelOptions: Sendable, Hashable, Codable {
  /// E, the numbers of a word's vector.
  public var embeddingSize = 200
  /// The recurrent layers, which read forwards; two of 200 units unless told otherwise.
  public var recurrent: RecurrentOptions
  /// Dropout of the words' vectors and of the last layer's outputs.
  public var dropout: Float = 0.2
  /// Whether the output layer's weight is the table of the words' vectors (Press & Wolf 2017); E and H are equal then.
  public var tiesWeights = false

  /// An LSTM of the default sizes.
  public init() {
    recurrent = RecurrentOptions(.lstm, isBidirectional: false)
    recurrent.hiddenSize = 200
    recurrent.layerCount = 2
    recurrent.layerDropout = 0.2
  }

  private enum CodingKeys: String, CodingKey {
    case embeddingSize = "embedding_size"
    case recurrent, dropout
    case tiesWeights = "tied_weights"
  }

  /// What is wrong with the options, if anything is: they may come from a file or from a person.
  public var fault: String? {
    if !(1...16_384).contains(embeddingSize) {
      return "the embedding size is \(embeddingSize), not a number from 1 to 16384"
    }
    if !(dropout >= 0 && dropout < 1) { return "a dropout rate of \(dropout) is not in [0, 1)" }
    if recurrent.isBidirectional { return "a language model cannot read backwards" }
    if tiesWeights, embeddingSize != recurrent.hiddenSize {
      return "tied weights need an embedding as wide as the hidden layer, not \(embeddingSize) and "
        + "\(recurrent.hiddenSize)"
    }
    return recurrent.fault
  }
}
