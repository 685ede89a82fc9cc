import Foundation
import GRDB
import Synchronization
import TextProcessing

/// A vocabulary in a file: an SQLite database that any client can read, with a table beside the rows that opens in
/// milliseconds.
///
/// A store is opened for reading; any number of threads and processes may have the same file open. The rows are the
/// truth. Whoever edits them with an SQLite client outdates the ready-made table, and the vocabulary is then made of
/// the rows again.
public final class VocabularyStore: Sendable {
  /// The file that was opened.
  public let path: String

  private let queue: DatabaseQueue
  /// The vocabulary as of a revision of its rows.
  private let loaded: Mutex<Loaded>

  private struct Loaded: Sendable {
    let revision: Int64
    let vocabulary: Vocabulary
  }

  private init(path: String, queue: DatabaseQueue, loaded: Loaded) {
    self.path = path
    self.queue = queue
    self.loaded = Mutex(loaded)
  }

  /// Opens a file and loads its vocabulary. Reads the ready-made table, never the rows: O(its bytes).
  ///
  /// - Throws: ``VocabularyError/missing(path:)``, ``VocabularyError/unreadable(path:reason:)``,
  ///   ``VocabularyError/notAVocabulary(path:reason:)``, ``VocabularyError/newerSchema(path:version:)``, or
  ///   ``VocabularyError/corrupt(path:reason:)`` where the file was cut or its table changed.
  public static func open(_ path: String) throws(VocabularyError) -> VocabularyStore {
    let fileSize = try InputFile.check(path)
    do {
      var queue = try openQueue(path)
      let version = try queue.read { try checkIdentity($0, path: path, fileSize: fileSize) }
      if version < VocabularySchema.version {
        try queue.close()
        try migrate(path)
        queue = try openQueue(path)
      }
      let loaded = try queue.read { try load(from: $0, path: path) }
      return VocabularyStore(path: path, queue: queue, loaded: loaded)
    } catch {
      throw DatabaseFailure.reading(path, error)
    }
  }

  /// The vocabulary. Costs one small query; the table is read again only where the rows were changed since.
  ///
  /// - Throws: As ``open(_:)``, where the file was changed into something else meanwhile.
  public func vocabulary() throws(VocabularyError) -> Vocabulary {
    let known = loaded.withLock { $0 }
    do {
      let current = try queue.read { database in
        let state = try Self.state(of: database, path: path)
        return state.revision == known.revision ? known : try Self.load(from: database, path: path)
      }
      loaded.withLock { $0 = current }
      return current.vocabulary
    } catch {
      throw DatabaseFailure.reading(path, error)
    }
  }

  /// The rows of the first `limit` ids from `first` on, or fewer where the vocabulary ends.
  ///
  /// - Throws: As ``vocabulary()``.
  public func entries(from first: Int32 = 0, limit: Int) throws(VocabularyError) -> [VocabularyEntry] {
    Array(try vocabulary().entries.dropFirst(max(0, Int(first))).prefix(max(0, limit)))
  }

  /// Reads every page and every row, and holds the rows against the table: about three microseconds for each token.
  ///
  /// ``open(_:)`` proves only what it uses. This proves the rest.
  ///
  /// - Throws: ``VocabularyError/corrupt(path:reason:)`` with the first difference found.
  public func verify() throws(VocabularyError) {
    do {
      try queue.read { database in
        let report = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)") ?? ""
        guard report == "ok" else {
          throw VocabularyError.corrupt(path: path, reason: report)
        }
        let state = try Self.state(of: database, path: path)
        let rows = try VocabularyRows.read(state.key, from: database, path: path)
        guard rows == (try Self.load(from: database, path: path)).vocabulary else {
          throw VocabularyError.corrupt(path: path, reason: "its table is not that of its rows")
        }
      }
    } catch {
      throw DatabaseFailure.reading(path, error)
    }
  }
}

// MARK: - Writing

extension VocabularyStore {
  /// Writes a vocabulary to a new file; its name appears only when the file is whole and on the disk.
  ///
  /// Equal vocabularies give equal files with the same version of SQLite. About four microseconds for each token.
  ///
  /// - Parameter overwrite: Whether an existing file is replaced. Stores that have it open keep the old content.
  /// - Throws: ``VocabularyError/alreadyExists(path:)``, ``VocabularyError/cannotCreate(path:reason:)``,
  ///   or ``VocabularyError/writeFailed(path:reason:)``. Nothing is left behind then.
  public static func create(
    at path: String, with vocabulary: Vocabulary, overwrite: Bool
  ) throws(VocabularyError) {
    try AtomicFile.create(at: path, overwrite: overwrite) { temporary throws(VocabularyError) in
      do {
        try write(vocabulary, to: temporary)
      } catch {
        throw DatabaseFailure.writing(path, error)
      }
    }
  }

