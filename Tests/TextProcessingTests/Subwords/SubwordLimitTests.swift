import Foundation
import Testing

@testable import TextProcessing

@Suite("What subword tokenizers do at their limits")
struct SubwordLimitTests {
  private func tokenizer(_ json: String) throws(SubwordTokenizerError) -> SubwordTokenizer {
    try SubwordTokenizer(json: Array(json.utf8))
  }

  private static let words = #""model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "?": 2}, "unk_token": "?"}"#
  private static let split = #""pre_tokenizer": {"type": "WhitespaceSplit"}"#

  /// What `tokenizers` 0.23.3 gives: of BPE each scalar, of Unigram each run of what is unknown.
  @Test("bytes stand for what is unknown where each of them has a token, though others have none")
  func partialByteFallback() throws {
    let pairs = try tokenizer(
      #"{"model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "merges": [], "vocab": {"<unk>": 0, "a": 1, "<0xC3>": 2, "<0xA9>": 3}}}"#
    )
    #expect(try ["aé", "aè", "éè"].map { try pairs.ids(of: $0) } == [[1, 2, 3], [1, 0], [2, 3, 0]])
    let unigram = try tokenizer(
      #"{"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [["<unk>", 0], ["a", -1], ["<0xC3>", -2], ["<0xA9>", -2]]}}"#
    )
    let ids = try ["aé", "aè", "éè", "éaè"].map { try unigram.ids(of: $0) }
    #expect(ids == [[1, 2, 3], [1, 0], [0], [2, 3, 1, 0]])
  }

