import Foundation
import GRDB
public import TextProcessing

extension VocabularyStore {
  /// Writes a vocabulary to a new file; its name appears only when the file is whole and on the disk.
  ///
  /// Equal vocabularies give equal files with the same version of SQLite. About four microseconds for each token.
  ///
  /// - Parameters:
  ///   - name: What the vocabulary is called in the file.
  ///   - overwrite: Whether an existing file is replaced, as a whole; stores that have it open see the new content then.
  /// - Throws: ``VocabularyError/alreadyExists(path:)``, ``VocabularyError/cannotCreate(path:reason:)``,
  ///   or ``VocabularyError/writeFailed(path:reason:)``. Nothing is left behind then.
  public static func create(
    at path: String, with vocabulary: Vocabulary, named name: String = defaultName, overwrite: Bool
  ) throws(VocabularyError) {
    try create(at: path, overwrite: overwrite) { try VocabularyRows.insert(vocabulary, named: checked(name), into: $0) }
  }

  /// Adds a vocabulary to a file, which is made where there is none. Others may have the file open and read meanwhile;
  /// of two who add at the same time one waits for the other.
  ///
  /// - Parameter replacing: whether what has the name is replaced.
  /// - Throws: As ``create(at:with:named:overwrite:)`` and ``open(_:)``, and ``VocabularyError/nameIsTaken(path:name:)``.
  ///   The file is as before then.
  public static func add(
    _ vocabulary: Vocabulary, named name: String, to path: String, replacing: Bool = false
  ) throws(VocabularyError) {
    try add(named: name, to: path, replacing: replacing) { database in
      try VocabularyRows.insert(vocabulary, named: name, into: database)
    }
  }

  /// Adds a tokenizer of subwords to a file, as ``add(_:named:to:replacing:)`` does for words.
  ///
  /// - Throws: As that, and ``VocabularyError/invalidOptions(reason:)`` for one that a `tokenizer.json` cannot express.
  public static func add(
    _ tokenizer: SubwordTokenizer, named name: String, to path: String, replacing: Bool = false
  ) throws(VocabularyError) {
    let tables = try tables(of: tokenizer)
    try add(named: name, to: path, replacing: replacing) { database in
      try SubwordRows.insert(tables, named: name, into: database)
    }
  }

  /// Writes a new file with a tokenizer of subwords alone in the place of one that is there.
  ///
  /// - Throws: As ``add(_:named:to:replacing:)``.
  public static func replace(_ path: String, with tokenizer: SubwordTokenizer) throws(VocabularyError) {
    let tables = try tables(of: tokenizer)
    try create(at: path, overwrite: true) { try SubwordRows.insert(tables, named: defaultName, into: $0) }
  }

  /// Gives vectors to the tokens of a vocabulary in a file, in place of those that it had.
  ///
  /// - Parameter vocabulary: what the vectors were made for, where another process may replace it meanwhile.
  /// - Throws: ``VocabularyError/changedMeanwhile(path:)`` where the file holds another vocabulary by now, as ``vocabulary(named:)``, ``VocabularyError/invalidOptions(reason:)`` for ids that it does not have, and
  ///   ``VocabularyError/writeFailed(path:reason:)``. The file is as before then.
  public static func setVectors(
    _ vectors: VocabularyVectors, of name: String? = nil, in path: String, madeFor vocabulary: Vocabulary? = nil
  ) throws(VocabularyError) {
    try update(path) { database in
      let name = try StoreContents(database, path: path).resolve(name, .words, path: path).name
      if let vocabulary, try load(name, from: database, path: path).vocabulary != vocabulary {
        throw VocabularyError.changedMeanwhile(path: path)
      }
      let key = try Int64.fetchOne(database, sql: "SELECT id FROM vocabulary WHERE name = ?", arguments: [name])
      let count = try Int64.fetchOne(
        database, sql: "SELECT count(*) FROM token WHERE vocabulary = ?", arguments: [key])
      guard Int64(vectors.ids.last ?? -1) < count ?? 0 else {
        throw VocabularyError.invalidOptions(reason: "a vector for token \(vectors.ids.last ?? 0) of \(count ?? 0)")
      }
      try database.execute(sql: "DELETE FROM vector_set WHERE vocabulary = ?", arguments: [key])
      try VectorRows.insert(vectors, of: key ?? 0, into: database)
    }
  }

