import Foundation
import Testing

@testable import TextProcessing

@Suite("Tokenizers of whatever form a path leads to")
struct TokenizerLocationTests {
  @Test("GPT-2's two files, though a token is called like a member of a tokenizer.json")
  func twoFiles() throws {
    let folder = try TemporaryPath("model")
    try folder.makeFolder()
    let vocabulary = #"{"a": 0, "b": 1, "ab": 2, "version": 3, "model": 4, "<|endoftext|>": 5}"#
    try folder.write(Array(vocabulary.utf8), to: "/vocab.json")
    #expect { try SubwordTokenizer(at: folder.path) } throws: { "\($0)".contains("merges.txt") }
    try folder.write(Array("#version: 0.2\na b\n".utf8), to: "/merges.txt")
    for path in [folder.path, folder.path + "/vocab.json"] {
      let tokenizer = try SubwordTokenizer(at: path)
      #expect(try tokenizer.encode("abba<|endoftext|>").ids == [2, 1, 0, 5])
    }
    // A whole file comes first.
    try folder.write(Array(#"{"model": {"type": "WordLevel", "vocab": {"abba": 9}}}"#.utf8), to: "/tokenizer.json")
    #expect(try SubwordTokenizer(at: folder.path).encode("abba").ids == [9])
  }

  @Test("BERT's list, of an uncased and of a cased model")
  func wordPieces() throws {
    let folder = try TemporaryPath("model")
    try folder.makeFolder()
    #expect { try SubwordTokenizer(at: folder.path) } throws: { "\($0)".contains("vocab.txt") }
    let list = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nfilm\n##s\n"
    try folder.write(Array(list.utf8), to: "/vocab.txt")
    #expect(try SubwordTokenizer(at: folder.path).encode("Films x").ids == [2, 4, 5, 1, 3])
    try folder.write(Array((list + "Oscar\n").utf8), to: "/cased.txt")
    #expect(try SubwordTokenizer(at: folder.path + "/cased.txt").encode("Films Oscar").ids == [2, 1, 6, 3])
    try folder.write(Array(#"{"do_lower_case": false}"#.utf8), to: "/tokenizer_config.json")
    #expect(try SubwordTokenizer(at: folder.path).encode("Films").ids == [2, 1, 3])
    #expect(!SubwordTokenizer.areWordPieces(Array("[UNK]\nfilm\n# s\n##\n".utf8)))
    #expect(!SubwordTokenizer.areWordPieces(Array("##s\nfilm\n".utf8)) && !SubwordTokenizer.areWordPieces([]))
    #expect(SubwordTokenizer.isWordPieceList(at: folder.path + "/vocab.txt"))
    #expect(!SubwordTokenizer.isWordPieceList(at: folder.path) && !SubwordTokenizer.isWordPieceList(at: "/nowhere"))
  }

  @Test("SentencePiece, and what is none of them")
  func others() throws {
    let model = Bundle.module.bundlePath + "/Fixtures/sentencepiece-bpe.model"
    #expect(
      try SubwordTokenizer(at: model).ids(of: "the film") == SubwordTokenizer(sentencePiece: model).ids(of: "the film"))
    for text in ["", "{}", "plain words\n", "{\"a\": \"b\"}"] {
      let file = try TemporaryPath("x.json", containing: text)
      #expect(throws: SubwordTokenizerError.self) { try SubwordTokenizer(at: file.path) }
    }
  }

  @Test("a model of SentencePiece goes into tables and comes back")
  func tables() throws {
    for name in SentencePieceTests.names {
      let model = Bundle.module.bundlePath + "/Fixtures/sentencepiece-\(name).model"
      let own = try SubwordTokenizer(sentencePiece: model)
      let tables = try own.tables()
      #expect(tables.tokens.count == own.vocabularySize)
      let again = try SubwordTokenizer(tables)
      let text = "The film  was good. 今天天气真好 \u{1}é"
      #expect(try again.encode(text) == own.encode(text))
    }
  }
}
