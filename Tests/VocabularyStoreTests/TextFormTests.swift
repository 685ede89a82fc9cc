import Foundation
import TextProcessing
import Testing

@testable import VocabularyStore

@Suite struct TextFormTests {
  private func imported(_ text: String) throws(VocabularyError) -> Vocabulary {
    try Vocabulary.imported(Array(text.utf8), name: "v")
  }

  @Test("both forms give back an equal vocabulary", arguments: VocabularyTextFormat.allCases)
  func roundTrip(format: VocabularyTextFormat) throws {
    var settings = TokenizerSettings()
    settings.locale = "de \"quoted\" \\ \n"
    settings.normalization = .nfkc
    var numbers = SeededNumbers(seed: 12)
    var counter = VocabularyCounter()
    for _ in 0..<3000 {
      let token = numbers.token()
      counter.add(token.span, count: Int64.random(in: 1...9, using: &numbers))
    }
    for text in [
      "\0", "\t", "\n", "\r", "\r\n", "\\", "\\n", "\"", "\u{7F}", "\u{2028}", "é", "e\u{301}", "😀", "\u{FEFF}",
    ] {
      counter.add(text)
    }
    let vocabulary = try counter.build(reserved: ["<pad>", "<unk>", "<s>\t"], settings: settings)
    let text = vocabulary.exported(as: format)
    #expect(String(validating: text, as: UTF8.self) != nil)
    let again = try Vocabulary.imported(text, name: "v")
    #expect(again == vocabulary)
    #expect(again.fingerprint == vocabulary.fingerprint)
  }

  @Test("the forms look as documented")
  func forms() throws {
    let vocabulary = try vocabulary(of: "a\tb a\tb \u{1}")
    let header =
      #"{"format":"nlptool-vocabulary","version":1,"count":4,"padding":0,"unknown":1,"settings":"#
      + String(decoding: vocabulary.table.settings, as: UTF8.self) + "}"
    #expect(
      String(decoding: vocabulary.exported(as: .tsv), as: UTF8.self) == """
        #\(header)
        0\t0\treserved\t<pad>
        1\t0\treserved\t<unk>
        2\t2\tordinary\ta\\tb
        3\t1\tordinary\t\u{1}

        """)
    #expect(
      String(decoding: vocabulary.exported(as: .jsonLines), as: UTF8.self) == #"""
        \#(header)
        {"id":0,"count":0,"kind":"reserved","token":"<pad>"}
        {"id":1,"count":0,"kind":"reserved","token":"<unk>"}
        {"id":2,"count":2,"kind":"ordinary","token":"a\u0009b"}
        {"id":3,"count":1,"kind":"ordinary","token":"\u0001"}

