import Foundation
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

  /// Opens a file for a change that others see as a whole or not at all. They may go on reading until it is committed:
  /// pages that were changed wait in memory, since writing one early would shut the readers out.
  static func openForWriting(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(60)
    configuration.prepareDatabase { database in
      try database.execute(
        sql: """
          PRAGMA trusted_schema = OFF;
          PRAGMA cell_size_check = ON;
          PRAGMA cache_size = -32768;
          PRAGMA cache_spill = OFF;
          """)
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

  /// Puts the content of a database in the place of that of another, in one transaction of the other: whoever has it open
  /// sees the old content or the new one, and a journal that somebody left is not taken for one of the new content.
  ///
  /// - Returns: false where what is at `path` is no database that SQLite can open. It may be renamed over then, and
  ///   what it left beside is removed.
  static func copy(_ source: String, into path: String) throws -> Bool {
    let destination: DatabaseQueue
    do {
      destination = try openForWriting(path)
    } catch let error as DatabaseError
      where error.resultCode == .SQLITE_NOTADB || error.resultCode == .SQLITE_CORRUPT
    {
      for suffix in ["-journal", "-wal", "-shm"] { unlink(path + suffix) }
      return false
    }
    let new = try openReadOnly(source)
    try new.backup(to: destination)
    try new.close()
    try destination.close()
    return true
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
    let others = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type <> 'table'"
    guard try integer(others, database) == 0 else {
      throw VocabularyError.corrupt(path: path, reason: "it has views or virtual tables")
    }
    let computed = """
      SELECT count(*) FROM pragma_table_list AS tables, pragma_table_xinfo(tables.name) AS columns
      WHERE tables.schema = 'main' AND columns.hidden <> 0
      """
    guard try integer(computed, database) == 0 else {
      throw VocabularyError.corrupt(path: path, reason: "it has columns that are computed")
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

  /// Makes sure that a change of the rows starts nothing but what this module wrote: a trigger runs whatever it says.
  static func checkTriggers(_ database: Database, path: String) throws {
    let known = Set(VocabularySchema.triggers.map(words))
    let found = try Row.fetchCursor(database, sql: "SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%trigger%'")
    while let row = try found.next() {
      guard let statement = row.text(at: 1), !known.contains(words(statement)) else { continue }
      // A table or an index may have the word in its name; SQLite goes by the second word of the statement.
      guard let kind = words(statement).dropFirst().first, !["table", "index", "unique"].contains(kind.lowercased())
      else { continue }
      throw VocabularyError.corrupt(path: path, reason: "it has a trigger of its own, '\(row.text(at: 0) ?? "")'")
    }
  }

  private static func words(_ statement: String) -> [Substring] { statement.split(whereSeparator: \.isWhitespace) }

  static func integer(_ sql: String, _ database: Database) throws -> Int64 {
    try Row.fetchOne(database, sql: sql)?.integer(at: 0) ?? 0
  }
}
