import Foundation
import GRDB
import Synchronization
public import TextProcessing

/// Vocabularies in a file: an SQLite database that any client can read, with tables beside the rows that open in
/// milliseconds. A file holds one or several, each under a name of its own: words, or a tokenizer of subwords with its
/// merges or scores; words may have vectors.
///
///     let store = try VocabularyStore.open("words.sqlite")
///     let vocabulary = try store.vocabulary()
///     let tweets = try store.vocabulary(named: "tweets")
///
/// A store is opened for reading; any number of threads and processes may have the same file open. The rows are the
/// truth. Whoever edits them with an SQLite client outdates the ready-made table, and the vocabulary is then made of
/// the rows again.
public final class VocabularyStore: Sendable {
  /// What a vocabulary is called where nobody gave it a name.
  public static let defaultName = "default"

  /// The file that was opened.
  public let path: String

  private let queue: DatabaseQueue
  /// The vocabularies that were asked for, as of a revision of their rows.
  private let loaded: Mutex<[String: Loaded]>

  struct Loaded: Sendable {
    let state: State
    let vocabulary: Vocabulary
  }

  private init(path: String, queue: DatabaseQueue, loaded: [String: Loaded]) {
    self.path = path
    self.queue = queue
    self.loaded = Mutex(loaded)
  }

  /// Opens a file and, if it holds one of words that ``vocabulary(named:)`` gives without a name, loads that. Reads the
  /// ready-made table, never the rows: O(its bytes). Files of earlier releases are read as they are.
  ///
  /// - Throws: ``VocabularyError/missing(path:)``, ``VocabularyError/unreadable(path:reason:)``,
  ///   ``VocabularyError/notAVocabulary(path:reason:)``, ``VocabularyError/newerSchema(path:version:)``, or
  ///   ``VocabularyError/corrupt(path:reason:)`` where the file was cut or its table changed.
  public static func open(_ path: String) throws(VocabularyError) -> VocabularyStore {
    _ = try InputFile.check(path)
    return try DatabaseFailure.whileReading(path) {
      let queue = try StoreFile.openForReading(path)
      let loaded = try queue.read { database in
        _ = try StoreFile.checkIdentity(database, path: path)
        let contents = try StoreContents(database, path: path)
        guard !contents.items.isEmpty else {
          throw VocabularyError.corrupt(path: path, reason: "it holds no vocabulary")
        }
        guard let name = contents.implied(of: .words)?.name else { return [String: Loaded]() }
        return [name: try load(name, from: database, path: path)]
      }
      return VocabularyStore(path: path, queue: queue, loaded: loaded)
    }
  }

  /// What the file holds, in the order of the names.
  ///
  /// - Throws: As ``open(_:)``, where the file was changed into something else meanwhile.
  public func contents() throws(VocabularyError) -> [StoredVocabulary] {
    try read { [path] in try StoreContents($0, path: path).described(by: $0) }
  }

  /// One of the vocabularies, of whichever kind.
  ///
  /// - Parameter name: its name; without, the one called ``defaultName``, or else the only one.
  /// - Throws: As ``contents()``, and ``VocabularyError/noSuchName(path:reason:)``.
  public func item(named name: String? = nil) throws(VocabularyError) -> StoredVocabulary {
    try read { [path] database in
      let contents = try StoreContents(database, path: path)
      let found = try contents.resolve(name, path: path)
      guard let item = try StoreContents(items: [found]).described(by: database).first else {
        throw VocabularyError.noSuchName(path: path, reason: "it holds nothing")
      }
      return item
    }
  }

  /// A vocabulary of words. Costs a small query or two; the table is read again only where the rows were changed since.
  ///
  /// - Parameter name: its name; without, the one called ``defaultName``, or else the only one.
  /// - Throws: As ``open(_:)``, where the file was changed into something else meanwhile, and
  ///   ``VocabularyError/noSuchName(path:reason:)``.
  public func vocabulary(named name: String? = nil) throws(VocabularyError) -> Vocabulary {
    let (name, current) = try read { [self] database in
      let name = try resolve(name, .words, database)
      let known = loaded.withLock { $0[name] }
      if let known, try Self.state(of: name, database, path) == known.state { return (name, known) }
      return (name, try Self.load(name, from: database, path: path))
    }
    loaded.withLock { $0[name] = current }
    return current.vocabulary
  }

  /// A tokenizer of subwords: about a microsecond for each token and merge.
  ///
  /// - Throws: As ``vocabulary(named:)``.
  public func subwordTokenizer(named name: String? = nil) throws(VocabularyError) -> SubwordTokenizer {
    try read { [self] database in
      try SubwordRows.read(try resolve(name, .subwords, database), from: database, path: path)
    }
  }

