/// How a tokenizer cuts texts. Vocabularies and model bundles keep it, so its coded form is stable: every property by
/// its name, the skipped kinds as a sorted list of names, and absent properties at their defaults.
public struct TokenizerSettings: Sendable, Codable, Hashable {
  /// What texts are cut into.
  public var unit: TextUnit = .word
  /// The locale whose rules are used, such as `en`, `zh-Hant` or `en_US_POSIX`.
  public var locale: String = "en"
  /// The form that texts are brought to before they are cut; nil leaves them as they are.
  public var normalization: NormalizationForm?
  /// Whether tokens are lower-cased, by the rules of the locale.
  public var lowercase: Bool = false
  /// The kinds of tokens that are left away.
  public var skippedKinds: Set<TokenKind> = [.space]

  /// What word rules would cut into pieces and is kept whole. Of ``TextUnit/word`` alone.
  public var wholeTokens: Set<WholeToken> = []
  /// A transliteration of the text before it is cut, by an id of ICU: `Traditional-Simplified`, `Fullwidth-Halfwidth`,
  /// `NFD; [:Nonspacing Mark:] Remove; NFC`; nil for none.
  public var transliteration: String?
  /// Whether digits of numbers become 0, so that numbers of the same form are the same token.
  public var foldsNumbers: Bool = false
  /// Tokens that are left away. They go through the same steps as texts, so that they may be written in upper case, say, where
  /// tokens are lower-cased; where texts are not normalised, composed and decomposed spellings count too (NFC, NFD).
  public var stopWords: Set<String> = []

  /// Words with their frequencies, 1 where nothing is known, for scripts that write no spaces: Chinese, Japanese, Thai, Lao,
  /// Khmer, Burmese. Of ``TextUnit/word`` alone.
  public var dictionary: [String: Int] = [:]

  /// Settings with these values.
  public init(
    unit: TextUnit = .word, locale: String = "en", normalization: NormalizationForm? = nil, lowercase: Bool = false,
    skippedKinds: Set<TokenKind> = [.space]
  ) {
    self.unit = unit
    self.locale = locale
    self.normalization = normalization
    self.lowercase = lowercase
    self.skippedKinds = skippedKinds
  }

  private enum CodingKeys: String, CodingKey {
    case unit, locale, normalization, lowercase, skippedKinds, wholeTokens, transliteration, foldsNumbers, stopWords,
      dictionary
  }

  /// Reads settings; what is absent has its default.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    unit = try container.decodeIfPresent(TextUnit.self, forKey: .unit) ?? unit
    locale = try container.decodeIfPresent(String.self, forKey: .locale) ?? locale
    normalization = try container.decodeIfPresent(NormalizationForm.self, forKey: .normalization)
    lowercase = try container.decodeIfPresent(Bool.self, forKey: .lowercase) ?? lowercase
    wholeTokens = try container.decodeIfPresent(Set<WholeToken>.self, forKey: .wholeTokens) ?? wholeTokens
    transliteration = try container.decodeIfPresent(String.self, forKey: .transliteration)
    foldsNumbers = try container.decodeIfPresent(Bool.self, forKey: .foldsNumbers) ?? foldsNumbers
    dictionary = try container.decodeIfPresent([String: Int].self, forKey: .dictionary) ?? dictionary
    stopWords = try container.decodeIfPresent(Set<String>.self, forKey: .stopWords) ?? stopWords
    if let names = try container.decodeIfPresent([String].self, forKey: .skippedKinds) {
      skippedKinds = try Set(
        names.map { name in
          guard let kind = TokenKind(name: name) else {
            throw DecodingError.dataCorruptedError(
              forKey: .skippedKinds, in: container, debugDescription: "unknown kind of token '\(name)'")
          }
          return kind
        })
    }
  }

  /// Writes settings in their stable form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(unit, forKey: .unit)
    try container.encode(locale, forKey: .locale)
    try container.encodeIfPresent(normalization, forKey: .normalization)
    try container.encode(lowercase, forKey: .lowercase)
    try container.encode(skippedKinds.map(\.name).sorted(), forKey: .skippedKinds)
    // Absent at their defaults, as in files from before them.
    if !wholeTokens.isEmpty { try container.encode(wholeTokens.map(\.rawValue).sorted(), forKey: .wholeTokens) }
    try container.encodeIfPresent(transliteration, forKey: .transliteration)
    if foldsNumbers { try container.encode(foldsNumbers, forKey: .foldsNumbers) }
    if !dictionary.isEmpty { try container.encode(dictionary, forKey: .dictionary) }
    if !stopWords.isEmpty {
      try container.encode(
        stopWords.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, forKey: .stopWords)
    }
  }
}
