/// How tokens become vectors.
public struct EmbeddingOptions: Sendable, Hashable, Codable {
  /// E.
  public var size = 128
  /// Dropout of the numbers of a word, the same ones wherever it stands in the batch.
  public var dropout: Float = 0
  /// Share of the tokens that are read as if they were not known, each by itself (Iyyer et al. 2015, "word dropout").
  public var wordDropout: Float = 0
  /// Which vectors training changes.
  public var channels = Channels.tuned

  /// Which vectors there are, and whether training changes them (Kim 2014).
  public enum Channels: String, Sendable, Codable, CaseIterable {
    /// One for each token, trained.
    case tuned
    /// One for each token, which stays as it was given.
    case `static`
    /// One of each, side by side: vectors are 2E wide.
    case multichannel
  }

  /// The defaults.
  public init() {}

  /// Numbers of a vector: E, or 2E with two channels.
  public var width: Int { channels == .multichannel ? 2 * size : size }

  private enum CodingKeys: String, CodingKey {
    case size, dropout
    case wordDropout = "word_dropout"
    case channels
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    size = try values.decodeIfPresent(Int.self, forKey: .size) ?? size
    dropout = try values.decodeIfPresent(Float.self, forKey: .dropout) ?? dropout
    wordDropout = try values.decodeIfPresent(Float.self, forKey: .wordDropout) ?? wordDropout
    channels = try values.decodeIfPresent(Channels.self, forKey: .channels) ?? channels
  }

  var fault: String? {
    if !(1...16_384).contains(size) { return "the embedding size is \(size), not a number from 1 to 16384" }
    for rate in [dropout, wordDropout] where !(rate >= 0 && rate < 1) {
      return "a dropout rate of \(rate) is not in [0, 1)"
    }
    return nil
  }
}
