/// The rows of a vocabulary in the order of their ids, made when they are asked for.
public struct VocabularyEntries: RandomAccessCollection, Sendable {
  private let vocabulary: Vocabulary

  init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// The first id.
  public var startIndex: Int { 0 }

  /// One more than the last id.
  public var endIndex: Int { vocabulary.count }

  /// The row of an id. As with any collection, the id must be in range; ``Vocabulary/entry(_:)`` asks instead.
  public subscript(position: Int) -> VocabularyEntry {
    guard let id = Int32(exactly: position), let entry = vocabulary.entry(id) else {
      preconditionFailure("entry \(position) of a vocabulary of \(vocabulary.count)")
    }
    return entry
  }
}

extension Vocabulary {
  /// All rows in the order of their ids. A row costs the copy of its token when it is read.
  public var entries: VocabularyEntries { VocabularyEntries(self) }
}
