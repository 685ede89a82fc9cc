/// How a model of fastText was trained: the arguments that its file keeps.
public struct FastTextSettings: Sendable, Hashable, Codable {
  /// What a model was trained for.
  public enum Kind: String, Sendable, Codable {
    /// Words from those around them.
    case cbow
    /// Words from each of those around them.
    case skipgram
    /// Labels of texts.
    case supervised
  }

  /// What its output learnt.
  public enum Loss: String, Sendable, Codable {
    /// A path in a Huffman tree (`hs`).
    case hierarchicalSoftmax = "hierarchical-softmax"
    /// One against some others drawn at random (`ns`).
    case negativeSampling = "negative-sampling"
    /// One of all.
    case softmax
    /// Each for itself, yes or no (`ova`).
    case oneVersusAll = "one-versus-all"
  }

  /// D, the numbers of a row.
  public var dimensions: Int
  /// Words on each side that skipgram and cbow look at.
  public var window: Int
  /// Passes over the texts.
  public var epochs: Int
  /// Words that occur less often have no row.
  public var minimumCount: Int
  /// Drawn for each step of negative sampling.
  public var negatives: Int
  /// Words of the longest n-gram.
  public var wordNgrams: Int
  /// What its output learnt.
  public var loss: Loss
  /// What it was trained for.
  public var kind: Kind
  /// Rows that n-grams share.
  public var bucketCount: Int
  /// Characters of the shortest n-gram of a word.
  public var shortestCharacterNgram: Int
  /// Characters of the longest n-gram of a word; 0 where there are none.
  public var longestCharacterNgram: Int
  /// How much of the most frequent words skipgram and cbow left out.
  public var samplingThreshold: Double

  private enum CodingKeys: String, CodingKey {
    case dimensions, window, epochs
    case minimumCount = "minimum_count"
    case negatives
    case wordNgrams = "word_ngrams"
    case loss, kind
    case bucketCount = "bucket_count"
    case shortestCharacterNgram = "shortest_character_ngram"
    case longestCharacterNgram = "longest_character_ngram"
    case samplingThreshold = "sampling_threshold"
  }

  /// Longer n-grams nobody makes: a character of a line has as many rows as there are lengths.
  private static let ngramLimit = 64

  /// Reads the arguments of a file of a version.
  init(_ reader: inout FastTextReader, version: Int) throws(ExchangeError) {
    let most = Int(Int32.max)
    dimensions = try reader.int32("args.dim", in: 1...most)
    window = try reader.int32("args.ws")
    epochs = try reader.int32("args.epoch")
    minimumCount = try reader.int32("args.minCount")
    negatives = try reader.int32("args.neg")
    wordNgrams = try reader.int32("args.wordNgrams", in: 0...Self.ngramLimit)
    let losses: [Loss] = [.hierarchicalSoftmax, .negativeSampling, .softmax, .oneVersusAll]
    loss = losses[try reader.int32("args.loss", in: 1...losses.count) - 1]
    let kinds: [Kind] = [.cbow, .skipgram, .supervised]
    kind = kinds[try reader.int32("args.model", in: 1...kinds.count) - 1]
    bucketCount = try reader.int32("args.bucket", in: 0...most)
    shortestCharacterNgram = try reader.int32("args.minn", in: 0...Self.ngramLimit)
    longestCharacterNgram = try reader.int32("args.maxn", in: 0...Self.ngramLimit)
    _ = try reader.int32("args.lrUpdateRate")
    samplingThreshold = try reader.float64("args.t")
    // What wrote version 11 had no character n-grams in classifiers, and stored a length all the same.
    if version == 11, kind == .supervised { longestCharacterNgram = 0 }
  }
}
