/// What kind of network reads the texts, and its sizes: everything but the vocabulary and the labels.
public struct TextNetworkOptions: Sendable, Hashable, Codable {
  /// How tokens become vectors.
  public var embedding: EmbeddingOptions
  /// How the vectors of a text become one.
  public var encoder: EncoderOptions
  /// Dropout of that vector before the output layer.
  public var dropout: Float = 0.5

  /// Some encoder, with the embedding that suits it.
  public init(_ encoder: EncoderOptions) {
    self.encoder = encoder
    embedding = EmbeddingOptions()
    embedding.dropout = encoder.defaultEmbeddingDropout
  }

  /// An architecture with its default sizes.
  public init(_ architecture: TextArchitecture) {
    self.init(architecture.encoder)
  }

  private enum CodingKeys: String, CodingKey {
    case embedding, encoder, dropout
  }

  /// Reads what is there; what is not has its default.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(try values.decode(EncoderOptions.self, forKey: .encoder))
    embedding = try values.decodeIfPresent(EmbeddingOptions.self, forKey: .embedding) ?? embedding
    dropout = try values.decodeIfPresent(Float.self, forKey: .dropout) ?? dropout
  }

  /// What is wrong with the options, if anything is: they may come from a file or from a person.
  public var fault: String? {
    if !(dropout >= 0 && dropout < 1) { return "a dropout rate of \(dropout) is not in [0, 1)" }
    return embedding.fault ?? encoder.fault
  }
}
