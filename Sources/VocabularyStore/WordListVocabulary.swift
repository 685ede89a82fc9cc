import TextProcessing

extension Vocabulary {
  /// The vocabulary of a list of words, with ids in the order of the list after the reserved ones, and counts of 0.
  ///
  /// A word that reads like a reserved token is that token and gets no second id.
  ///
  /// - Throws: ``VocabularyError/invalidOptions(reason:)`` for a word given twice (ids would shift silently) or for
  ///   reserved tokens that cannot be, ``VocabularyError/empty(reason:)`` for no words.
  @inlinable
  public init(
    words: some Sequence<String>, reserved: [String] = Vocabulary.defaultReservedTokens,
    settings: TokenizerSettings = TokenizerSettings()
  ) throws(VocabularyError) {
    try self.init(wordList: Array(words), reserved: reserved, settings: settings)
  }

  @usableFromInline
  init(wordList: [String], reserved: [String], settings: TokenizerSettings) throws(VocabularyError) {
    var builder = try WordListBuilder(reserved: reserved)
    for word in wordList {
      if let reason = builder.append(word.utf8.span.bytes) {
        throw .invalidOptions(reason: "the word '\(word)' \(reason)")
      }
    }
    self = try builder.finish(settings: settings)
  }
}

/// Gives ids to words in the order in which they come.
struct WordListBuilder {
  private var writer = FlatTableWriter()
  private let reservedCount: Int

  init(reserved: [String]) throws(VocabularyError) {
    let reserved = try ReservedTokens(reserved)
    reservedCount = reserved.tokens.count
    try reserved.append(to: &writer) { _ in 0 }
  }

  /// Adds a word, or says why not.
  mutating func append(_ word: RawSpan) -> String? {
    switch writer.append(word, count: 0, kind: .ordinary) {
    case .appended: nil
    case .duplicate(let id) where Int(id) < reservedCount: nil
    case .duplicate(let id): "has the id \(id) already"
    case .noRoom: "does not fit: a vocabulary holds 2147483647 tokens and 4 GiB of them"
    }
  }

  consuming func finish(settings: TokenizerSettings) throws(VocabularyError) -> Vocabulary {
    guard writer.count > reservedCount else { throw .empty(reason: "the list has no words beside reserved tokens") }
    return try writer.finish(
      paddingID: ReservedTokens.paddingID, unknownID: ReservedTokens.unknownID, settings: SettingsForm(settings))
  }
}
