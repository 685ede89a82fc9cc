import Foundation
import GRDB

/// The vectors of a vocabulary's tokens: a row for each, its numbers as little-endian Float32.
enum VectorRows {
  static func insert(_ vectors: VocabularyVectors, of key: Int64, into database: Database) throws {
    try database.execute(
      sql: "INSERT INTO vector_set (vocabulary, dimensions) VALUES (?, ?)", arguments: [key, vectors.dimensions])
    let insert = try database.makeStatement(sql: "INSERT INTO vector (vocabulary, id, numbers) VALUES (?, ?, ?)")
    for (place, id) in vectors.ids.enumerated() {
      let own = vectors.numbers[place * vectors.dimensions..<(place + 1) * vectors.dimensions]
      let data = own.withUnsafeBytes { Data($0) }
      insert.setUncheckedArguments([key, id, data])
      try insert.execute()
    }
    // Behind the rows, each of which takes the checksum away.
    try database.execute(
      sql: "INSERT INTO vector_checksum (vocabulary, checksum) VALUES (?, ?)",
      arguments: [key, checksum(vectors.dimensions, ids: vectors.ids, numbers: vectors.numbers).stored])
  }

  private static func checksum(_ dimensions: Int, ids: [Int32], numbers: [Float]) -> RowChecksum {
    var checksum = RowChecksum()
    checksum.add(Int64(dimensions))
    checksum.add(ids.span.bytes)
    checksum.add(numbers.span.bytes)
    return checksum
  }

  /// Reads the vectors of a vocabulary; nil where it has none.
  ///
  /// - Throws: ``VocabularyError/corrupt(path:reason:)``, or the database's error.
  static func read(_ name: String, from database: Database, path: String) throws -> VocabularyVectors? {
    func corrupt(_ reason: String) -> VocabularyError { .corrupt(path: path, reason: reason) }

    guard try database.tableExists("vector_set") else { return nil }
    let head = try Row.fetchOne(
      database,
      sql: """
        SELECT vector_set.vocabulary, dimensions FROM vector_set
        JOIN vocabulary ON vocabulary.id = vector_set.vocabulary WHERE name = ?
        """, arguments: [name])
    guard let head else { return nil }
    guard let key = head.integer(at: 0), let dimensions = head.integer(at: 1).flatMap(Int.init(exactly:)) else {
      throw corrupt("the row of the vectors of '\(name)' is not readable")
    }
    let count = try Int64.fetchOne(
      database, sql: "SELECT count(*) FROM token WHERE vocabulary = ?", arguments: [key])
    var ids: [Int32] = []
    var numbers: [Float] = []
    let rows = try Row.fetchCursor(
      database, sql: "SELECT id, numbers FROM vector WHERE vocabulary = ? ORDER BY id", arguments: [key])
    while let row = try rows.next() {
      guard let id = row.integer(at: 0), 0..<(count ?? 0) ~= id, let small = Int32(exactly: id),
        let bytes = row.blob(at: 1), bytes.count / 4 == dimensions, bytes.count % 4 == 0
      else { throw corrupt("vector \(ids.count) of '\(name)' is not readable") }
      ids.append(small)
      bytes.withUnsafeBytes { numbers += $0.bindMemory(to: Float.self) }
    }
    guard
      try checksum(dimensions, ids: ids, numbers: numbers).check("vector_checksum", "vocabulary", of: key, database)
    else { throw corrupt("the vectors of '\(name)' are not those that were written") }
    do {
      return try VocabularyVectors(dimensions: dimensions, ids: ids, numbers: numbers)
    } catch {
      throw corrupt("the vectors of '\(name)' have numbers that are none")
    }
  }
}