  @Test("what a model without an unknown token leaves out is in no token's range")
  func leftOut() throws {
    let tokenizer = try tokenizer(
      #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}"#)
    let cases: [(text: String, ids: [Int32], ranges: [Range<Int>])] = [
      ("xa", [0], [1..<2]), ("axxxb", [2], [0..<5]), ("aéa", [0, 0], [0..<1, 3..<4]), ("a今", [0], [0..<1]),
      ("今éba", [1, 0], [5..<6, 6..<7]), ("x", [], []),
    ]
    for (text, ids, ranges) in cases {
      let encoding = try tokenizer.encode(text)
      #expect(encoding.ids == ids && encoding.ranges == ranges, "\(text): \(encoding.ranges)")
    }
  }

  @Test(
    "sizes that cannot be are refused by name and value",
    arguments: [
      (#""truncation": {"max_length": -3}"#, ["max_length", "-3"]),
      (#""truncation": {"max_length": 3, "stride": -1}"#, ["stride", "-1"]),
      (#""padding": {"strategy": {"Fixed": -7}}"#, ["Fixed", "-7"]),
      (#""padding": {"strategy": {"Fixed": 1099511627776}}"#, ["Fixed", "1099511627776"]),
      (#""padding": {"strategy": {"Fixed": 2000000000}}"#, ["Fixed", "2000000000"]),
      (
        #""padding": {"strategy": "BatchLongest", "pad_to_multiple_of": 2000000000}"#,
        ["pad_to_multiple_of", "2000000000"]
      ),
      (#""padding": {"strategy": "BatchLongest", "pad_to_multiple_of": -2}"#, ["pad_to_multiple_of", "-2"]),
      (#""truncation": {"max_length": 1e12}"#, ["max_length", "1000000000000"]),
    ] as [(String, [String])])
  func sizes(setting: String, shown: [String]) {
    #expect {
      try tokenizer("{\(setting), \(Self.words)}")
    } throws: { error in
      shown.allSatisfy { "\(error)".contains($0) }
    }
  }

  @Test("a word of WordPiece has no negative limit")
  func wordPieceLimit() {
    #expect {
      try tokenizer(
        #"{"model": {"type": "WordPiece", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]", "max_input_chars_per_word": -1}}"#
      )
    } throws: { "\($0)".contains("max_input_chars_per_word") && "\($0)".contains("-1") }
  }

  @Test("padding beyond what any model takes is an error, whoever asks for it")
  func padding() throws {
    var tokenizer = try tokenizer("{\(Self.split), \(Self.words)}")
    for (length, multiple) in [(1 << 40, nil), (3, 1 << 40), (nil, Int.max), (Int.max, 3)] as [(Int?, Int?)] {
      var padding = Padding()
      (padding.length, padding.multiple) = (length, multiple)
      tokenizer.padding = padding
      #expect(throws: SubwordTokenizerError.self) { try tokenizer.encode("a b") }
    }
    // What overflows is padded too.
    var padding = Padding()
    padding.length = 1 << 20
    tokenizer.padding = padding
    tokenizer.truncation = Truncation(maximumLength: 1)
    #expect(throws: SubwordTokenizerError.self) { try tokenizer.encode(String(repeating: "a ", count: 1000)) }
    padding.length = 4
    tokenizer.padding = padding
    #expect(try tokenizer.encode("a b").ids == [0, 0, 0, 0] && tokenizer.encode("a b").overflowing.count == 1)
  }

  @Test("replacements of replacements end where the text is far larger than it was", .timeLimit(.minutes(1)))
  func replacements() throws {
    let step = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaaaaaa"}"#
    let steps = [String](repeating: step, count: 12).joined(separator: ", ")
    let nested = try tokenizer(#"{"normalizer": {"type": "Sequence", "normalizers": [\#(steps)]}, \#(Self.words)}"#)
    #expect(throws: SubwordTokenizerError.tooLarge(limit: 1 << 24 + 64)) { try nested.encode("a") }
    #expect(try nested.encode("b").ids == [1])
    // Many pieces with a little each are as much as one with all of it.
    let three = [String](repeating: step, count: 3).joined(separator: ", ")
    let added =
      #"{"id": 3, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false}"#
    let pieces = try tokenizer(
      #"{"added_tokens": [\#(added)], "normalizer": {"type": "Sequence", "normalizers": [\#(three)]}, \#(Self.words)}"#)
    #expect(throws: SubwordTokenizerError.self) { try pieces.encode(String(repeating: "a<x>", count: 8_000)) }
    #expect(try pieces.encode("a<x>a").ids == [2, 3, 2])
  }

  @Test("what nobody asks for is not made, and what is too much is refused", .timeLimit(.minutes(1)))
  func overflow() throws {
    var tokenizer = try tokenizer("{\(Self.split), \(Self.words)}")
    let text = String(repeating: "a b ", count: 20_000)
    var truncation = Truncation(maximumLength: 10_000)
    truncation.stride = 9_999
    tokenizer.truncation = truncation
    #expect(throws: SubwordTokenizerError.self) { try tokenizer.encode(text) }
    truncation.keepsOverflow = false
    for direction in [TextEnd.right, .left] {
      truncation.direction = direction
      tokenizer.truncation = truncation
      let encoding = try tokenizer.encode(text)
      #expect(encoding.count == 10_000 && encoding.overflowing.isEmpty)
      #expect(encoding.ranges.first?.lowerBound == (direction == .right ? 0 : 60_000))
    }
    truncation.keepsOverflow = true
    (truncation.maximumLength, truncation.stride, truncation.direction) = (3, 2, .right)
    tokenizer.truncation = truncation
    #expect(try tokenizer.encode("a b a b a").overflowing.map(\.ids) == [[1, 0, 1], [0, 1, 0]])
    // Each part of the one text goes with each of the other.
    (truncation.maximumLength, truncation.stride) = (4, 1)
    tokenizer.truncation = truncation
    #expect(throws: SubwordTokenizerError.self) { try tokenizer.encode(text, pair: text) }
    #expect(try tokenizer.encode("a b a b", pair: "b a b a").overflowing.count == 8)
  }

  @Test("with a seed a text has the same tokens each time, in whatever order texts come")
  func dropoutSeed() throws {
    var tokenizer = try tokenizer(
      #"{"model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a"], "dropout": 0.5}}"#)
    let text = String(repeating: "a", count: 200)
    tokenizer.dropoutSeed = 7
    let first = try tokenizer.ids(of: text)
    _ = try tokenizer.ids(of: "aaaa")
    #expect(try tokenizer.ids(of: text) == first && tokenizer.encode(text).ids == first)
    tokenizer.dropoutSeed = 8
    let other = try tokenizer.ids(of: text)
    let pair = try tokenizer.encode(text, pair: text).ids
    #expect(other != first && pair.starts(with: other) && Array(pair.dropFirst(other.count)) != other)
  }

  @Test("SentencePiece puts its mark before nothing where it keeps spaces")
  func nothing() throws {
    let path = Bundle.module.bundlePath + "/Fixtures/sentencepiece-unigram.model"
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let plain = try SubwordTokenizer(sentencePieceModel: bytes)
    #expect(try plain.encode("\u{1}").ids.isEmpty)
    // remove_extra_whitespaces: false, of the normaliser.
    let keeping = try SubwordTokenizer(sentencePieceModel: bytes + [0x1A, 0x02, 0x20, 0x00])
    #expect(try keeping.encode("\u{1}").tokens == ["▁"] && keeping.encode("").ids.isEmpty)
  }
}
