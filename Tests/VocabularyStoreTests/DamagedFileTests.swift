import Foundation
import GRDB
import TextProcessing
import Testing

@testable import VocabularyStore

@Suite struct DamagedFileTests {
  private let scratch: Scratch
  private let vocabulary: Vocabulary
  private let path: String

  init() throws {
    scratch = try Scratch()
    vocabulary = try randomVocabulary(tokens: 300, seed: 6)
    path = scratch.file("v.sqlite")
    try VocabularyStore.create(at: path, with: vocabulary, overwrite: false)
  }

  private func error(opening path: String) -> VocabularyError? {
    #expect(throws: VocabularyError.self) { try VocabularyStore.open(path).vocabulary() }
  }

  @Test("missing files, folders and other files are named as what they are")
  func wrongFiles() throws {
    let missing = scratch.file("none.sqlite")
    #expect(error(opening: missing) == .missing(path: missing))
    #expect(error(opening: "\(path)/inside") == .missing(path: "\(path)/inside"))
    #expect(
      error(opening: scratch.path)
        == .unreadable(path: scratch.path, reason: "it is a folder; give the name of a file"))
    let device = "/dev/null"
    #expect(error(opening: device) == .unreadable(path: device, reason: "it is not a regular file"))
    let empty = try scratch.write([], "empty")
    #expect(error(opening: empty) == .notAVocabulary(path: empty, reason: "it is empty"))
    let text = try scratch.write(Array(String(repeating: "no database ", count: 1000).utf8), "text")
    #expect(error(opening: text) == .notAVocabulary(path: text, reason: "it is no SQLite database"))
    let short = try scratch.write([1, 2, 3], "short")
    #expect(error(opening: short) == .notAVocabulary(path: short, reason: "it is no SQLite database"))
  }

  @Test("a database of another application is refused")
  func otherApplication() throws {
    let other = scratch.file("other.sqlite")
    let queue = try DatabaseQueue(path: other)
    try queue.write { try $0.execute(sql: "CREATE TABLE token (id INTEGER)") }
    try queue.close()
    #expect(
      error(opening: other) == .notAVocabulary(path: other, reason: "it is an SQLite database of another application"))

    let editor = try DatabaseQueue(path: path)
    try editor.write { try $0.execute(sql: "PRAGMA application_id = 77") }
    try editor.close()
    #expect(
      error(opening: path) == .notAVocabulary(path: path, reason: "it is an SQLite database of another application"))
  }

  @Test("a newer schema is refused by its number, an impossible one as damage")
  func schemas() throws {
    for version in [VocabularySchema.version + 1, 1000, Int(Int32.max)] {
      let editor = try DatabaseQueue(path: path)
      try editor.write { try $0.execute(sql: "PRAGMA user_version = \(version)") }
      try editor.close()
      #expect(error(opening: path) == .newerSchema(path: path, version: version))
    }
    let editor = try DatabaseQueue(path: path)
    try editor.write { try $0.execute(sql: "PRAGMA user_version = 0") }
    try editor.close()
    #expect(error(opening: path) == .corrupt(path: path, reason: "it has no schema version"))
  }

  @Test("a file cut anywhere is an error")
  func cuts() throws {
    let whole = try bytes(of: path)
    var sizes = Set(stride(from: 0, to: whole.count, by: 997))
    sizes.formUnion(0..<130)
    sizes.formUnion((1...130).map { whole.count - $0 })
    for page in stride(from: 4096, to: whole.count, by: 4096) { sizes.formUnion([page - 1, page, page + 1]) }
    for size in sizes.sorted() {
      let cut = try scratch.write(Array(whole.prefix(size)), "cut.sqlite")
      guard let error = error(opening: cut) else { continue }
      switch error {
      case .corrupt, .notAVocabulary: break
      default: Issue.record("\(error) at \(size)")
      }
      #expect(!error.description.contains("\n"))
    }
  }

  @Test("flipped bytes are an error or do no harm, and never a wrong vocabulary")
  func flips() throws {
    let whole = try bytes(of: path)
    var numbers = SeededNumbers(seed: 7)
    var offsets = Array(0..<200)
    for _ in 0..<1200 { offsets.append(Int.random(in: 0..<whole.count, using: &numbers)) }
    var errors = 0
    for offset in offsets {
      var changed = whole
      changed[offset] ^= UInt8.random(in: 1...255, using: &numbers)
      let damaged = try scratch.write(changed, "flipped.sqlite")
      do {
        let store = try VocabularyStore.open(damaged)
        #expect(try store.vocabulary() == vocabulary, "at \(offset)")
        try store.verify()
      } catch {
        errors += 1
        #expect(!error.description.contains("\n"))
      }
    }
    #expect(errors > offsets.count / 4)
  }

  @Test("random pages in place of real ones never crash")
  func garbage() throws {
    let whole = try bytes(of: path)
    var numbers = SeededNumbers(seed: 9)
    for _ in 0..<150 {
      var changed = whole
      let start = Int.random(in: 100..<whole.count - 600, using: &numbers)
      for offset in start..<start + 600 { changed[offset] = UInt8.random(in: .min ... .max, using: &numbers) }
      let damaged = try scratch.write(changed, "garbage.sqlite")
      if let store = try? VocabularyStore.open(damaged) {
        #expect(try store.vocabulary() == vocabulary)
        _ = try? store.verify()
      }
    }
  }

  @Test("a table of the wrong type, or with hostile sizes and a right checksum, is an error")
  func hostileTables() throws {
    var huge = vocabulary.table.bytes
    for byte in 0..<8 { huge[FlatTableLayout.Field.arenaSize + byte] = 0xFF }
    let tables: [(Data, UInt64)] = [
      (Data(), 0), (Data([1, 2, 3]), 0), (Data(huge), checksum(huge)),
      (Data(vocabulary.table.bytes), 42),
    ]
    for (data, checksum) in tables {
      let editor = try DatabaseQueue(path: path)
      try editor.write {
        try $0.execute(sql: "UPDATE flat_table SET checksum = ?", arguments: [Int64(bitPattern: checksum)])
        try $0.execute(sql: "UPDATE flat_table_part SET data = ?", arguments: [data])
      }
      try editor.close()
      guard case .corrupt = error(opening: path) else {
        Issue.record("a table of \(data.count) bytes was taken")
        continue
      }
    }
  }

  @Test("messages are one line without control characters, whatever the file says")
  func messages() {
    let error = VocabularyError.corrupt(path: "a\nb", reason: "c\u{1B}[2Jd\r\n")
    #expect(error.description == "a b: the vocabulary is damaged: c [2Jd  ; restore the file or build it again")
  }

  @Test("a schema that runs code when it is read does not run it")
  func hostileSchema() throws {
    let hostile = scratch.file("hostile.sqlite")
    let queue = try DatabaseQueue(path: hostile)
    try queue.write { database in
      try database.execute(
        sql: """
          PRAGMA application_id = \(VocabularySchema.applicationID); PRAGMA user_version = 1;
          CREATE VIEW vocabulary AS SELECT 1 AS id, 'default' AS name, 5 AS revision;
          CREATE VIEW flat_table AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 9)
            SELECT 1 AS vocabulary, 5 AS revision, 7 AS checksum FROM r;
          CREATE VIEW flat_table_part AS SELECT 1 AS vocabulary, 1 AS part, zeroblob(900000000) AS data;
          """)
    }
    try queue.close()
    guard case .corrupt = error(opening: hostile) else {
      Issue.record("views were taken for tables")
      return
    }
  }
}
