/// One row of a vocabulary.
public struct VocabularyEntry: Sendable, Hashable {
  /// Why a token is in the vocabulary.
  ///
  /// The raw values are stored in files; they may be added to, never changed.
  public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
    /// It was found in a corpus or in a list of words.
    case ordinary = 0
    /// It was put there for the model: padding, the unknown token, marks of beginning and end.
    case reserved = 1

    /// The name in text forms.
    public var name: String {
      switch self {
      case .ordinary: "ordinary"
      case .reserved: "reserved"
      }
    }

    /// The kind of that name, or nil.
    public init?(name: some StringProtocol) {
      guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = kind
    }
  }

  /// The number that models know the token by; dense from 0.
  public let id: Int32
  /// The token's bytes: UTF-8 when they came from text, though nothing here depends on it.
  public let token: [UInt8]
  /// How often the token was seen when the vocabulary was built; 0 where nobody counted.
  public let count: Int64
  /// Why the token is in the vocabulary.
  public let kind: Kind

  /// An entry of these values.
  public init(id: Int32, token: [UInt8], count: Int64, kind: Kind) {
    self.id = id
    self.token = token
    self.count = count
    self.kind = kind
  }

  /// Whether the token was put there for the model rather than found in text.
  public var isReserved: Bool { kind == .reserved }

  /// The token as text; bytes that are not UTF-8 show as U+FFFD.
  public var text: String { String(decoding: token, as: UTF8.self) }
}
