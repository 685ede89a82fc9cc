import Foundation
import Testing

@testable import TextProcessing

@Suite("Files of subword tokenizers")
struct SubwordFileTests {
  private func tokenizer(_ json: String) throws(SubwordTokenizerError) -> SubwordTokenizer {
    try SubwordTokenizer(json: Array(json.utf8))
  }

  @Test("what is not supported is refused by its name")
  func unsupported() {
    let model = #""model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}"#
    let cases: [(json: String, error: SubwordTokenizerError)] = [
      (#"{"normalizer": {"type": "Fancy"}, \#(model)}"#, .unsupported(part: "normalizer", value: "Fancy")),
      (
        #"{"pre_tokenizer": {"type": "Sentences"}, \#(model)}"#,
        .unsupported(part: "pre_tokenizer", value: "Sentences")
      ),
      (
        #"{"pre_tokenizer": {"type": "Digits", "individual_digits": true, "other": 1}, \#(model)}"#,
        .unsupported(part: "the setting of pre_tokenizer", value: "other")
      ),
      (#"{"extra": 1, \#(model)}"#, .unsupported(part: "the setting of tokenizer", value: "extra")),
      (#"{"version": "2.0", \#(model)}"#, .unsupported(part: "version", value: "2.0")),
      (#"{"model": {"type": "Neural"}}"#, .unsupported(part: "model", value: "Neural")),
      (
        #"{"pre_tokenizer": {"type": "ByteLevel"}, \#(model)}"#,
        .unsupported(part: "pre_tokenizer", value: "ByteLevel before a model that is not BPE")
      ),
    ]
    for (json, error) in cases {
      #expect(throws: error, "\(json)") { try tokenizer(json) }
    }
  }

  /// What `tokenizers` 0.23 gives; `scripts/peers/script_runs.py` holds all scalars against it.
  @Test("runs of one script are words, kana count as Han, and spaces as any")
  func unicodeScripts() throws {
    let tokenizer = try tokenizer(
      #"{"pre_tokenizer": {"type": "UnicodeScripts"}, "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}"#
    )
    let cases: [(text: String, words: [String])] = [
      ("どこで生れ。Yes", ["どこで生れ", "。", "Yes"]), (" a b", ["a b"]), ("ab 漢字カナー", ["ab ", "漢字カナー"]),
      ("a1б", ["a", "1", "б"]), ("e\u{301}a", ["e", "\u{301}", "a"]), (" ", []), ("", []),
    ]
    for (text, words) in cases {
      let utf8 = Array(text.utf8)
      let found = try tokenizer.encode(text).ranges.map { String(decoding: utf8[$0], as: UTF8.self) }
      #expect(found.map { Array($0.utf8) } == words.map { Array($0.utf8) }, "\(text): \(found)")
    }
  }

  @Test("what cannot be is an error, and no trap")
  func hostile() {
    for json in [
      "", "{", "[]", "{}", "null", "\"x\"", #"{"model": 3}"#, String(repeating: "[", count: 100_000),
      #"{"model": {"type": "WordLevel", "vocab": {"a": -1}}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {"a": 2000000000}}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {"a": 0, "b": 2000000000}}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {"a": 1e300}}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {"a": 1, "b": 1}}}"#,
      #"{"model": {"type": "WordLevel", "vocab": {"a": 1, "a": 2}}}"#,
      #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}"#,
      #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}"#,
      #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "u"}}"#,
      #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 2}}"#,
      #"{"model": {"type": "WordPiece", "vocab": {"a": 0}}}"#,
      #"{"model": {"type": "Unigram", "vocab": []}}"#,
      #"{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 7}}"#,
      #"{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 2147483648}}"#,
      #"{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}, "model": {"type": "WordLevel", "vocab": {}}}"#,
      #"{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}, "model": {"type": "WordLevel", "vocab": {}}}"#,
      #"{"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}], "pair": [], "special_tokens": {}}, "model": {"type": "WordLevel", "vocab": {}}}"#,
    ] {
      #expect(throws: SubwordTokenizerError.self, "\(json.prefix(80))") { try tokenizer(json) }
    }
  }

  @Test("tokens that Unicode calls equivalent are two")
  func equivalentTokens() throws {
    let json = #"{"model": {"type": "WordLevel", "vocab": {"é": 0, "e\u0301": 1}}}"#
    let tokenizer = try tokenizer(json)
    #expect(tokenizer.id(of: "\u{E9}") == 0)
    #expect(tokenizer.id(of: "e\u{301}") == 1)
    #expect(try tokenizer.ids(of: "e\u{301}") == [1])
  }

  @Test("a merge that leads back to a token that it is made of ends")
  func cyclicMerges() throws {
    let json = #"{"model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a"]}}"#
    #expect(try tokenizer(json).ids(of: String(repeating: "a", count: 1001)) == [Int32](repeating: 1, count: 500) + [0])
  }

  @Test("an added token of the normalised text is found on every way")
  func normalizedAddedToken() throws {
    let json = #"""
      {"added_tokens": [{"id": 2, "content": "New York", "single_word": false, "lstrip": false, "rstrip": false,
      "normalized": true, "special": false}], "normalizer": {"type": "BertNormalizer", "lowercase": true},
      "pre_tokenizer": {"type": "BertPreTokenizer"},
      "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "in": 1}, "unk_token": "[UNK]"}}
      """#
    let tokenizer = try tokenizer(json)
    #expect(try tokenizer.ids(of: "in NEW YORK in") == [1, 2, 1])
    #expect(try tokenizer.encode("in NEW YORK in").ids == [1, 2, 1])
  }

  @Test("one long word takes no time that grows with its square")
  func longWord() throws {
    let path = try #require(SubwordFixture.all.first).path
    let tokenizer = try SubwordTokenizer(contentsOf: path)
    let text = String(repeating: "abcdefgh", count: 1 << 17)
    let ids = try tokenizer.ids(of: text)
    #expect(try tokenizer.decode(ids) == text)
  }

  @Test("dropout of merges gives other tokens of the same text")
  func dropout() throws {
    let json = #"{"model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a"], "dropout": 0.5}}"#
    let tokenizer = try tokenizer(json)
    let text = String(repeating: "a", count: 200)
    let counts = Set(try (0..<20).map { _ in try tokenizer.ids(of: text).count })
    #expect(counts.count > 1)
    #expect(counts.allSatisfy { (101...200).contains($0) })
  }

  @Test("GPT-2's two files and BERT's list make the same tokenizers as the whole file")
  func otherFiles() throws {
    let folder = NSTemporaryDirectory() + "nlptool-subwords-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }

    let gpt = SubwordFixture(name: "byte-level")
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: gpt.path))) as? [String: Any])
    let model = try #require(document["model"] as? [String: Any])
    try JSONSerialization.data(withJSONObject: try #require(model["vocab"])).write(
      to: URL(filePath: folder + "/vocab.json"))
    let merges = try #require(model["merges"] as? [[String]])
    try ("#version: 0.2\n" + merges.map { $0.joined(separator: " ") }.joined(separator: "\n") + "\n").write(
      toFile: folder + "/merges.txt", atomically: true, encoding: .utf8)
    let two = try SubwordTokenizer(vocabulary: folder + "/vocab.json", merges: folder + "/merges.txt")
    for own in try gpt.expected().cases { #expect(try two.encode(own.text).ids == own.encoding.ids) }

    let bert = SubwordFixture(name: "bert")
    let whole = try bert.tokenizer()
    let list = (0..<whole.vocabularySize).map { (whole.token(of: $0) ?? "") + "\r\n" }.joined()
    try list.write(toFile: folder + "/vocab.txt", atomically: true, encoding: .utf8)
    let listed = try SubwordTokenizer(bertVocabulary: folder + "/vocab.txt")
    for own in try bert.expected().cases { #expect(try listed.encode(own.text).ids == own.encoding.ids) }
  }

  @Test("a file that is not there has its path in the error")
  func missing() {
    #expect(throws: SubwordTokenizerError.file(.missingFile(path: "/nowhere.json"))) {
      try SubwordTokenizer(contentsOf: "/nowhere.json")
    }
  }
}
