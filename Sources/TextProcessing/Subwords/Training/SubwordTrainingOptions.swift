/// How a tokenizer of subwords is trained.
public struct SubwordTrainingOptions: Sendable, Hashable {
  /// What kind of model it has.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Byte-pair encoding of bytes (GPT-2, Radford et al. 2019): nothing is unknown, and decoding gives the text back.
    case byteLevelBytePair = "byte-bpe"
    /// Byte-pair encoding of scalars (Sennrich, Haddow & Birch 2016), with a token for unknown ones.
    case bytePair = "bpe"
    /// BERT's (Devlin et al. 2019): the longest token that fits, ## before those that go on.
    case wordPiece = "wordpiece"
    /// The unigram language model of SentencePiece (Kudo 2018).
    case unigram
  }

  /// How a text is cut before subwords are found; none crosses such a cut.
  public enum Cutting: String, Sendable, Hashable, CaseIterable {
    /// GPT-2's words, each with the space before it. Of ``Kind/byteLevelBytePair`` alone.
    case byteLevel = "byte-level"
    /// SentencePiece's: a space becomes ▁ and begins a word, so that decoding gives spaces back.
    case metaspace
    /// Runs of letters, digits and underscores, and runs of other characters; spaces are lost.
    case whitespace
    /// BERT's: at white space, and each punctuation character by itself.
    case bert
  }

  /// The kind of model.
  public var kind: Kind
  /// Tokens, special ones included. Fewer come out where the texts do not have so many, and more where
  /// ``alphabetLimit`` asks for more characters.
  public var vocabularySize = 30_000
  /// Pairs that occur less often are not merged. Not of ``Kind/unigram``.
  public var minimumCount = 2
  /// Tokens that texts do not have, such as [CLS], in the order of their ids, which come first. The unknown token is put
  /// first where it is not among them.
  public var specialTokens: [String]
  /// Characters that become tokens, at most: the most frequent ones; nil for all as long as they take no more than half of
  /// the vocabulary. Of a byte-level model it is all 256 bytes.
  public var alphabetLimit: Int?
  /// Characters of a token, at most; nil for any number (``Kind/unigram``: 16).
  public var maximumTokenLength: Int?
  /// Whether texts are lower-cased.
  public var lowercases: Bool
  /// Whether accents are taken off, which also decomposes.
  public var stripsAccents: Bool
  /// The form that texts are normalised to first.
  public var normalization: NormalizationForm?
  /// How texts are cut.
  public var cutting: Cutting
  /// Bytes that counting words may take, about; beyond, the rarest words are dropped.
  public var memoryLimit = 1 << 30

  /// The defaults of a kind: BERT's for ``Kind/wordPiece``, GPT-2's and SentencePiece's for the others.
  public init(_ kind: Kind) {
    self.kind = kind
    switch kind {
    case .byteLevelBytePair: (specialTokens, cutting) = (["<|endoftext|>"], .byteLevel)
    case .bytePair: (specialTokens, cutting) = (["[UNK]"], .metaspace)
    case .wordPiece: (specialTokens, cutting) = (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], .bert)
    case .unigram: (specialTokens, cutting) = (["<unk>"], .metaspace)
    }
    lowercases = kind == .wordPiece
    stripsAccents = kind == .wordPiece
  }

  /// The token of what is unknown.
  var unknownToken: String? {
    switch kind {
    case .byteLevelBytePair: nil
    case .bytePair, .wordPiece: "[UNK]"
    case .unigram: "<unk>"
    }
  }

  /// The special tokens with the unknown one, each once.
  var allSpecialTokens: [String] {
    var result: [String] = []
    for token in (unknownToken.map { specialTokens.contains($0) ? [] : [$0] } ?? []) + specialTokens
    where !result.contains(token) {
      result.append(token)
    }
    return result
  }

  /// Characters that become tokens, at most. WordPiece has two tokens for most of them.
  var characterLimit: Int { alphabetLimit ?? max(1, vocabularySize / (kind == .wordPiece ? 4 : 2)) }

  /// Why there can be no such training; nil when there can.
  var fault: String? {
    let least = allSpecialTokens.count + (kind == .byteLevelBytePair ? 256 : 1)
    if !(least...10_000_000).contains(vocabularySize) {
      return "a vocabulary of \(vocabularySize) tokens; \(least) to 10000000 are possible"
    }
    if (kind == .byteLevelBytePair) != (cutting == .byteLevel) {
      return "\(kind.rawValue) with the cutting \(cutting.rawValue): byte-level and byte-bpe belong together"
    }
    if memoryLimit < 1 << 16 { return "a memory of \(memoryLimit) bytes" }
    if minimumCount < 0 { return "a minimum count of \(minimumCount)" }
    if let alphabetLimit, alphabetLimit < 1 { return "an alphabet of \(alphabetLimit) characters" }
    if let maximumTokenLength, maximumTokenLength < 1 { return "tokens of \(maximumTokenLength) characters" }
    if allSpecialTokens.contains(where: \.isEmpty) { return "an empty special token" }
    return nil
  }
}
