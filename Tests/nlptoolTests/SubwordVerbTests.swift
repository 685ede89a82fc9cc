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
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }
}
