import GRDB

/// Opening of database files.
enum StoreFile {
  static func openForReading(_ path: String) throws -> DatabaseQueue {
    do {
      return try openReadOnly(path)
    } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK {
      // Somebody was stopped while writing: whoever may write takes the half-done change back.
      try openForWriting(path).close()
      return try openReadOnly(path)
    }
  }

  private static func openReadOnly(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { database in
      // The file may come from anywhere: run no function that its schema calls, and believe no size in its pages.
      try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    // A change that was left half done shows with the first page.
    _ = try queue.read { try integer("PRAGMA user_version", $0) }
    return queue
  }

  /// Opens a file for a change that others see as a whole or not at all. They may go on reading until it is committed.
  static func openForWriting(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(60)
    configuration.prepareDatabase { database in
      try database.execute(
        sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -32768")
    }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    _ = try queue.read { try integer("PRAGMA user_version", $0) }
    return queue
  }

  /// Opens a new file that nobody sees before it is whole, so that neither a journal nor early flushes would protect
  /// anything.
  static func openNew(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      try database.execute(
        sql: """
          PRAGMA page_size = 4096;
          PRAGMA journal_mode = OFF;
          PRAGMA synchronous = OFF;
          PRAGMA locking_mode = EXCLUSIVE;
          PRAGMA cache_size = -32768;
          """)
    }
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  /// Whether this is a vocabulary file, whole, and of a known schema; gives its schema version.
  static func checkIdentity(_ database: Database, path: String) throws -> Int {
    guard try InputFile.check(path) > 0 else { throw VocabularyError.notAVocabulary(path: path, reason: "it is empty") }
    guard try integer("PRAGMA application_id", database) == VocabularySchema.applicationID else {
      throw VocabularyError.notAVocabulary(path: path, reason: "it is an SQLite database of another application")
    }
    let version = try integer("PRAGMA user_version", database)
    guard version <= Int64(VocabularySchema.version) else {
      throw VocabularyError.newerSchema(path: path, version: Int(version))
    }
    guard version >= 1 else { throw VocabularyError.corrupt(path: path, reason: "it has no schema version") }
    // A view in place of a table could be made to never end.
    let others = "SELECT count(*) FROM sqlite_schema WHERE type = 'view' OR type = 'table' AND rootpage = 0"
    guard try integer(others, database) == 0 else {
      throw VocabularyError.corrupt(path: path, reason: "it has views or virtual tables")
    }
    // SQLite reads what is missing from the last page as zeros; the size tells. It is asked for now that the database is
    // locked against whoever makes it longer.
    let fileSize = try InputFile.check(path)
    let expected = try integer("PRAGMA page_count", database) * integer("PRAGMA page_size", database)
    guard Int64(fileSize) >= expected else {
      throw VocabularyError.corrupt(path: path, reason: "it is cut: \(fileSize) bytes of \(expected)")
    }
    return Int(version)
  }

  static func integer(_ sql: String, _ database: Database) throws -> Int64 {
    try Row.fetchOne(database, sql: sql)?.integer(at: 0) ?? 0
  }
}
