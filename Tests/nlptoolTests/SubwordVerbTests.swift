import Foundation
import Testing

/// `train-tokenizer`, and `tokenize` with what it wrote.
@Suite("Subwords by command", .serialized)
struct SubwordVerbTests {
  private static let lines = String(repeating: "the film was good\r\nthe story was not\n\n今天天气真好\n", count: 20)

  @Test(
    "a tokenizer is trained, used, and not replaced by mistake", arguments: ["byte-bpe", "bpe", "wordpiece", "unigram"])
  func train(model: String) throws {
    try Command.withFolder { folder in
      let (data, output) = ("\(folder)/lines.txt", "\(folder)/tokenizer.json")
      try Data(Self.lines.utf8).write(to: URL(fileURLWithPath: data))
      let arguments = ["train-tokenizer", data, "--model", model, "--vocabulary-size", "400", "--output", output]
      let training = try Command.run(arguments)
      #expect(training.code == 0 && training.output.contains(" distinct words are in "), "\(training.errors)")
      let first = try Data(contentsOf: URL(fileURLWithPath: output))
      #expect(try Command.run(arguments).code == 73)
      #expect(try Command.run(arguments + ["--force"]).code == 0)
      #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == first)
      let tokens = try Command.run(
        ["tokenize", "--tokenizer", output, "--no-special-tokens"], input: Data("the film\n".utf8))
      #expect(tokens.code == 0 && tokens.output.split(separator: " ").count == 2, "\(tokens.output)")
    }
  }

