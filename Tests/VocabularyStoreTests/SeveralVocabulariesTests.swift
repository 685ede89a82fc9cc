import Foundation
import GRDB
import Testing
import TextProcessing

@testable import VocabularyStore

@Suite("Several vocabularies in one file")
struct SeveralVocabulariesTests {
  let scratch: Scratch
  let path: String

  init() throws {
    scratch = try Scratch()
    path = scratch.file("v.sqlite")
  }

  private static let bytePair = #"""
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [{"id": 5, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
                       "normalized": false, "special": true}],
     "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
     "decoder": null,
     "model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "ab": 3, "aba": 4},
               "merges": [["a", "b"], ["ab", "a"]]}}
    """#

  private static let unigram = #"""
    {"version": "1.0", "added_tokens": [],
     "pre_tokenizer": {"type": "WhitespaceSplit"},
     "model": {"type": "Unigram", "unk_id": 0,
               "vocab": [["<unk>", 0.0], ["e\u0301", -1.5], ["\u00e9", -2.25], ["x", -3.125]]}}
    """#

  @Test("words, subwords and vectors live side by side and come back as they were")
  func together() throws {
    let first = try vocabulary(of: "a a b")
    let second = try vocabulary(of: "x y z z", settings: TokenizerSettings(lowercase: true))
    let bytePair = try SubwordTokenizer(json: Array(Self.bytePair.utf8))
    let unigram = try SubwordTokenizer(json: Array(Self.unigram.utf8))
    try VocabularyStore.add(first, named: "first", to: path)
    try VocabularyStore.add(second, named: "second", to: path)
    try VocabularyStore.add(bytePair, named: "pairs", to: path)
    try VocabularyStore.add(unigram, named: "pieces", to: path)
    let vectors = try VocabularyVectors(dimensions: 2, ids: [2, 4], numbers: [1, -0.5, .leastNonzeroMagnitude, 3])
    try VocabularyStore.setVectors(vectors, of: "second", in: path)

    let store = try VocabularyStore.open(path)
    #expect(try store.vocabulary(named: "first") == first)
    #expect(try store.vocabulary(named: "second") == second)
    #expect(try store.subwordTokenizer(named: "pairs").json() == bytePair.json())
    #expect(try store.subwordTokenizer(named: "pairs").ids(of: "ABA b q") == [4, 2, 0])
    #expect(try store.subwordTokenizer(named: "pieces").json() == unigram.json())
    #expect(try store.vectors(named: "second") == vectors)
    #expect(try store.vectors(named: "first") == nil)
    #expect(
      try store.contents() == [
        StoredVocabulary(name: "first", kind: .words, count: first.count, dimensions: nil),
        StoredVocabulary(name: "pairs", kind: .subwords, count: 5, dimensions: nil),
        StoredVocabulary(name: "pieces", kind: .subwords, count: 4, dimensions: nil),
        StoredVocabulary(name: "second", kind: .words, count: second.count, dimensions: 2),
      ])
    try store.verify()
  }

  @Test("who gives no name gets the default or the only one, and else a list of the names")
  func names() throws {
    let first = try vocabulary(of: "a")
    try VocabularyStore.add(first, named: "one", to: path)
    #expect(try VocabularyStore.open(path).vocabulary() == first)
    try VocabularyStore.add(try vocabulary(of: "b"), named: "two", to: path)
    let store = try VocabularyStore.open(path)
    #expect(
      throws: VocabularyError.noSuchName(
        path: path, reason: "it holds several, say which by name: 'one', 'two'")
    ) { try store.vocabulary() }
    #expect(throws: VocabularyError.noSuchName(path: path, reason: "it holds no 'three', but 'one', 'two'")) {
      try store.vocabulary(named: "three")
    }
    #expect(throws: VocabularyError.noSuchName(path: path, reason: "it holds no tokenizer of subwords")) {
      try store.subwordTokenizer()
    }
    try VocabularyStore.add(try vocabulary(of: "c"), named: VocabularyStore.defaultName, to: path)
    #expect(try store.vocabulary().id(of: "c") == 2)
    for name in ["", "a\nb", String(repeating: "x", count: 201)] {
      #expect(throws: VocabularyError.self) { try VocabularyStore.add(first, named: name, to: path) }
    }
  }

  @Test("a name that is taken stays unless it is to be replaced; what is removed is gone, the last one stays")
  func replacing() throws {
    let (old, new) = (try vocabulary(of: "old"), try vocabulary(of: "new words"))
    try VocabularyStore.add(old, named: "it", to: path)
    #expect(throws: VocabularyError.nameIsTaken(path: path, name: "it")) {
      try VocabularyStore.add(new, named: "it", to: path)
    }
    let before = try VocabularyStore.open(path)
    #expect(try before.vocabulary() == old)
    try VocabularyStore.add(new, named: "it", to: path, replacing: true)
    #expect(try before.vocabulary().id(of: "new") != nil)
    // Another kind takes the name, and nothing of the words stays.
    try VocabularyStore.add(
      SubwordTokenizer(json: Array(Self.bytePair.utf8)), named: "it", to: path, replacing: true)
    #expect(try VocabularyStore.open(path).contents().map(\.kind) == [.subwords])
    #expect(throws: VocabularyError.self) { try VocabularyStore.remove("it", from: path) }
    try VocabularyStore.add(old, named: "other", to: path)
    try VocabularyStore.remove("it", from: path)
    let store = try VocabularyStore.open(path)
    #expect(try store.contents().map(\.name) == ["other"])
    try store.verify()
    let rows = try DatabaseQueue(path: path).read { database in
      try Int.fetchOne(database, sql: "SELECT (SELECT count(*) FROM subword) + (SELECT count(*) FROM subword_merge)")
    }
    #expect(rows == 0)
  }

  @Test("vectors for tokens that are not there, or of no numbers, are refused and change nothing")
  func wrongVectors() throws {
    try VocabularyStore.create(at: path, with: try vocabulary(of: "a b"), overwrite: false)
    let before = try bytes(of: path)
    let far = try VocabularyVectors(dimensions: 1, ids: [2, 4], numbers: [1, 2])
    #expect(throws: VocabularyError.invalidOptions(reason: "a vector for token 4 of 4")) {
      try VocabularyStore.setVectors(far, in: path)
    }
    #expect(try bytes(of: path) == before)
    #expect(throws: VocabularyError.self) { try VocabularyVectors(dimensions: 1, ids: [1, 1], numbers: [1, 1]) }
    #expect(throws: VocabularyError.self) { try VocabularyVectors(dimensions: 1, ids: [1], numbers: [.nan]) }
    #expect(throws: VocabularyError.self) { try VocabularyVectors(dimensions: 2, ids: [1], numbers: [1]) }
    #expect(throws: VocabularyError.self) { try VocabularyVectors(dimensions: 0, ids: [], numbers: []) }
  }

  @Test("damaged rows of subwords and vectors are named")
  func damage() throws {
    func edited(_ sql: String) throws -> VocabularyStore {
      let copy = scratch.file("\(UUID().uuidString).sqlite")
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      let editor = try DatabaseQueue(path: copy)
      try editor.write { try $0.execute(sql: sql) }
      try editor.close()
      return try VocabularyStore.open(copy)
    }
    try VocabularyStore.create(at: path, with: try vocabulary(of: "a b"), overwrite: false)
    try VocabularyStore.setVectors(try VocabularyVectors(dimensions: 1, ids: [2], numbers: [1]), in: path)
    try VocabularyStore.add(SubwordTokenizer(json: Array(Self.bytePair.utf8)), named: "pairs", to: path)
    for sql in [
      "UPDATE subword SET bytes = x'ff' WHERE id = 1", "DELETE FROM subword WHERE id = 1",
      "UPDATE subword SET bytes = x'61' WHERE id = 2", "UPDATE subword_merge SET left_bytes = x'7a' WHERE place = 0",
      "UPDATE subword_tokenizer SET pipeline = '{'", "UPDATE subword SET id = 4000000000 WHERE id = 2",
    ] {
      let store = try edited(sql)
      #expect(throws: VocabularyError.self, "\(sql)") { try store.subwordTokenizer() }
      #expect(throws: VocabularyError.self, "\(sql)") { try store.verify() }
    }
    for sql in [
      "UPDATE vector SET numbers = x'00'", "UPDATE vector SET numbers = x'0000c07f'", "UPDATE vector SET id = 7",
      "UPDATE vector_set SET dimensions = 2", "UPDATE vector_set SET dimensions = -1",
      "UPDATE vector_set SET dimensions = 9223372036854775807",
    ] {
      let store = try edited(sql)
      #expect(throws: VocabularyError.self, "\(sql)") { try store.vectors() }
      #expect(throws: VocabularyError.self, "\(sql)") { try store.verify() }
    }
  }

  @Test("a bit that changed on the disk is noticed, an edit by SQL is read")
  func silentDamage() throws {
    try VocabularyStore.create(at: path, with: try vocabulary(of: "a b"), overwrite: false)
    try VocabularyStore.setVectors(
      try VocabularyVectors(dimensions: 2, ids: [2, 3], numbers: [1.2345, 2.3456, 3, 4]), in: path)
    try VocabularyStore.add(SubwordTokenizer(json: Array(Self.unigram.utf8)), named: "pieces", to: path)
    let whole = try bytes(of: path)
    func flipped(_ pattern: [UInt8], bit: UInt8) throws -> VocabularyStore {
      var bytes = whole
      let place = try #require(bytes.indices.first { bytes[$0...].starts(with: pattern) })
      bytes[place] ^= bit
      let copy = scratch.file("\(UUID().uuidString).sqlite")
      try Data(bytes).write(to: URL(filePath: copy))
      return try VocabularyStore.open(copy)
    }
    let number = withUnsafeBytes(of: Float(1.2345).bitPattern.littleEndian) { Array($0) }
    let vectors = try flipped(number, bit: 4)
    func expectDamage(_ body: () throws -> Void) {
      #expect { try body() } throws: { "\($0)".contains("not those that were written") }
    }
    expectDamage { _ = try vectors.vectors() }
    expectDamage { try vectors.verify() }
    // SQLite's numbers begin with their highest byte.
    let tables = try SubwordTokenizer(json: Array(Self.unigram.utf8)).tables()
    let score = try #require(tables.tokens.compactMap(\.score).last { $0 != $0.rounded() })
    let subwords = try flipped(withUnsafeBytes(of: score.bitPattern.bigEndian) { Array($0) }, bit: 1)
    expectDamage { _ = try subwords.subwordTokenizer() }

    let editor = try DatabaseQueue(path: path)
    try editor.write { try $0.execute(sql: "UPDATE vector SET numbers = x'0000803f0000803f' WHERE id = 2") }
    try editor.close()
    #expect(try VocabularyStore.open(path).vectors()?.numbers.prefix(2) == [1, 1])
  }

  @Test("a file of schema 2, which has no checksums of rows, is read and becomes one of this release")
  func schemaTwo() throws {
    try VocabularyStore.create(at: path, with: try vocabulary(of: "a b"), overwrite: false)
    try VocabularyStore.setVectors(try VocabularyVectors(dimensions: 1, ids: [2], numbers: [1]), in: path)
    try VocabularyStore.add(SubwordTokenizer(json: Array(Self.bytePair.utf8)), named: "pairs", to: path)
    let editor = try DatabaseQueue(path: path)
    try editor.write { database in
      for name in try String.fetchAll(
        database, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%_unverified'")
      {
        try database.execute(sql: "DROP TRIGGER \(name)")
      }
      try database.execute(
        sql: "DROP TABLE subword_checksum; DROP TABLE vector_checksum; PRAGMA user_version = 2")
    }
    try editor.close()
    let old = try VocabularyStore.open(path)
    #expect(try old.vectors()?.numbers == [1])
    _ = try old.subwordTokenizer()
    try old.verify()
    try VocabularyStore.setVectors(try VocabularyVectors(dimensions: 1, ids: [3], numbers: [2]), in: path)
    let new = try VocabularyStore.open(path)
    #expect(try new.vectors()?.ids == [3])
    try new.verify()
    let reader = try DatabaseQueue(path: path)
    #expect(try reader.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM vector_checksum") } == 1)
    #expect(try reader.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 3)
  }

  @Test("a file of schema 1 is read as it is, and becomes one of this release when something is added")
  func schemaOne() throws {
    try SchemaOne.write(["<pad>", "<unk>", "film", "good"], to: path)
    let before = try bytes(of: path)
    let old = try VocabularyStore.open(path)
    #expect(try old.vocabulary().id(of: "good") == 3)
    #expect(try old.vectors() == nil)
    #expect(try old.contents() == [StoredVocabulary(name: "default", kind: .words, count: 4, dimensions: nil)])
    try old.verify()
    #expect(try bytes(of: path) == before)

    try VocabularyStore.setVectors(try VocabularyVectors(dimensions: 1, ids: [2], numbers: [1]), in: path)
    try VocabularyStore.add(try vocabulary(of: "x"), named: "more", to: path)
    let new = try VocabularyStore.open(path)
    #expect(try new.vocabulary() == old.vocabulary())
    #expect(try new.contents().map(\.name) == ["default", "more"])
    #expect(try new.vectors()?.ids == [2])
    try new.verify()
    let version = try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
    #expect(version == VocabularySchema.version)
  }

  @Test("what a writer left half done is taken back by whoever opens the file next")
  func stoppedWriter() throws {
    let copy = try halfWritten()
    let store = try VocabularyStore.open(copy)
    #expect(try store.contents().map(\.name) == ["default"])
    #expect(try store.vocabulary() == VocabularyStore.open(path).vocabulary())
    try store.verify()
  }

  @Test("a file that replaces one with a half-done change is not damaged by taking that back")
  func replacingHalfDone() throws {
    let copy = try halfWritten()
    let new = try vocabulary(of: "new words")
    try VocabularyStore.create(at: copy, with: new, overwrite: true)
    let store = try VocabularyStore.open(copy)
    #expect(try store.vocabulary() == new)
    try store.verify()
    #expect(!FileManager.default.fileExists(atPath: copy + "-journal"))

    // Neither does a journal whose file somebody else replaced.
    let other = try halfWritten()
    try Data("no database, but as long as one header of a hundred bytes, more or less, and a bit more than that".utf8)
      .write(to: URL(filePath: other))
    try VocabularyStore.create(at: other, with: new, overwrite: true)
    #expect(try VocabularyStore.open(other).vocabulary() == new)
    #expect(!FileManager.default.fileExists(atPath: other + "-journal"))
  }

  @Test("spellings that Unicode calls the same are one name")
  func equivalentNames() throws {
    let (old, new) = (try vocabulary(of: "old"), try vocabulary(of: "new"))
    try VocabularyStore.add(old, named: "caf\u{e9}", to: path)
    #expect(try VocabularyStore.open(path).vocabulary(named: "cafe\u{301}") == old)
    #expect(throws: VocabularyError.nameIsTaken(path: path, name: "cafe\u{301}")) {
      try VocabularyStore.add(new, named: "cafe\u{301}", to: path)
    }
    try VocabularyStore.add(new, named: "cafe\u{301}", to: path, replacing: true)
    let store = try VocabularyStore.open(path)
    #expect(try store.contents().count == 1)
    #expect(try store.vocabulary(named: "caf\u{e9}") == new)
    try VocabularyStore.add(old, named: "other", to: path)
    try VocabularyStore.remove("caf\u{e9}", from: path)
    #expect(try store.contents().map(\.name) == ["other"])
  }

  @Test("vectors are not given to a vocabulary that took the place of theirs")
  func vectorsOfAnother() throws {
    let (old, new) = (try vocabulary(of: "a b"), try vocabulary(of: "c d"))
    try VocabularyStore.add(old, named: "it", to: path)
    let vectors = try VocabularyVectors(dimensions: 1, ids: [2, 3], numbers: [1, 2])
    try VocabularyStore.setVectors(vectors, in: path, madeFor: old)
    try VocabularyStore.add(new, named: "it", to: path, replacing: true)
    #expect(throws: VocabularyError.changedMeanwhile(path: path)) {
      try VocabularyStore.setVectors(vectors, in: path, madeFor: old)
    }
    let (vocabulary, none) = try VocabularyStore.open(path).vocabularyWithVectors()
    #expect(vocabulary == new && none == nil)
  }

  @Test(
    "what would make a change do more than it says is refused",
    arguments: [
      "CREATE TRIGGER own AFTER DELETE ON vocabulary BEGIN DELETE FROM token; END",
      "DROP TRIGGER token_deleted; CREATE TRIGGER token_deleted AFTER DELETE ON token BEGIN DELETE FROM vocabulary; END",
      "ALTER TABLE vocabulary ADD COLUMN extra TEXT AS (hex(zeroblob(id)))", "CREATE VIEW own AS SELECT 1",
    ])
  func foreignSchema(sql: String) throws {
    try VocabularyStore.create(at: path, with: try vocabulary(of: "a b"), overwrite: false)
    let editor = try DatabaseQueue(path: path)
    try editor.write { try $0.execute(sql: sql) }
    try editor.close()
    let before = try bytes(of: path)
    let error = #expect(throws: VocabularyError.self) {
      try VocabularyStore.add(try vocabulary(of: "x"), named: "more", to: path)
    }
    guard case .corrupt = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try bytes(of: path) == before)
  }

  /// A copy of a file that holds "a b", and its journal, as they are in the middle of a large change.
  private func halfWritten() throws -> String {
    try VocabularyStore.create(at: path, with: try vocabulary(of: "a b"), overwrite: true)
    let copy = scratch.file("\(UUID().uuidString).sqlite")
    let writer = try DatabaseQueue(path: path)
    try writer.writeWithoutTransaction { database in
      // With a cache of a few pages the change is in the file long before it is committed.
      try database.execute(sql: "PRAGMA cache_size = 2; BEGIN IMMEDIATE; UPDATE token SET count = 7")
      try VocabularyRows.insert(
        try vocabulary(of: (0..<5000).map { "word\($0)" }.joined(separator: " ")), named: "big", into: database)
      for suffix in ["", "-journal"] {
        try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
      }
      try database.execute(sql: "ROLLBACK")
    }
    return copy
  }

  @Test("several writers at the same time lose nothing, while a reader reads")
  func writers() async throws {
    let path = path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          for index in 0..<5 {
            try VocabularyStore.add(
              try vocabulary(of: "word\(writer) word\(index)"), named: "\(writer)-\(index)", to: path)
            let store = try VocabularyStore.open(path)
            #expect(try store.vocabulary(named: "\(writer)-\(index)").id(of: "word\(writer)") != nil)
          }
        }
      }
      try await group.waitForAll()
    }
    let store = try VocabularyStore.open(path)
    #expect(try store.contents().count == 20)
    try store.verify()
  }
}

/// The tables of the first release, as its files have them.
private enum SchemaOne {
  static func write(_ tokens: [String], to path: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.write { database in
      try database.execute(
        sql: """
          CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
          INSERT INTO grdb_migrations VALUES ('1 vocabularies, tokens, flat tables');
          CREATE TABLE vocabulary (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
            padding INTEGER NOT NULL, unknown INTEGER NOT NULL, settings TEXT NOT NULL) STRICT;
          CREATE TABLE token (vocabulary INTEGER NOT NULL REFERENCES vocabulary (id) ON DELETE CASCADE,
            id INTEGER NOT NULL, bytes BLOB NOT NULL, count INTEGER NOT NULL, kind INTEGER NOT NULL,
            PRIMARY KEY (vocabulary, id)) STRICT, WITHOUT ROWID;
          CREATE TABLE flat_table (vocabulary INTEGER PRIMARY KEY REFERENCES vocabulary (id) ON DELETE CASCADE,
            revision INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT;
          CREATE TABLE flat_table_part (
            vocabulary INTEGER NOT NULL REFERENCES flat_table (vocabulary) ON DELETE CASCADE,
            part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (vocabulary, part)) STRICT;
          CREATE UNIQUE INDEX token_bytes ON token (vocabulary, bytes);
          CREATE TRIGGER token_inserted AFTER INSERT ON token BEGIN
            UPDATE vocabulary SET revision = revision + 1 WHERE id = NEW.vocabulary; END;
          CREATE TRIGGER token_updated AFTER UPDATE ON token BEGIN
            UPDATE vocabulary SET revision = revision + 1 WHERE id IN (OLD.vocabulary, NEW.vocabulary); END;
          CREATE TRIGGER token_deleted AFTER DELETE ON token BEGIN
            UPDATE vocabulary SET revision = revision + 1 WHERE id = OLD.vocabulary; END;
          CREATE TRIGGER vocabulary_updated AFTER UPDATE OF padding, unknown, settings ON vocabulary BEGIN
            UPDATE vocabulary SET revision = revision + 1 WHERE id = NEW.id; END;
          PRAGMA application_id = 1313624150; PRAGMA user_version = 1;
          """)
      let settings = String(decoding: try SettingsForm(TokenizerSettings()).json, as: UTF8.self)
      try database.execute(
        sql: "INSERT INTO vocabulary VALUES (1, 'default', 1, 0, 1, ?)", arguments: [settings])
      for (id, token) in tokens.enumerated() {
        try database.execute(
          sql: "INSERT INTO token VALUES (1, ?, ?, ?, ?)",
          arguments: [id, Data(token.utf8), id < 2 ? 0 : 9 - id, id < 2 ? 1 : 0])
      }
    }
    try queue.close()
  }
}
