public import VocabularyStore

extension WordVectors {
  /// The vectors that a vocabulary of a file has.
  ///
  /// - Throws: ``BagModelError/vocabulary(_:)``, ``BagModelError/noTexts(reason:)`` where it has none.
  public init(of store: VocabularyStore, named name: String? = nil) throws(BagModelError) {
    let (vocabulary, vectors) = try Self.contents(of: store, name)
    guard let vectors else {
      throw .noTexts(reason: "\(store.path): its vocabulary has no vectors; give it some: nlptool vocab vectors")
    }
    try self.init(
      words: vectors.ids.map { vocabulary.token($0) ?? "" }, numbers: vectors.numbers, dimensions: vectors.dimensions,
      tokenizer: vocabulary.settings, source: store.path)
  }

  private static func contents(
    of store: VocabularyStore, _ name: String?
  ) throws(BagModelError) -> (Vocabulary, VocabularyVectors?) {
    do { return (try store.vocabulary(named: name), try store.vectors(named: name)) } catch { throw .vocabulary(error) }
  }
}
