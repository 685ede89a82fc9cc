import Testing

@testable import TextProcessing

/// Every format, as it should be and at fault.
@Suite struct CorpusReaderTests {
  private func records(_ text: String, _ options: CorpusOptions = .init(), name: String = "x") throws -> [CorpusRecord]
  {
    var reader = try CorpusReader(reader: LineReader(bytes: Array(text.utf8), name: name), options: options)
    var records: [CorpusRecord] = []
    while let record = try reader.next() { records.append(record) }
    return records
  }

  private func pairs(_ text: String, _ options: CorpusOptions = .init()) throws -> [String] {
    try records(text, options).map { "\($0.label ?? "-")|\($0.text)" }
  }

  @Test func tsv() throws {
    // No quoting: a quotation mark is a letter like others.
    #expect(
      try pairs("\u{FEFF}pos\t\"good\r\n\r\nneg\tbad\" film\n", .init(format: .tsv, header: .no))
        == ["pos|\"good", "neg|bad\" film"])
    #expect(
      try pairs("label\ttext\npos\ta b\nneg\tc d\n", .init(format: .tsv)) == ["pos|a b", "neg|c d"])
    #expect(
      try pairs("a\tpos\nb\tneg\n", .init(format: .tsv, textColumn: .number(1), labelColumn: .number(2), header: .no))
        == ["pos|a", "neg|b"])
    #expect(try records("1\ta b\n\n0\tc d\n", .init(format: .tsv)).map(\.line) == [1, 3])
  }

  @Test func csv() throws {
    let text =
      "text,label\r\n\"one, two\",pos\r\n\"with \"\"quotes\"\"\nand a line\r\nend\",neg\r\nplain \"q\",pos\r\n\"\",neg\r\n"
    let found = try records(text, .init(format: .csv))
    #expect(found.map(\.text) == ["one, two", "with \"quotes\"\nand a line\r\nend", "plain \"q\"", ""])
    #expect(found.map(\.label) == ["pos", "neg", "pos", "neg"])
    #expect(found.map(\.line) == [2, 3, 6, 7])
  }

  @Test func jsonLines() throws {
    let text = #"""
      {"text": "caf\u00e9 \ud83d\ude00 \"x\"\n", "label": "pos", "other": {"a": [1, "]"]}, "n": null}
      {"label": 0, "text": "b"}
      {"text": "c\/d", "label": true}
      """#
    #expect(try pairs(text) == ["pos|café 😀 \"x\"\n", "0|b", "true|c/d"])
    #expect(
      try pairs(#"{"review": "a", "stars": 4.5}"#, .init(labelRule: .positiveFrom(4))) == ["positive|a"])
    #expect(
      try pairs(#"{"a": "x", "b": "y"}"#, .init(textColumn: .name("b"), labelColumn: .number(1))) == ["x|y"])
  }

  @Test func fastText() throws {
    #expect(
      try pairs("__label__pos good film\n__label__neg  bad\n__label__pos\n") == ["pos|good film", "neg|bad", "pos|"])
    #expect(try pairs("no label\n", .init(format: .fasttext, requiresLabel: false)) == ["-|no label"])
  }

  @Test func labelFirst() throws {
    #expect(try pairs("1 good film \n0 bad\n", .init(format: .labelFirst)) == ["1|good film ", "0|bad"])
  }

  @Test func folders() throws {
    let folder = try TemporaryPath("reviews")
    for label in ["pos", "neg", "unsup"] { try folder.makeFolder("/\(label)") }
    try folder.write(Array("fine\nfilm\n".utf8), to: "/pos/10_9.txt")
    try folder.write(Array("\u{FEFF}great".utf8), to: "/pos/0_9.txt")
    try folder.write(Array("awful".utf8), to: "/neg/a.txt")
    try folder.write(Array("hidden".utf8), to: "/neg/.a.txt")
    try folder.write(Array("unused".utf8), to: "/unsup/a.txt")
    try folder.write(Array("unused".utf8), to: "/urls.txt")
    var reader = try CorpusReader(path: folder.path)
    #expect(reader.guess == "folders: labels neg, pos")
    var found: [String] = []
    while let record = try reader.next() {
      found.append("\(record.line) \(record.label ?? "-") \(record.source.dropFirst(folder.path.count)) \(record.text)")
    }
    #expect(found == ["1 neg /neg/a.txt awful", "2 pos /pos/0_9.txt great", "3 pos /pos/10_9.txt fine\nfilm"])

    try folder.write([0x61, 0x0A, 0xC3], to: "/neg/b.txt")
    var broken = try CorpusReader(path: folder.path)
    _ = try broken.next()
    #expect(throws: CorpusError.invalidUTF8(path: folder.path + "/neg/b.txt", line: 2, offset: 0)) {
      try broken.next()
    }
  }

  @Test func wrongFolders() throws {
    let folder = try TemporaryPath("aclImdb")
    try folder.makeFolder("/train/pos")
    #expect(throws: CorpusError.self) { try CorpusReader(path: folder.path) }
    #expect(throws: CorpusError.isDirectory(path: folder.path + "/train/pos")) {
      try CorpusReader(path: folder.path + "/train/pos")
    }
    #expect(throws: CorpusError.isDirectory(path: folder.path)) {
      try CorpusReader(path: folder.path, options: .init(format: .tsv))
    }
    try folder.write([0x61], to: "/file")
    #expect(throws: CorpusError.notADirectory(path: folder.path + "/file")) {
      try CorpusReader(path: folder.path + "/file", options: .init(format: .folders))
    }
    #expect(throws: CorpusError.missingFile(path: "/no/such")) {
      try CorpusReader(path: "/no/such", options: .init(format: .folders))
    }
  }

  @Test func labelRules() {
    let rule = LabelRule.positiveFrom(7)
    #expect(rule.apply(to: "7") == "positive" && rule.apply(to: "6.9") == "negative")
    #expect(rule.apply(to: "seven") == nil && rule.apply(to: "nan") == nil && rule.apply(to: "") == nil)
    #expect(LabelRule.asIs.apply(to: "x") == "x")
  }

  @Test(arguments: [
    ("", CorpusOptions(), CorpusError.emptyFile(path: "x")),
    (" \r\n\n", CorpusOptions(), .emptyFile(path: "x")),
    ("\u{FEFF}", CorpusOptions(), .emptyFile(path: "x")),
    ("label,text\n", CorpusOptions(format: .csv), .emptyFile(path: "x")),
    (
      "a,\"b\nc,d\n", CorpusOptions(format: .csv, textColumn: .number(2), labelColumn: .number(1), header: .no),
      .unterminatedQuote(path: "x", line: 1)
    ),
    (
      "a\tb\tc\nd\n", CorpusOptions(format: .tsv, textColumn: .number(3), labelColumn: .number(1), header: .no),
      .rowTooShort(path: "x", line: 2, columns: 1, needed: 3)
    ),
    (
      "label\ttext\n\tb\n", CorpusOptions(format: .tsv), .missingLabel(path: "x", line: 2)
    ),
    (
      "a\tb\n", CorpusOptions(format: .tsv, labelColumn: .name("stars")),
      .unknownColumn(path: "x", column: "stars", available: ["1", "2"])
    ),
    (
      "label\ttext\na\tb\n", CorpusOptions(format: .tsv, labelColumn: .number(3)),
      .unknownColumn(path: "x", column: "3", available: ["label", "text"])
    ),
    ("one\ntwo\nthree\n", CorpusOptions(format: .tsv), .noLabelColumn(path: "x")),
    (
      "one two\nthree four\n", CorpusOptions(),
      .ambiguous(path: "x", question: "the format is not plain from the first lines; say which with --input-format")
    ),
    (
      "1\t5\tone two\n0\t6\tthree four\n", CorpusOptions(),
      .ambiguous(path: "x", question: "the label may be in column 1 or 2; say which with --label-column")
    ),
    ("__label__a __label__b x\n", CorpusOptions(), .severalLabels(path: "x", line: 1, labels: ["a", "b"])),
    ("__label__a x\ny\n", CorpusOptions(), .missingLabel(path: "x", line: 2)),
    (
      "{\"text\": \"a\", \"label\": \"b\"}\n{\"label\": 1}\n", CorpusOptions(),
      .missingField(path: "x", line: 2, name: "text")
    ),
    ("{\"text\": \"a\"}\n", CorpusOptions(), .noLabelColumn(path: "x")),
    (
      "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"a\",}\n", CorpusOptions(),
      .malformedJSON(path: "x", line: 2, offset: 13, reason: "'\"' is wanted")
    ),
    (
      "good\ttext\n3\tb\n",
      CorpusOptions(format: .tsv, labelColumn: .number(1), header: .no, labelRule: .positiveFrom(3)),
      .labelIsNoNumber(path: "x", line: 1, label: "good")
    ),
  ])
  func errors(text: String, options: CorpusOptions, error: CorpusError) {
    #expect(throws: error) { try records(text, options) }
    #expect(!error.description.isEmpty && !error.description.contains("\n"))
  }

  @Test func invalidUTF8() throws {
    for format in CorpusFormat.allCases where format != .folders {
      let bytes = Array("1 ok\t2\n".utf8) + [0x61, 0x62, 0xE2, 0x82, 0x0A]
      let reader = LineReader(bytes: bytes, name: "x")
      let options = CorpusOptions(
        format: format, textColumn: .number(1), labelColumn: .number(1), header: .no, requiresLabel: false)
      #expect {
        var reader = try CorpusReader(reader: reader, options: options)
        while try reader.next() != nil {}
      } throws: { error in
        switch error as? CorpusError {
        case .invalidUTF8(path: "x", line: 2, offset: 2): true
        case .malformedJSON, .unknownColumn: format == .jsonl
        default: false
        }
      }
    }
  }

  @Test func categories() {
    #expect(CorpusError.missingFile(path: "x").category == .input)
    #expect(CorpusError.emptyFile(path: "x").category == .content)
    #expect(CorpusError.ambiguous(path: "x", question: "").category == .usage)
  }
}
