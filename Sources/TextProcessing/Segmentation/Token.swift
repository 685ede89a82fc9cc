/// A piece of a text.
public struct Token: Sendable, Hashable {
  /// The token after normalisation and lower-casing.
  public let text: String
  /// What it is.
  public let kind: TokenKind
  /// Its UTF-8 bytes in the original text.
  public let range: Range<Int>

  /// Makes a token.
  public init(text: String, kind: TokenKind, range: Range<Int>) {
    self.text = text
    self.kind = kind
    self.range = range
  }
}

/// Why a tokenizer cannot be made.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
  /// ICU does not know the language of the locale.
  case unknownLocale(String)
  /// ICU has no transliterator of this id.
  case unknownTransliteration(String)
  /// ICU failed; `status` is its name of the failure.
  case icu(operation: String, status: String)

  /// The error in words, with the next step.
  public var description: String {
    switch self {
    case .unknownLocale(let locale):
      "unknown locale '\(locale)'; use a language code such as en, zh or pt-BR"
    case .unknownTransliteration(let id):
      "unknown transliteration '\(id)'; use an id of ICU, such as Traditional-Simplified or 'Any-Latin; Latin-ASCII'"
    case .icu(let operation, let status):
      "ICU failed to \(operation): \(status); is the ICU library with its data installed?"
    }
  }
}
