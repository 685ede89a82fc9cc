import GRDB

/// The tables of a vocabulary file, and how files of earlier releases become files of this one.
///
/// Rows are the truth; the flat table is made from them and says from which revision. Further vocabularies are further
/// rows of `vocabulary`, and `vector_set` refers to it.
enum VocabularySchema {
  /// "NLPV": what `file` and SQLite know the format by.
  static let applicationID: Int64 = 0x4E4C_5056
  /// The newest schema; `PRAGMA user_version` of a file says which one it has.
  static let version = 3

  /// Brings a file to the schema of this release, a new one from the beginning. To be called in the transaction that then
  /// adds something, so that of two processes one comes first. Reading needs none of it.
  static func migrate(_ database: Database) throws {
    let found = try StoreFile.integer("PRAGMA user_version", database)
    if found < 1 {
      try database.execute(sql: wordTables)
      try database.execute(sql: derived)
      try database.execute(sql: "PRAGMA application_id = \(applicationID)")
    }
    if found < 2 { try database.execute(sql: subwordAndVectorTables) }
    if found < 3 {
      try database.execute(sql: checksumTables + checksumTriggers.map { $0 + ";\n" }.joined())
    }
    if found < version { try database.execute(sql: "PRAGMA user_version = \(version)") }
  }

  /// Schema 1.
  private static let wordTables = """
    CREATE TABLE vocabulary (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      revision INTEGER NOT NULL,
      padding INTEGER NOT NULL,
      unknown INTEGER NOT NULL,
      settings TEXT NOT NULL
    ) STRICT;
    CREATE TABLE token (
      vocabulary INTEGER NOT NULL REFERENCES vocabulary (id) ON DELETE CASCADE,
      id INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      count INTEGER NOT NULL,
      kind INTEGER NOT NULL,
      PRIMARY KEY (vocabulary, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE flat_table (
      vocabulary INTEGER PRIMARY KEY REFERENCES vocabulary (id) ON DELETE CASCADE,
      revision INTEGER NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE flat_table_part (
      vocabulary INTEGER NOT NULL REFERENCES flat_table (vocabulary) ON DELETE CASCADE,
      part INTEGER NOT NULL,
      data BLOB NOT NULL,
      PRIMARY KEY (vocabulary, part)
    ) STRICT;
    """

  /// Schema 2. The pipeline is a `tokenizer.json` whose model has neither tokens nor merges; texts are blobs of UTF-8, so
  /// that what Unicode calls equivalent stays apart for every client.
  private static let subwordAndVectorTables = """
    CREATE TABLE subword_tokenizer (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      pipeline TEXT NOT NULL
    ) STRICT;
    CREATE TABLE subword (
      tokenizer INTEGER NOT NULL REFERENCES subword_tokenizer (id) ON DELETE CASCADE,
      id INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      score REAL,
      PRIMARY KEY (tokenizer, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE subword_merge (
      tokenizer INTEGER NOT NULL REFERENCES subword_tokenizer (id) ON DELETE CASCADE,
      place INTEGER NOT NULL,
      left_bytes BLOB NOT NULL,
      right_bytes BLOB NOT NULL,
      PRIMARY KEY (tokenizer, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE vector_set (
      vocabulary INTEGER PRIMARY KEY REFERENCES vocabulary (id) ON DELETE CASCADE,
      dimensions INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE vector (
      vocabulary INTEGER NOT NULL REFERENCES vector_set (vocabulary) ON DELETE CASCADE,
      id INTEGER NOT NULL,
      numbers BLOB NOT NULL,
      PRIMARY KEY (vocabulary, id)
    ) STRICT, WITHOUT ROWID;
    """

  /// Schema 3: checksums over the rows of a tokenizer and of a set of vectors. There is none where somebody edited the rows,
  /// and of files of earlier schemas.
  private static let checksumTables = """
    CREATE TABLE subword_checksum (
      tokenizer INTEGER PRIMARY KEY REFERENCES subword_tokenizer (id) ON DELETE CASCADE,
      checksum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE vector_checksum (
      vocabulary INTEGER PRIMARY KEY REFERENCES vector_set (vocabulary) ON DELETE CASCADE,
      checksum INTEGER NOT NULL
    ) STRICT;

    """

  /// An edit of rows made with any SQLite client takes their checksum away: what is left is damage that nobody made.
  private static let checksumTriggers =
    removals(from: "subword_checksum", "tokenizer", afterChangesOf: "subword", key: "tokenizer")
    + removals(from: "subword_checksum", "tokenizer", afterChangesOf: "subword_merge", key: "tokenizer")
    + removals(from: "subword_checksum", "tokenizer", afterChangesOf: "subword_tokenizer", key: "id", ["UPDATE"])
    + removals(from: "vector_checksum", "vocabulary", afterChangesOf: "vector", key: "vocabulary")
    + removals(from: "vector_checksum", "vocabulary", afterChangesOf: "vector_set", key: "vocabulary", ["UPDATE"])

  private static func removals(
    from checksums: String, _ column: String, afterChangesOf table: String, key: String,
    _ changes: [String] = ["INSERT", "UPDATE", "DELETE"]
  ) -> [String] {
    changes.map { change in
      let keys = (change == "INSERT" ? ["NEW"] : change == "DELETE" ? ["OLD"] : ["OLD", "NEW"]).map { "\($0).\(key)" }
      return """
        CREATE TRIGGER \(table)_\(change.lowercased())_unverified AFTER \(change) ON \(table) BEGIN
          DELETE FROM \(checksums) WHERE \(column) IN (\(keys.joined(separator: ", ")));
        END
        """
    }
  }

  /// What follows from the rows: the index that keeps tokens distinct, and triggers that count revisions, so that an
  /// edit made with any SQLite client outdates the flat table.
  private static let derived =
    "CREATE UNIQUE INDEX token_bytes ON token (vocabulary, bytes);\n" + revisionTriggers.map { $0 + ";\n" }.joined()

  /// The triggers of a file, without the semicolon behind, as SQLite keeps them.
  static let triggers = revisionTriggers + checksumTriggers

  private static let revisionTriggers = [
    """
    CREATE TRIGGER token_inserted AFTER INSERT ON token BEGIN
      UPDATE vocabulary SET revision = revision + 1 WHERE id = NEW.vocabulary;
    END
    """,
    """
    CREATE TRIGGER token_updated AFTER UPDATE ON token BEGIN
      UPDATE vocabulary SET revision = revision + 1 WHERE id IN (OLD.vocabulary, NEW.vocabulary);
    END
    """,
    """
    CREATE TRIGGER token_deleted AFTER DELETE ON token BEGIN
      UPDATE vocabulary SET revision = revision + 1 WHERE id = OLD.vocabulary;
    END
    """,
    """
    CREATE TRIGGER vocabulary_updated AFTER UPDATE OF padding, unknown, settings ON vocabulary BEGIN
      UPDATE vocabulary SET revision = revision + 1 WHERE id = NEW.id;
    END
    """,
  ]

  private static let dropDerived = """
    DROP INDEX IF EXISTS token_bytes;
    DROP TRIGGER IF EXISTS token_inserted;
    DROP TRIGGER IF EXISTS token_updated;
    DROP TRIGGER IF EXISTS token_deleted;
    DROP TRIGGER IF EXISTS vocabulary_updated;
    """

  /// Runs a bulk change of rows without index and triggers, and makes them anew: sorting a million tokens once is
  /// several times faster than a million searches in a tree.
  static func withoutDerived(_ database: Database, _ body: () throws -> Void) throws {
    try database.execute(sql: dropDerived)
    try body()
    try database.execute(sql: derived)
  }
}
