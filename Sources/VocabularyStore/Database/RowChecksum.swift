import GRDB

/// A checksum over rows in their order, which tells damage that no SQLite statement made.
struct RowChecksum {
  private var state: UInt64 = 0

  var stored: Int64 { Int64(bitPattern: state) }

  mutating func add(_ bytes: RawSpan) { state = ByteHash.hash(bytes, after: state) }

  mutating func add(_ text: String) { add(Array(text.utf8).span.bytes) }

  mutating func add(_ number: Int64) { add([number.littleEndian].span.bytes) }

  /// Compares it with what a table says; it says nothing of rows that somebody edited and of files of earlier releases.
  ///
  /// - Parameter column: of the table, with the key.
  func check(_ table: String, _ column: String, of key: Int64, _ database: Database) throws -> Bool {
    guard try database.tableExists(table) else { return true }
    let row = try Row.fetchOne(
      database, sql: "SELECT checksum FROM \(table) WHERE \(column) = ?", arguments: [key])
    guard let row else { return true }
    return row.integer(at: 0) == stored
  }
}