  /// The vectors of a vocabulary of words; nil where it has none.
  ///
  /// - Throws: As ``vocabulary(named:)``.
  public func vectors(named name: String? = nil) throws(VocabularyError) -> VocabularyVectors? {
    try read { [self] database in
      try VectorRows.read(try resolve(name, .words, database), from: database, path: path)
    }
  }

  /// A vocabulary of words together with its vectors, as of one moment.
  ///
  /// - Throws: As ``vocabulary(named:)``.
  public func vocabularyWithVectors(
    named name: String? = nil
  ) throws(VocabularyError) -> (vocabulary: Vocabulary, vectors: VocabularyVectors?) {
    try read { [self] database in
      let name = try resolve(name, .words, database)
      let vectors = try VectorRows.read(name, from: database, path: path)
      return (try Self.load(name, from: database, path: path).vocabulary, vectors)
    }
  }

  /// The rows of the first `limit` ids from `first` on, or fewer where the vocabulary ends.
  ///
  /// - Throws: As ``vocabulary(named:)``.
  public func entries(
    of name: String? = nil, from first: Int32 = 0, limit: Int
  ) throws(VocabularyError) -> [VocabularyEntry] {
    Array(try vocabulary(named: name).entries.dropFirst(max(0, Int(first))).prefix(max(0, limit)))
  }

  /// Reads every page and every row of all that the file holds, and holds the rows against the tables: about three
  /// microseconds for each token.
  ///
  /// ``open(_:)`` proves only what it uses. This proves the rest.
  ///
  /// - Throws: ``VocabularyError/corrupt(path:reason:)`` with the first difference found.
  public func verify() throws(VocabularyError) {
    try read { [path] database in
      let report = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)") ?? ""
      guard report == "ok" else {
        throw VocabularyError.corrupt(path: path, reason: report)
      }
      for stored in try StoreContents(database, path: path).items {
        if stored.kind == .subwords {
          _ = try SubwordRows.read(stored.name, from: database, path: path)
          continue
        }
        let state = try Self.state(of: stored.name, database, path)
        let rows = try VocabularyRows.read(state.key, from: database, path: path)
        guard rows == (try Self.load(stored.name, from: database, path: path)).vocabulary else {
          throw VocabularyError.corrupt(path: path, reason: "the table of '\(stored.name)' is not that of its rows")
        }
        _ = try VectorRows.read(stored.name, from: database, path: path)
      }
    }
  }
}

// MARK: - Reading

extension VocabularyStore {
  private func read<Result: Sendable>(
    _ body: @Sendable (Database) throws -> Result
  ) throws(VocabularyError) -> Result {
    try DatabaseFailure.whileReading(path) {
      do {
        return try queue.read(body)
      } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK {
        // A writer was stopped since this store was opened: whoever may write takes the half-done change back.
        try StoreFile.openForWriting(path).close()
        return try queue.read(body)
      }
    }
  }

  /// The name that is meant.
  private func resolve(_ name: String?, _ kind: StoredVocabulary.Kind, _ database: Database) throws -> String {
    try StoreContents(database, path: path).resolve(name, kind, path: path).name
  }

  struct State: Equatable {
    let key: Int64
    /// The revision of the rows.
    let revision: Int64
    /// Of the flat table: what was removed and added again may have the key and the revision of what was there before.
    let checksum: Int64?
    /// Whether the flat table is of that revision.
    let isCurrent: Bool
  }

  private static func state(of name: String, _ database: Database, _ path: String) throws -> State {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT vocabulary.id, vocabulary.revision, flat_table.revision, flat_table.checksum
        FROM vocabulary LEFT JOIN flat_table ON flat_table.vocabulary = vocabulary.id
        WHERE vocabulary.name = ?
        """, arguments: [name])
    guard let row, let key = row.integer(at: 0), let revision = row.integer(at: 1) else {
      throw VocabularyError.corrupt(path: path, reason: "the row of vocabulary '\(name)' is not readable")
    }
    return State(
      key: key, revision: revision, checksum: row.integer(at: 3), isCurrent: row.integer(at: 2) == revision)
  }

  static func load(_ name: String, from database: Database, path: String) throws -> Loaded {
    let state = try state(of: name, database, path)
    let vocabulary =
      state.isCurrent
      ? try readTable(of: state.key, from: database, path: path)
      : try VocabularyRows.read(state.key, from: database, path: path)
    return Loaded(state: state, vocabulary: vocabulary)
  }

  private static func readTable(of key: Int64, from database: Database, path: String) throws -> Vocabulary {
    let table = try FlatTableRows.read(key, from: database, path: path)
    guard let settings = SettingsForm(json: table.settings) else {
      throw VocabularyError.corrupt(path: path, reason: "the tokenizer's settings are not readable")
    }
    return Vocabulary(table: table, settings: settings.settings)
  }
}
