import Foundation
import GRDB
import TextProcessing

/// The rows of a tokenizer of subwords.
enum SubwordRows {
  static func insert(_ tables: SubwordTables, named name: String, into database: Database) throws {
    try database.execute(
      sql: "INSERT INTO subword_tokenizer (name, pipeline) VALUES (?, ?)",
      arguments: [name, String(decoding: tables.pipeline, as: UTF8.self)])
    let key = database.lastInsertedRowID
    let insertToken = try database.makeStatement(
      sql: "INSERT INTO subword (tokenizer, id, bytes, score) VALUES (?, ?, ?, ?)")
    for token in tables.tokens {
      insertToken.setUncheckedArguments([key, token.id, Data(token.text.utf8), token.score])
      try insertToken.execute()
    }
    let insertMerge = try database.makeStatement(
      sql: "INSERT INTO subword_merge (tokenizer, place, left_bytes, right_bytes) VALUES (?, ?, ?, ?)")
    for (place, merge) in tables.merges.enumerated() {
      insertMerge.setUncheckedArguments([key, place, Data(merge.left.utf8), Data(merge.right.utf8)])
      try insertMerge.execute()
    }
    // Behind the rows, each of which takes the checksum away.
    try database.execute(
      sql: "INSERT INTO subword_checksum (tokenizer, checksum) VALUES (?, ?)",
      arguments: [key, checksum(of: tables).stored])
  }

  private static func checksum(of tables: SubwordTables) -> RowChecksum {
    var checksum = RowChecksum()
    checksum.add(tables.pipeline.span.bytes)
    for token in tables.tokens.sorted(by: { $0.id < $1.id }) {
      checksum.add(Int64(token.id))
      checksum.add(token.text)
      checksum.add(Int64(bitPattern: (token.score ?? 0).bitPattern))
    }
    for merge in tables.merges {
      checksum.add(merge.left)
      checksum.add(merge.right)
    }
    return checksum
  }

  /// Makes a tokenizer of its rows.
  ///
  /// - Throws: ``VocabularyError/corrupt(path:reason:)`` where they are none, or the database's error.
  static func read(_ name: String, from database: Database, path: String) throws -> SubwordTokenizer {
    func corrupt(_ reason: String) -> VocabularyError { .corrupt(path: path, reason: reason) }

    let head = try Row.fetchOne(
      database, sql: "SELECT id, pipeline FROM subword_tokenizer WHERE name = ?", arguments: [name])
    guard let head, let key = head.integer(at: 0), let pipeline = head.text(at: 1) else {
      throw corrupt("the row of tokenizer '\(name)' is not readable")
    }
    var tokens: [SubwordTables.Token] = []
    let tokenRows = try Row.fetchCursor(
      database, sql: "SELECT id, bytes, score FROM subword WHERE tokenizer = ? ORDER BY id", arguments: [key])
    while let row = try tokenRows.next() {
      guard let id = row.integer(at: 0), let text = row.utf8(at: 1) else {
        throw corrupt("the row of subword \(tokens.count) is not readable")
      }
      tokens.append(.init(id: Int(id), text: text, score: row.real(at: 2)))
    }
    var merges: [SubwordTables.Merge] = []
    let mergeRows = try Row.fetchCursor(
      database, sql: "SELECT left_bytes, right_bytes FROM subword_merge WHERE tokenizer = ? ORDER BY place",
      arguments: [key])
    while let row = try mergeRows.next() {
      guard let left = row.utf8(at: 0), let right = row.utf8(at: 1) else {
        throw corrupt("the row of merge \(merges.count) is not readable")
      }
      merges.append(.init(left: left, right: right))
    }
    let tables = SubwordTables(pipeline: Array(pipeline.utf8), tokens: tokens, merges: merges)
    guard try checksum(of: tables).check("subword_checksum", "tokenizer", of: key, database) else {
      throw corrupt("the rows of '\(name)' are not those that were written")
    }
    do {
      return try SubwordTokenizer(tables)
    } catch {
      throw corrupt("the rows of '\(name)' are no tokenizer: \(error)")
    }
  }
}
