import Foundation
import GRDB
import TextProcessing
import Testing

@testable import VocabularyStore

@Suite struct VocabularyStoreTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func stored(_ vocabulary: Vocabulary, _ name: String = "v.sqlite") throws -> String {
    let path = scratch.file(name)
    try VocabularyStore.create(at: path, with: vocabulary, overwrite: false)
    return path
  }

  @Test("a stored vocabulary comes back equal", arguments: [1, 100, 5000, 40_000])
  func roundTrip(size: Int) throws {
    let vocabulary = try randomVocabulary(tokens: size, seed: UInt64(size))
    let store = try VocabularyStore.open(try stored(vocabulary))
    #expect(try store.vocabulary() == vocabulary)
    #expect(try store.vocabulary().fingerprint == vocabulary.fingerprint)
    try store.verify()
    #expect(try scratch.names == ["v.sqlite"])
  }

  @Test("settings and reserved tokens are kept")
  func settings() throws {
    var settings = TokenizerSettings()
    settings.unit = .character
    settings.locale = "zh"
    settings.normalization = .nfkc
    settings.skippedKinds = [.space, .punctuation, .emoji]
    let vocabulary = try vocabulary(of: "天 地 天", reserved: ["[P]", "[U]", "[BOS]"], settings: settings)
    let reopened = try VocabularyStore.open(try stored(vocabulary)).vocabulary()
    #expect(reopened.settings == settings)
    #expect(reopened.paddingID == 0 && reopened.unknownID == 1)
    #expect(reopened.entries.map(\.isReserved) == [true, true, true, false, false])
  }

  @Test("equal vocabularies give equal files")
  func determinism() throws {
    let first = try stored(try randomVocabulary(tokens: 3000, seed: 8), "a.sqlite")
    let second = try stored(try randomVocabulary(tokens: 3000, seed: 8), "b.sqlite")
    #expect(try bytes(of: first) == bytes(of: second))
  }

  @Test("entries in pieces")
  func entries() throws {
    let store = try VocabularyStore.open(try stored(try vocabulary(of: "a b b c c c")))
    #expect(try store.entries(limit: 3).map(\.text) == ["<pad>", "<unk>", "c"])
    #expect(try store.entries(from: 3, limit: 10).map(\.text) == ["b", "a"])
    #expect(try store.entries(from: 99, limit: 10).isEmpty)
    #expect(try store.entries(from: -4, limit: -1).isEmpty)
    #expect(try store.summary().count == 5)
  }

  @Test("an existing file is kept unless it may be overwritten")
  func overwriting() throws {
    let path = try stored(try vocabulary(of: "old"))
    let new = try vocabulary(of: "new")
    #expect(throws: VocabularyError.alreadyExists(path: path)) {
      try VocabularyStore.create(at: path, with: new, overwrite: false)
    }
    let reader = try VocabularyStore.open(path)
    try VocabularyStore.create(at: path, with: new, overwrite: true)
    #expect(try VocabularyStore.open(path).vocabulary().token(2) == "new")
    #expect(try reader.vocabulary().token(2) == "new")
    #expect(try scratch.names == ["v.sqlite"])
  }

  @Test("places where no file can be made are refused, and nothing is left behind")
  func places() throws {
    let vocabulary = try vocabulary(of: "a")
    let file = try stored(vocabulary)
    for path in [scratch.path, scratch.file("none/v.sqlite"), "\(file)/v.sqlite", ""] {
      let error = #expect(throws: VocabularyError.self) {
        try VocabularyStore.create(at: path, with: vocabulary, overwrite: true)
      }
      guard case .cannotCreate = error else {
        Issue.record("\(String(describing: error)) for '\(path)'")
        continue
      }
    }
    #expect(try scratch.names == ["v.sqlite"])
  }

  @Test("two readers at once, in the same process")
  func twoReaders() throws {
    let vocabulary = try vocabulary(of: "a b")
    let path = try stored(vocabulary)
    let first = try VocabularyStore.open(path)
    let second = try VocabularyStore.open(path)
    #expect(try first.vocabulary() == second.vocabulary())
  }

  @Test("many readers at once, on many threads")
  func manyReaders() async throws {
    let vocabulary = try randomVocabulary(tokens: 500, seed: 4)
    let path = try stored(vocabulary)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { try VocabularyStore.open(path).vocabulary() == vocabulary } }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  @Test("a file that may only be read opens")
  func readOnly() throws {
    let path = try stored(try vocabulary(of: "a"))
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    #expect(try VocabularyStore.open(path).vocabulary().token(2) == "a")
  }

  @Test("edited rows outdate the table")
  func edits() throws {
    let path = try stored(try vocabulary(of: "a a b"))
    let open = try VocabularyStore.open(path)
    let editor = try DatabaseQueue(path: path)
    try editor.write { database in
      try database.execute(sql: "UPDATE token SET bytes = x'7A7A' WHERE id = 3")
      try database.execute(sql: "INSERT INTO token VALUES (1, 4, x'00', 7, 0)")
    }
    for store in [open, try VocabularyStore.open(path)] {
      let edited = try store.vocabulary()
      #expect(edited.entries.map(\.text) == ["<pad>", "<unk>", "a", "zz", "\0"])
      #expect(edited.id(of: "zz") == 3)
      #expect(edited.id(of: "b") == nil)
    }
    try editor.write { try $0.execute(sql: "DELETE FROM token WHERE id = 4") }
    #expect(try open.vocabulary().count == 4)
    try editor.write { database in
      try database.execute(sql: #"UPDATE vocabulary SET settings = replace(settings, '"en"', '"de"')"#)
    }
    #expect(try open.vocabulary().settings.locale == "de")
  }

  @Test("rows edited into no vocabulary are an error")
  func badEdits() throws {
    let edits = [
      "DELETE FROM token WHERE id = 2", "DELETE FROM token", "UPDATE token SET kind = 77 WHERE id = 2",
      "UPDATE token SET count = -1 WHERE id = 2", "UPDATE vocabulary SET padding = 99",
      "UPDATE vocabulary SET unknown = -1", "UPDATE vocabulary SET settings = '[]'", "DELETE FROM vocabulary",
      "DROP INDEX token_bytes; UPDATE token SET bytes = x'61'", "DROP TABLE flat_table",
      "DROP TABLE flat_table_part", "DELETE FROM flat_table_part",
      "DELETE FROM flat_table; DROP TABLE token", "UPDATE token SET id = id + 1000000000000",
    ]
    for (number, edit) in edits.enumerated() {
      let path = try stored(try vocabulary(of: "a b c"), "\(number).sqlite")
      let editor = try DatabaseQueue(path: path)
      try editor.writeWithoutTransaction { try $0.execute(sql: edit) }
      try editor.close()
      let error = #expect(throws: VocabularyError.self, "\(edit)") { try VocabularyStore.open(path) }
      guard case .corrupt = error else {
        Issue.record("\(String(describing: error)) after \(edit)")
        continue
      }
    }
  }

  @Test("verifying finds rows that are not those of the table")
  func verifying() throws {
    let path = try stored(try vocabulary(of: "a b c"))
    let editor = try DatabaseQueue(path: path)
    // Without the triggers: what a damaged page or a careless program does.
    try editor.write { try $0.execute(sql: "DROP TRIGGER token_updated; UPDATE token SET count = 9 WHERE id = 2") }
    let store = try VocabularyStore.open(path)
    #expect(throws: VocabularyError.corrupt(path: path, reason: "the table of 'default' is not that of its rows")) {
      try store.verify()
    }
    try editor.write { try $0.execute(sql: "DROP TABLE token") }
    #expect(throws: VocabularyError.self) { try store.verify() }
  }
}