  /// Takes a vocabulary out of a file. The space is used again by what is added later.
  ///
  /// - Throws: ``VocabularyError/noSuchName(path:reason:)``, also for the last one, since a file without any is none.
  public static func remove(_ name: String, from path: String) throws(VocabularyError) {
    try update(path) { database in
      let contents = try StoreContents(database, path: path)
      guard let item = contents.item(named: name) else {
        throw VocabularyError.noSuchName(path: path, reason: "it holds no '\(name)'")
      }
      guard contents.items.count > 1 else {
        throw VocabularyError.noSuchName(path: path, reason: "'\(name)' is all that it holds; remove the file")
      }
      try VocabularySchema.withoutDerived(database) { try delete(item.name, from: database) }
    }
  }
}

extension VocabularyStore {
  private static func tables(of tokenizer: SubwordTokenizer) throws(VocabularyError) -> SubwordTables {
    do { return try tokenizer.tables() } catch { throw .invalidOptions(reason: "\(error)") }
  }

  private static func add(
    named name: String, to path: String, replacing: Bool, _ insert: (Database) throws -> Void
  ) throws(VocabularyError) {
    let name = try checked(name)
    if !FileManager.default.fileExists(atPath: path) {
      do {
        return try create(at: path, overwrite: false, insert)
      } catch .alreadyExists {
        // Somebody else was faster: theirs and ours go into one file.
      }
    }
    try update(path) { database in
      let old = try StoreContents(database, path: path).item(named: name)
      if old != nil, !replacing { throw VocabularyError.nameIsTaken(path: path, name: name) }
      try VocabularySchema.withoutDerived(database) {
        if let old { try delete(old.name, from: database) }
        try insert(database)
      }
    }
  }

  private static func delete(_ name: String, from database: Database) throws {
    try database.execute(sql: "DELETE FROM vocabulary WHERE name = ?", arguments: [name])
    try database.execute(sql: "DELETE FROM subword_tokenizer WHERE name = ?", arguments: [name])
  }

  /// A name that a person can type and a message can show.
  ///
  /// - Throws: ``VocabularyError/invalidOptions(reason:)``.
  @discardableResult
  public static func checked(_ name: String) throws(VocabularyError) -> String {
    guard (1...200).contains(name.utf8.count),
      !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { throw .invalidOptions(reason: "a name has 1 to 200 bytes and no control characters") }
    return name
  }

  private static func create(
    at path: String, overwrite: Bool, _ insert: (Database) throws -> Void
  ) throws(VocabularyError) {
    try AtomicFile.create(
      at: path, overwrite: overwrite,
      replacingWith: { temporary throws(VocabularyError) in
        try DatabaseFailure.whileWriting(path) { try StoreFile.copy(temporary, into: path) }
      }
    ) { temporary throws(VocabularyError) in
      try DatabaseFailure.whileWriting(path) {
        let queue = try StoreFile.openNew(temporary)
        do {
          try queue.write { database in
            try VocabularySchema.migrate(database)
            try VocabularySchema.withoutDerived(database) { try insert(database) }
          }
        } catch {
          // The reason matters, not whether closing a file that is about to be removed works.
          try? queue.close()
          throw error
        }
        try queue.close()
      }
    }
  }

  /// Changes a file in one transaction, after bringing it to the schema of this release.
  private static func update(_ path: String, _ body: (Database) throws -> Void) throws(VocabularyError) {
    _ = try InputFile.check(path)
    try DatabaseFailure.whileWriting(path) {
      let queue = try StoreFile.openForWriting(path)
      try queue.write { database in
        _ = try StoreFile.checkIdentity(database, path: path)
        try StoreFile.checkTriggers(database, path: path)
        try VocabularySchema.migrate(database)
        try body(database)
      }
      try queue.close()
    }
  }
}
