/// What a text is cut into.
public enum TextUnit: String, Sendable, Codable, CaseIterable {
  /// Words after UAX #29, with ICU's dictionaries for Chinese, Japanese, Thai, Lao, Khmer and Burmese.
  case word
  /// Grapheme clusters: what a reader takes for one character.
  case character
  /// Sentences after UAX #29, without the white space that follows them.
  case sentence
  /// What a line may not be broken within (UAX #14), without the white space that follows it.
  case line
  /// What stands between white space.
  case whitespace
}

/// What a token is.
public enum TokenKind: UInt8, Sendable, Codable, CaseIterable {
  /// Letters, of any script but those with kinds of their own. Sentences and pieces of lines are of this kind, too.
  case word
  /// Digits, with what joins them: `3.14`.
  case number
  /// Punctuation.
  case punctuation
  /// Other signs: currency, mathematics, modifiers.
  case symbol
  /// Emoji, with everything that belongs to one: skin tones, joined families, flags, keycaps.
  case emoji
  /// Chinese characters, alone or with kana behind them.
  case cjk
  /// Hiragana and Katakana.
  case kana
  /// White space.
  case space
  /// Controls (NUL among them), lone combining marks, unassigned and private characters.
  case other
  /// A web address, where those are kept whole.
  case url
  /// An e-mail address, where those are kept whole.
  case email
  /// A person's name behind an @, where those are kept whole.
  case mention
  /// A topic behind a #, where those are kept whole.
  case hashtag
  /// A face of punctuation, where those are kept whole.
  case emoticon

  /// The name that the command line and files use.
  public var name: String {
    switch self {
    case .word: "word"
    case .number: "number"
    case .punctuation: "punctuation"
    case .symbol: "symbol"
    case .emoji: "emoji"
    case .cjk: "cjk"
    case .kana: "kana"
    case .space: "space"
    case .url: "url"
    case .email: "email"
    case .mention: "mention"
    case .hashtag: "hashtag"
    case .emoticon: "emoticon"
    case .other: "other"
    }
  }

  /// The kind of this name.
  public init?(name: String) {
    guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = kind
  }

  /// The bit that stands for the kind in a set of kinds.
  var bit: UInt32 { 1 << UInt32(rawValue) }
}