  private static let bert = #"""
    {"added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "model": {"type": "WordLevel", "unk_token": "[UNK]",
    "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "b": 5, "c": 6}}}
    """#

  @Test("pairs, lengths and what overflows")
  func pairsAndLengths() throws {
    try Command.withFolder { folder in
      let file = "\(folder)/tokenizer.json"
      try Data(Self.bert.utf8).write(to: URL(fileURLWithPath: file))
      func run(_ arguments: String..., input: String) throws -> Command.Result {
        try Command.run(["tokenize", "--tokenizer", file] + arguments, input: Data(input.utf8))
      }
      #expect(try run("--pair", "--format", "ids", input: "a b\tc\n\t\n").output == "2 4 5 3 6 3\n2 3 3\n")
      let pair = try run("--pair", "--format", "jsonl", input: "é b\tc\n").output
      #expect(pair.contains(#""offsets":[[0,0],[0,2],[3,4],[0,0],[0,1],[0,0]]"#), "\(pair)")
      #expect(pair.contains(#""type_ids":[0,0,0,0,1,1]"#), "\(pair)")
      #expect(pair.contains(#""sequence_ids":[null,0,0,null,1,null]"#), "\(pair)")
      let characters = try run("--pair", "--format", "jsonl", "--offset-unit", "scalars", input: "é b\téc\n").output
      #expect(characters.contains(#""offsets":[[0,0],[0,1],[2,3],[0,0],[0,2],[0,0]]"#), "\(characters)")
      let mended = try Command.run(
        ["tokenize", "--tokenizer", file, "--pair", "--format", "jsonl", "--invalid", "skip"],
        input: Data([0xFF, 0x61, 0xFF, 0x09, 0xFF, 0x62, 0x20, 0xFF, 0x63, 0x0A])
      ).output
      #expect(mended.contains(#""offsets":[[0,0],[1,2],[0,0],[1,2],[4,5],[0,0]]"#), "\(mended)")
      for bad in ["a b\n", "a\tb\tc\n"] {
        let result = try run("--pair", input: bad)
        #expect(result.code == 65 && result.errors.contains("standard input, line 1"), "\(result.errors)")
      }
      let cut = try run("--max-tokens", "4", "--stride", "1", "--format", "jsonl", input: "a b c\n").output
      #expect(cut.hasPrefix(#"{"ids":[2,4,5,3]"#) && cut.contains(#""overflow":[{"ids":[2,5,6,3]"#), "\(cut)")
      #expect(try run("--max-tokens", "3", "--format", "ids", input: "a b c\n").output == "2 4 3\n")
      // The same from a vocabulary of subwords, by vocab encode.
      let store = "\(folder)/subwords.sqlite"
      #expect(try Command.run(["vocab", "import", file, "--output", store]).code == 0)
      for options in [
        ["--pair"], ["--pair", "--max-tokens", "5", "--pad-to", "8"], ["--pair", "--no-special-tokens"],
      ] {
        let input = Data("a b c\tc b\n".utf8)
        let encoded = try Command.run(["vocab", "encode", store] + options, input: input)
        let expected = try Command.run(
          ["tokenize", "--tokenizer", file, "--format", "ids"] + options, input: input)
        #expect(encoded.code == 0 && encoded.output == expected.output, "\(encoded.output) \(encoded.errors)")
      }
      #expect(
        try run("--max-tokens", "2", "--no-special-tokens", "--format", "ids", input: "a b c\n").output == "4 5\n")
      #expect(try run("--pad-to", "5", "--format", "ids", input: "a\nb c\n").output == "2 4 3 0 0\n2 5 6 3 0\n")
      for arguments in [
        ["--stride", "2"], ["--max-tokens", "0"], ["--max-tokens", "2", "--stride", "2"], ["--pad-to", "0"],
      ] {
        #expect(try Command.run(["tokenize", "--tokenizer", file] + arguments).code == 64, "\(arguments)")
      }
      #expect(try Command.run(["tokenize", "--pair"]).code == 64)
      let hostile = Self.bert.replacing(
        #"{"added_tokens""#, with: #"{"padding": {"strategy": {"Fixed": 1099511627776}}, "added_tokens""#)
      try Data(hostile.utf8).write(to: URL(fileURLWithPath: file))
      let refused = try run(input: "a\n")
      #expect(refused.code == 65 && refused.errors.contains("1099511627776"), "\(refused.errors)")
    }
  }

  @Test("with a seed dropout gives the same ids on any number of threads")
  func seed() throws {
    try Command.withFolder { folder in
      let file = "\(folder)/tokenizer.json"
      let json = #"{"model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a"], "dropout": 0.5}}"#
      try Data(json.utf8).write(to: URL(fileURLWithPath: file))
      let text = Data(String(repeating: String(repeating: "a", count: 40) + "\n", count: 5_000).utf8)
      func run(_ seed: String, _ threads: String) throws -> String {
        try Command.run(
          ["tokenize", "--tokenizer", file, "--format", "ids", "--seed", seed, "--threads", threads], input: text
        ).output
      }
      let first = try run("1", "1")
      #expect(try run("1", "1") == first && run("1", "3") == first && run("2", "1") != first)
      // Each line has its own.
      #expect(Set(first.split(separator: "\n")).count > 1_000)
    }
  }

  @Test("what cannot be is said in one line")
  func faults() throws {
    try Command.withFolder { folder in
      let output = "\(folder)/tokenizer.json"
      func run(_ arguments: [String], _ input: Data) throws -> Command.Result {
        try Command.run(["train-tokenizer", "-", "--output", output] + arguments, input: input)
      }
      let text = Data("some words\n".utf8)
      for (arguments, input, code) in [
        (["--vocabulary-size", "10"], text, 64), (["--cut", "bert"], text, 64), (["--memory", "1"], text, 64),
        ([], Data(), 65), ([], Data([0x61, 0x0A, 0x62, 0xFF, 0x0A]), 65),
      ] as [([String], Data, Int32)] {
        let result = try run(arguments, input)
        #expect(result.code == code && !result.errors.isEmpty, "\(arguments) \(result.errors)")
      }
      let bad = try run([], Data([0x61, 0x0A, 0x62, 0xFF, 0x0A]))
      #expect(bad.errors.contains("line 2") && bad.errors.split(separator: "\n").count == 1)
      #expect(try Command.run(["train-tokenizer", "\(folder)/none.txt", "--output", output]).code == 66)
      #expect(try Command.run(["train-tokenizer", "-", "--output", "\(folder)/none/x.json"], input: text).code == 73)
      #expect(try Command.run(["train-tokenizer", "-", "--output", "/proc/x.json"], input: text).code == 73)
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }
}
