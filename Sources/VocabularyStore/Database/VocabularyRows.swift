import Foundation
import GRDB

/// The rows of one vocabulary in the database: written when it is stored, read again only when they were edited.
enum VocabularyRows {
  /// Adds a vocabulary with all its rows and its flat table.
  static func insert(_ vocabulary: Vocabulary, named name: String, into database: Database) throws {
    let revision = 1
    try database.execute(
      sql: "INSERT INTO vocabulary (name, revision, padding, unknown, settings) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        name, revision, vocabulary.paddingID, vocabulary.unknownID,
        String(decoding: vocabulary.table.settings, as: UTF8.self),
      ])
    let key = database.lastInsertedRowID
    let insert = try database.makeStatement(
      sql: "INSERT INTO token (vocabulary, id, bytes, count, kind) VALUES (?, ?, ?, ?, ?)")
    let table = vocabulary.table
    for index in 0..<table.count {
      let token = Data(table.bytes[table.range(of: index)])
      insert.setUncheckedArguments([
        key, index, token, table.occurrences(of: index), Int64(table.kind(of: index).rawValue),
      ])
      try insert.execute()
    }
    try FlatTableRows.insert(table, of: key, revision: revision, into: database)
  }

  /// Makes a vocabulary of its rows: about a microsecond for each.
  ///
  /// - Throws: ``VocabularyError/corrupt(path:reason:)`` where they are no vocabulary, or the database's error.
  static func read(_ key: Int64, from database: Database, path: String) throws -> Vocabulary {
    func corrupt(_ reason: String) -> VocabularyError { .corrupt(path: path, reason: reason) }

    let head = try Row.fetchOne(
      database, sql: "SELECT padding, unknown, settings FROM vocabulary WHERE id = ?", arguments: [key])
    guard let head, let padding = head.integer(at: 0).flatMap(Int32.init(exactly:)),
      let unknown = head.integer(at: 1).flatMap(Int32.init(exactly:)), let json = head.text(at: 2)
    else { throw corrupt("the row of the vocabulary is not readable") }
    guard let settings = SettingsForm(json: json.utf8) else {
      throw corrupt("the tokenizer's settings are not readable")
    }

    var writer = FlatTableWriter()
    let rows = try Row.fetchCursor(
      database, sql: "SELECT id, bytes, count, kind FROM token WHERE vocabulary = ? ORDER BY id", arguments: [key])
    while let row = try rows.next() {
      guard row.integer(at: 0) == Int64(writer.count) else {
        throw corrupt("the token ids have a gap at \(writer.count)")
      }
      guard let token = row.blob(at: 1), let count = row.integer(at: 2), count >= 0,
        let kind = row.integer(at: 3).flatMap(UInt8.init(exactly:)).flatMap(VocabularyEntry.Kind.init(rawValue:))
      else { throw corrupt("the row of token \(writer.count) is not readable") }
      switch writer.append(token.span.bytes, count: count, kind: kind) {
      case .appended: break
      case .duplicate(let id): throw corrupt("token \(writer.count) repeats token \(id)")
      case .noRoom: throw corrupt("there are more tokens than a vocabulary can hold")
      }
    }
    do {
      return try writer.finish(paddingID: padding, unknownID: unknown, settings: settings)
    } catch {
      throw corrupt("its rows are no vocabulary: the padding or unknown token is missing, or there are too many")
    }
  }
}

/// Values of untrusted rows: nil where the type is another, instead of GRDB's conversions, which trap.
extension Row {
  func integer(at index: Int) -> Int64? {
    let value: DatabaseValue = self[index]
    guard case .int64(let integer) = value.storage else { return nil }
    return integer
  }

  func text(at index: Int) -> String? {
    let value: DatabaseValue = self[index]
    guard case .string(let text) = value.storage else { return nil }
    return text
  }

  func real(at index: Int) -> Double? {
    let value: DatabaseValue = self[index]
    guard case .double(let number) = value.storage else { return nil }
    return number
  }

  /// A blob of UTF-8.
  func utf8(at index: Int) -> String? { blob(at: index).flatMap { String(validating: $0, as: UTF8.self) } }

  func blob(at index: Int) -> [UInt8]? {
    let value: DatabaseValue = self[index]
    guard case .blob(let data) = value.storage else { return nil }
    return [UInt8](data)
  }
}