  private static func write(_ vocabulary: Vocabulary, to temporary: String) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      // Nobody sees the file before it is whole, so neither a journal nor early flushes would protect anything.
      try database.execute(
        sql: """
          PRAGMA page_size = 4096;
          PRAGMA journal_mode = OFF;
          PRAGMA synchronous = OFF;
          PRAGMA locking_mode = EXCLUSIVE;
          PRAGMA cache_size = -32768;
          """)
    }
    let queue = try DatabaseQueue(path: temporary, configuration: configuration)
    do {
      try VocabularySchema.migrator.migrate(queue)
      try queue.write { database in
        try VocabularySchema.withoutDerived(database) {
          try VocabularyRows.insert(vocabulary, named: VocabularySchema.defaultName, into: database)
        }
      }
    } catch {
      // The reason matters, not whether closing a file that is about to be removed works.
      try? queue.close()
      throw error
    }
    try queue.close()
  }

  private static func migrate(_ path: String) throws {
    let queue = try DatabaseQueue(path: path)
    try VocabularySchema.migrator.migrate(queue)
    try queue.close()
  }
}

// MARK: - Reading

extension VocabularyStore {
  private static func openQueue(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { database in
      // The file may come from anywhere: run no function that its schema calls, and believe no size in its pages.
      try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    }
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  /// Whether this is a vocabulary file, whole, and of a known schema; gives its schema version.
  private static func checkIdentity(_ database: Database, path: String, fileSize: Int) throws -> Int {
    guard fileSize > 0 else { throw VocabularyError.notAVocabulary(path: path, reason: "it is empty") }
    guard try integer("PRAGMA application_id", database) == VocabularySchema.applicationID else {
      throw VocabularyError.notAVocabulary(path: path, reason: "it is an SQLite database of another application")
    }
    let version = try integer("PRAGMA user_version", database)
    guard version <= Int64(VocabularySchema.version) else {
      throw VocabularyError.newerSchema(path: path, version: Int(version))
    }
    guard version >= 1 else { throw VocabularyError.corrupt(path: path, reason: "it has no schema version") }
    // SQLite reads what is missing from the last page as zeros; the size tells.
    let expected = try integer("PRAGMA page_count", database) * integer("PRAGMA page_size", database)
    guard Int64(fileSize) >= expected else {
      throw VocabularyError.corrupt(path: path, reason: "it is cut: \(fileSize) bytes of \(expected)")
    }
    return Int(version)
  }

  private static func integer(_ sql: String, _ database: Database) throws -> Int64 {
    try Row.fetchOne(database, sql: sql)?.integer(at: 0) ?? 0
  }

  private struct State {
    let key: Int64
    /// The revision of the rows.
    let revision: Int64
    /// Whether the flat table is of that revision.
    let isCurrent: Bool
  }

  private static func state(of database: Database, path: String) throws -> State {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT vocabulary.id, vocabulary.revision, flat_table.revision
        FROM vocabulary LEFT JOIN flat_table ON flat_table.vocabulary = vocabulary.id
        WHERE vocabulary.name = ?
        """, arguments: [VocabularySchema.defaultName])
    guard let row, let key = row.integer(at: 0), let revision = row.integer(at: 1) else {
      throw VocabularyError.corrupt(path: path, reason: "it holds no vocabulary '\(VocabularySchema.defaultName)'")
    }
    return State(key: key, revision: revision, isCurrent: row.integer(at: 2) == revision)
  }

  private static func load(from database: Database, path: String) throws -> Loaded {
    let state = try state(of: database, path: path)
    let vocabulary =
      state.isCurrent
      ? try readTable(of: state.key, from: database, path: path)
      : try VocabularyRows.read(state.key, from: database, path: path)
    return Loaded(revision: state.revision, vocabulary: vocabulary)
  }

  private static func readTable(of key: Int64, from database: Database, path: String) throws -> Vocabulary {
    let table = try FlatTableRows.read(key, from: database, path: path)
    guard let settings = SettingsForm(json: table.settings) else {
      throw VocabularyError.corrupt(path: path, reason: "the tokenizer's settings are not readable")
    }
    return Vocabulary(table: table, settings: settings.settings)
  }
}
