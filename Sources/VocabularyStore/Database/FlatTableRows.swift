import Foundation
import GRDB

/// The ready-made table of a vocabulary in the database.
///
/// It lies there in parts. SQLite hands a value over in a buffer of its own, and touching fresh memory costs more than
/// copying: with parts that buffer is small and used again, and no table meets SQLite's limit of 1 GB for a value.
enum FlatTableRows {
  private static let partSize = 512 << 10

  /// Adds the table of a revision of the rows.
  static func insert(_ table: FlatTable, of key: Int64, revision: Int, into database: Database) throws {
    try database.execute(
      sql: "INSERT INTO flat_table (vocabulary, revision, checksum) VALUES (?, ?, ?)",
      arguments: [key, revision, Int64(bitPattern: table.checksum)])
    for (part, start) in stride(from: 0, to: table.bytes.count, by: partSize).enumerated() {
      let data = Data(table.bytes[start..<min(start + partSize, table.bytes.count)])
      try database.execute(
        sql: "INSERT INTO flat_table_part (vocabulary, part, data) VALUES (?, ?, ?)", arguments: [key, part, data])
    }
  }

  /// Reads and checks the table.
  ///
  /// - Throws: ``VocabularyError/corrupt(path:reason:)``, or the database's error.
  static func read(_ key: Int64, from database: Database, path: String) throws -> FlatTable {
    let unreadable = VocabularyError.corrupt(path: path, reason: "its table is not readable")
    let head = try Row.fetchOne(
      database,
      sql: """
        SELECT checksum, (SELECT sum(length(data)) FROM flat_table_part WHERE vocabulary = ?1),
          (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)
        FROM flat_table WHERE vocabulary = ?1
        """, arguments: [key])
    // The claimed size decides nothing but how much is set aside, and no more than the file could fill.
    guard let head, let checksum = head.integer(at: 0), let size = head.integer(at: 1),
      let fileSize = head.integer(at: 2), 0...fileSize ~= size
    else { throw unreadable }

    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(size))
    let parts = try Row.fetchCursor(
      database,
      sql: "SELECT data FROM flat_table_part WHERE vocabulary = ? AND typeof(data) = 'blob' ORDER BY part",
      arguments: [key])
    while let part = try parts.next() {
      try part.withUnsafeData(atIndex: 0) { data in
        if let data { bytes.append(contentsOf: data) }
      }
    }
    do {
      return try FlatTable(bytes, checksum: UInt64(bitPattern: checksum))
    } catch {
      throw VocabularyError.corrupt(path: path, reason: error.reason)
    }
  }
}
