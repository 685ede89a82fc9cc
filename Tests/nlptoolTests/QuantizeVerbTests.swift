import Foundation
import Testing

@Suite("Quantised bags by command")
struct QuantizeVerbTests {
  @Test("a bag is made small, asked, judged and described")
  func quantize() throws {
    try Command.withFolder { folder in
      let (data, model, small) = ("\(folder)/data.tsv", "\(folder)/model", "\(folder)/small")
      try Data(Command.corpus.utf8).write(to: URL(fileURLWithPath: data))
      let training = try Command.run(
        ["train", data, "--model", "bag", "--word-ngrams", "2", "--learning-rate", "1", "--epochs", "20"]
          + ["--embedding-size", "10", "--output", model, "--quiet"])
      #expect(training.code == 0, "\(training.errors)")
      let result = try Command.run(
        ["quantize", model, "--output", small, "--cutoff", "12", "--normalize", "--retrain", data])
      #expect(result.code == 0 && result.output.isEmpty && result.errors.contains("12 and "), "\(result.errors)")
      let answer = try Command.run(["predict", small, "--text", "it was lovely"])
      #expect(answer.output.hasPrefix("positive"), "\(answer.output) \(answer.errors)")
      #expect(try Command.run(["evaluate", small, data]).output.hasPrefix("accuracy 100.00 %"))
      #expect(try Command.run(["info", small]).output.contains("12 × 10, quantised"))
      for (arguments, code) in [
        (["quantize", model, "--output", small], Int32(73)), (["quantize", small, "--output", "\(folder)/no"], 64),
        (["quantize", model, "--output", "\(folder)/no", "--epochs", "2"], 64),
        (["quantize", model, "--output", "\(folder)/no", "--sub-dimensions", "11"], 64),
        (["quantize", "\(folder)/none", "--output", "\(folder)/no"], 66),
        (["quantize", model, "--output", "\(folder)/no", "--retrain", "\(folder)/none"], 66),
      ] {
        let result = try Command.run(arguments)
        #expect(result.code == code, "\(arguments): \(result.code) \(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/no"))
      }
    }
  }
}