        """#)
  }

  @Test("a file with CRLF line ends or a byte order mark reads the same", arguments: VocabularyTextFormat.allCases)
  func lineEnds(format: VocabularyTextFormat) throws {
    let vocabulary = try vocabulary(of: "a b")
    let text = String(decoding: vocabulary.exported(as: format), as: UTF8.self)
    #expect(try imported("\u{FEFF}" + text.replacingOccurrences(of: "\n", with: "\r\n")) == vocabulary)
  }

  @Test("a text form cut anywhere is an error", arguments: VocabularyTextFormat.allCases)
  func cuts(format: VocabularyTextFormat) throws {
    let text = try vocabulary(of: "a b c").exported(as: format)
    // Before the mark is complete it is a list of words to any reader, and nothing can tell.
    for size in TextFormHeader.mark.count + 1..<text.count {
      #expect(throws: VocabularyError.self, "\(size)") { try Vocabulary.imported(Array(text.prefix(size)), name: "v") }
    }
  }

  @Test("lines that cannot be understood are named")
  func badLines() throws {
    let lines = String(decoding: try vocabulary(of: "a b").exported(as: .tsv), as: UTF8.self)
    let changes = [
      ("2\t1\tordinary\ta", "2\t1\tordinary", 4), ("2\t1\tordinary\ta", "2\tx\tordinary\ta", 4),
      ("2\t1\tordinary\ta", "2\t-1\tordinary\ta", 4), ("2\t1\tordinary\ta", "7\t1\tordinary\ta", 4),
      ("2\t1\tordinary\ta", "2\t1\tother\ta", 4), ("2\t1\tordinary\ta", "2\t1\tordinary\ta\tb", 4),
      ("3\t1\tordinary\tb", "3\t1\tordinary\ta", 5), ("3\t1\tordinary\tb", "3\t1\tordinary\t\\q", 5),
      ("3\t1\tordinary\tb", "3\t1\tordinary\t\\x1", 5), ("3\t1\tordinary\tb", "3\t1\tordinary\t\\", 5),
      ("3\t1\tordinary\tb", "", 5), ("\"word\"", "\"wrod\"", 1),
    ]
    for (original, replacement, line) in changes {
      let error = #expect(throws: VocabularyError.self) {
        try imported(lines.replacingOccurrences(of: original, with: replacement))
      }
      guard case .badLine("v", line, _) = error else {
        Issue.record("\(String(describing: error)) for '\(replacement)'")
        continue
      }
    }
    #expect(throws: VocabularyError.newerSchema(path: "v", version: 2)) {
      try imported(lines.replacingOccurrences(of: #""version":1"#, with: #""version":2"#))
    }
    #expect(throws: VocabularyError.self) {
      try imported(lines.replacingOccurrences(of: #""padding":0"#, with: #""padding":9"#))
    }
  }

  @Test("JSON lines that cannot be understood are named")
  func badJSONLines() throws {
    let lines = String(decoding: try vocabulary(of: "a").exported(as: .jsonLines), as: UTF8.self)
    for replacement in [#""bytes":"6"}"#, #""bytes":"6g"}"#, #""tokens":"a"}"#, #""token":7}"#, #""token":"a""#] {
      let error = #expect(throws: VocabularyError.self) {
        try imported(lines.replacingOccurrences(of: #""token":"a"}"#, with: replacement))
      }
      guard case .badLine("v", 4, _) = error else {
        Issue.record("\(String(describing: error)) for \(replacement)")
        continue
      }
    }
    #expect(
      try imported(lines.replacingOccurrences(of: #""token":"a""#, with: #""bytes":"FF00""#)).entry(2)?.token == [
        0xFF, 0,
      ])
  }

  @Test("a list of words, one a line")
  func wordList() throws {
    var settings = TokenizerSettings()
    settings.lowercase = true
    let vocabulary = try Vocabulary.imported(
      Array("\u{FEFF}zebra\r\n\n<unk>\napple pie\nlast".utf8), name: "v", settings: settings)
    #expect(vocabulary.entries.map(\.text) == ["<pad>", "<unk>", "zebra", "apple pie", "last"])
    #expect(vocabulary.settings == settings)
    #expect(throws: VocabularyError.badLine(path: "v", line: 3, reason: "the word 'a' has the id 2 already")) {
      try imported("a\nb\na\n")
    }
    #expect(throws: VocabularyError.badLine(path: "v", line: 2, reason: "the line is not valid UTF-8")) {
      try Vocabulary.imported(Array("a\n".utf8) + [0xFF, 10], name: "v")
    }
    #expect(throws: VocabularyError.self) { try imported("a\0b\n") }
    #expect(throws: VocabularyError.empty(reason: "the list has no words beside reserved tokens")) { try imported("") }
    #expect(throws: VocabularyError.empty(reason: "the list has no words beside reserved tokens")) {
      try imported("\n\n<pad>\n")
    }
  }

  @Test("files")
  func files() throws {
    let scratch = try Scratch()
    let vocabulary = try vocabulary(of: "a b c")
    let path = scratch.file("v.tsv")
    try vocabulary.export(as: .tsv, to: path, overwrite: false)
    #expect(try Vocabulary.imported(from: path) == vocabulary)
    #expect(throws: VocabularyError.alreadyExists(path: path)) {
      try vocabulary.export(as: .jsonLines, to: path, overwrite: false)
    }
    try vocabulary.export(as: .jsonLines, to: path, overwrite: true)
    #expect(try Vocabulary.imported(from: path) == vocabulary)
    #expect(throws: VocabularyError.missing(path: scratch.file("none"))) {
      try Vocabulary.imported(from: scratch.file("none"))
    }
    #expect(throws: VocabularyError.self) { try Vocabulary.imported(from: scratch.path) }
    #expect(try scratch.names == ["v.tsv"])
  }

  @Test("errors of the writer come through")
  func failingWriter() throws {
    struct Full: Error {}
    let vocabulary = try vocabulary(of: "a")
    #expect(throws: Full.self) { try vocabulary.export(as: .tsv) { _ in throw Full() } }
  }
}
