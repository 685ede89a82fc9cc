public import VocabularyStore

extension WordVectors {
  /// The vectors that a vocabulary of a file has, or those of the `limit` lowest ids.
  ///
  /// - Throws: ``BagModelError/vocabulary(_:)``, ``BagModelError/unusableVectors(path:reason:)`` where it has
  ///   none.
  public init(of store: VocabularyStore, named name: String? = nil, limit: Int = .max) throws(BagModelError) {
    let (vocabulary, vectors) = try Self.contents(of: store, name)
    guard let vectors else {
      throw .unusableVectors(
        path: store.path,
        reason: "its vocabulary has no vectors; give it some: nlptool vocab vectors \(store.path) FILE")
    }
    let ids = vectors.ids.prefix(limit)
    try self.init(
      words: ids.map { vocabulary.token($0) ?? "" },
      numbers: Array(vectors.numbers.prefix(ids.count * vectors.dimensions)), dimensions: vectors.dimensions,
      tokenizer: vocabulary.settings, source: store.path)
  }

  private static func contents(
    of store: VocabularyStore, _ name: String?
  ) throws(BagModelError) -> (Vocabulary, VocabularyVectors?) {
    do { return try store.vocabularyWithVectors(named: name) } catch { throw .vocabulary(error) }
  }
}
