import Foundation
import Testing

/// `train` for every task and kind of model, and what may go wrong with it.
@Suite("The train verb", .serialized)
struct TrainVerbTests {
  private func write(_ text: String, _ path: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private static let small = [
    "--embedding-size", "16", "--minimum-count", "1", "--quiet", "--batch-size", "8", "--learning-rate", "0.01",
    "--dropout", "0.1", "--epochs", "25", "--patience", "25",
  ]

  @Test("several labels a text: trained, judged, given above a threshold")
  func multiLabel() throws {
    try Command.withFolder { folder in
      let rows = (0..<120).map { index in
        let labels = ["sun", "rain", "wind"].enumerated().filter { index >> $0.offset & 1 == 1 }.map(\.element)
        let quoted = labels.map { "\"\($0)\"" }.joined(separator: ",")
        return "{\"tags\":[\(quoted)],\"text\":\"we had \(labels.joined(separator: " and ")) today\"}"
      }
      let data = try write(rows.joined(separator: "\n"), "\(folder)/posts.jsonl")
      for (name, options) in [("mlp", Self.small), ("bag", ["--quiet", "--epochs", "40", "--learning-rate", "0.5"])] {
        let model = "\(folder)/\(name)"
        let training = try Command.run(
          ["train", data, "--multi-label", "--label-column", "tags", "--model", name, "--output", model] + options)
        #expect(training.code == 0, "\(training.errors)")
        let answer = try Command.run(["predict", model, "--text", "we had wind and sun today", "--format", "jsonl"])
        #expect(Set(try #require(json(answer.output)["labels"] as? [String])) == ["sun", "wind"], "\(answer.output)")
        let none = try Command.run(["predict", model, "--text", "we had today", "--threshold", "0.99"])
        #expect(none.output == "\n")
        let two = try Command.run(["predict", model, "--text", "we had wind and sun today", "-k", "2"])
        #expect(two.output.split(separator: "\t").count == 4)
        let evaluation = try Command.run(
          ["evaluate", model, data, "--label-column", "tags", "--json", "--quiet"])
        #expect(try #require(json(evaluation.output)["micro_f1"] as? Double) > 0.95)
      }
      #expect(try Command.run(["train", data, "--multi-label", "--regression"]).code == 64)
    }
  }

  @Test("numbers: trained, judged, said")
  func regression() throws {
    try Command.withFolder { folder in
      let rows = (0..<100).map { "\($0 % 5 * 10)\trated \(String(repeating: "star ", count: $0 % 5))" }
      let data = try write("stars\ttext\n" + rows.joined(separator: "\n"), "\(folder)/stars.tsv")
      let training = try Command.run(
        ["train", data, "--regression", "--label-column", "stars", "--model", "mlp", "--output", "\(folder)/model"]
          + Self.small)
      #expect(training.code == 0 && training.output.contains("R²"), "\(training.errors)")
      let answer = try Command.run(["predict", "\(folder)/model", "--text", "rated star star", "--format", "jsonl"])
      #expect(abs(try #require(json(answer.output)["value"] as? Double) - 20) < 5)
      #expect(try Command.run(["predict", "\(folder)/model", "--text", "x", "-k", "2"]).code == 64)
      #expect(
        try Command.run(
          ["train", data, "--regression", "--label-column", "stars", "--model", "bag", "--output", "\(folder)/b"]
        ).code == 64)
    }
  }

  @Test("fastText's classifier: small, judged as others are, described")
  func bag() throws {
    try Command.withFolder { folder in
      let data = try write(Command.corpus, "\(folder)/data.tsv")
      let training = try Command.run(
        ["train", data, "--model", "bag", "--naive-bayes", "--count-once", "--test", data, "--output", "\(folder)/bag"]
          + ["--epochs", "20", "--character-ngrams", "2-3", "--quiet"])
      #expect(training.code == 0 && training.output.contains("test"), "\(training.errors)")
      #expect(try Command.run(["predict", "\(folder)/bag", "--text", "lovely"]).output.hasPrefix("positive\t"))
      #expect(try Command.run(["info", "\(folder)/bag"]).output.contains("BagClassifier(softmax)"))
      let folds = try Command.run(["train", data, "--model", "bag", "--folds", "3", "--epochs", "20", "--quiet"])
      #expect(folds.code == 0 && folds.output.contains("over 3 folds"))
      for (arguments, name) in [
        (["--hidden-size", "8"], "--hidden-size"), (["--optimizer", "sgd"], "--optimizer"), (["--resume"], "--resume"),
        (["--from", "x"], "--from"), (["--keep-last"], "--keep-last"), (["--find-rate"], "--find-rate"),
        (["--vectors", "x"], "--vectors"),
      ] {
        let result = try Command.run(["train", data, "--model", "bag"] + arguments)
        #expect(result.code == 64 && result.errors.contains(name), "\(arguments): \(result.errors)")
      }
      #expect(try Command.run(["train", data, "--word-ngrams", "2"]).code == 64)
    }
  }

  @Test("a model trained further: frozen parts stay, and sizes are the model's own")
  func trainingFurther() throws {
    try Command.withFolder { folder in
      let data = try write(Command.corpus, "\(folder)/data.tsv")
      let first = "\(folder)/first"
      #expect(try Command.run(["train", data, "--model", "gru", "--output", first] + Self.small).code == 0)
      let tuned = try Command.run(
        [
          "train", data, "--from", first, "--freeze", "embedding.*", "--gradual-unfreezing", "--layer-rate-divisor",
          "2",
        ]
          + ["--epochs", "2", "--output", "\(folder)/tuned", "--quiet"])
      #expect(tuned.code == 0, "\(tuned.errors)")
      #expect(try Command.run(["predict", "\(folder)/tuned", "--text", "lovely"]).output.hasPrefix("positive"))
      for (arguments, code) in [
        (["--from", first, "--hidden-size", "8"], Int32(64)), (["--from", first, "--model", "gru"], 64),
        (["--from", first, "--freeze", "nothing.*"], 64), (["--from", "\(folder)/none"], 66),
        (["--gradual-unfreezing"], 64), (["--from", first, "--unit", "character"], 64),
        (["--from", first, "--no-lowercase"], 64), (["--from", first, "--minimum-count", "3"], 64),
      ] {
        let result = try Command.run(["train", data, "--output", "\(folder)/other"] + arguments)
        #expect(result.code == code, "\(arguments): \(result.code) \(result.errors)")
      }
    }
  }

  @Test("a rate to begin with, and the best of some settings in a given time")
  func searches() throws {
    try Command.withFolder { folder in
      let data = try write(Command.corpus, "\(folder)/data.tsv")
      let rate = try Command.run(
        ["train", data, "--find-rate", "--report", "\(folder)/rates.json", "--minimum-count", "1", "--quiet"])
      #expect(rate.code == 0 && rate.output.contains("begin with --learning-rate"), "\(rate.errors)")
      #expect(FileManager.default.fileExists(atPath: "\(folder)/rates.json"))
      let tuned = try Command.run(
        ["train", data, "--autotune", "3", "--minimum-count", "1", "--output", "\(folder)/best", "--test", data]
          + ["--report", "\(folder)/trials.json", "--quiet"])
      #expect(tuned.code == 0 && tuned.output.contains("trials; the best model is in"), "\(tuned.errors)")
      let report = try json(String(contentsOfFile: "\(folder)/trials.json", encoding: .utf8))
      #expect((report["trials"] as? [Any])?.isEmpty == false && report["test"] != nil)
      #expect(try Command.run(["predict", "\(folder)/best", "--text", "lovely"]).output.hasPrefix("positive"))
      let named = try Command.run(
        [
          "train", data, "--autotune", "2", "--model", "cnn", "--filters", "8", "--batch-size", "8", "--minimum-count",
          "1",
        ]
          + ["--output", "\(folder)/named", "--quiet"])
      #expect(named.code == 0 && named.output.hasPrefix("cnn, "), "\(named.errors)")
      for arguments in [["--folds", "3"], ["--from", "\(folder)/best"], ["--filters", "8"]] {
        #expect(try Command.run(["train", data, "--autotune", "5"] + arguments).code == 64, "\(arguments)")
      }
    }
  }

  @Test("Ctrl-C while settings are tried keeps the best of them")
  func interruptedSearch() throws {
    try Command.withFolder { folder in
      let data = try write(Command.corpus, "\(folder)/data.tsv")
      let process = Process()
      process.executableURL = Command.program
      process.arguments = ["train", data, "--autotune", "600", "--output", "\(folder)/best", "--quiet"]
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      let deadline = Date().addingTimeInterval(60)
      while !FileManager.default.fileExists(atPath: "\(folder)/best/model.json"), Date() < deadline { usleep(20_000) }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(try Command.run(["predict", "\(folder)/best", "--text", "lovely"]).code == 0)
    }
  }

  @Test("a rate that diverges gives one line that names step and rate, and leaves no broken model")
  func divergence() throws {
    try Command.withFolder { folder in
      let data = try write(Command.corpus, "\(folder)/data.tsv")
      let result = try Command.run(
        ["train", data, "--optimizer", "sgd", "--learning-rate", "1e30", "--clip-norm", "0", "--model", "gru"]
          + ["--output", "\(folder)/model", "--quiet", "--minimum-count", "1"])
      #expect(result.code == 65, "\(result.errors)")
      #expect(result.errors.contains("diverged") && result.errors.contains("step"), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
      if FileManager.default.fileExists(atPath: "\(folder)/model") {
        let answer = try Command.run(["predict", "\(folder)/model", "--text", "lovely"])
        #expect(answer.code == 0 && !answer.output.contains("nan"))
      }
    }
  }

  @Test("batches of one text, a vocabulary of one word, texts without any word")
  func extremes() throws {
    try Command.withFolder { folder in
      let data = try write(Command.corpus, "\(folder)/data.tsv")
      for model in ["gru", "cnn", "mlp", "charcnn", "dpcnn", "rcnn"] {
        let result = try Command.run(
          ["train", data, "--model", model, "--batch-size", "1", "--epochs", "1", "--embedding-size", "8", "--quiet"]
            + ["--minimum-count", "1", "--output", "\(folder)/\(model)"])
        #expect(result.code == 0, "\(model): \(result.errors)")
        let empty = try Command.run(["predict", "\(folder)/\(model)"], input: Data("\n \n\u{0}\n".utf8))
        #expect(empty.code == 0 && empty.output.split(separator: "\n").count == 3, "\(model): \(empty.errors)")
        #expect(!empty.output.contains("nan"))
      }
      let word = try write(
        (0..<40).map { $0 % 2 == 0 ? "a\tone" : "b\tone one" }.joined(separator: "\n"), "\(folder)/word.tsv")
      let one = try Command.run(
        ["train", word, "--header", "no", "--label-column", "1", "--epochs", "1", "--output", "\(folder)/one"]
          + ["--quiet"])
      #expect(one.code == 0, "\(one.errors)")
      let rare = try write("a\tx\nb\ty\na\tz\nb\tw\n", "\(folder)/rare.tsv")
      let none = try Command.run(
        ["train", rare, "--header", "no", "--label-column", "1", "--output", "\(folder)/none"])
      #expect(none.code == 65 && none.errors.contains("minimum count"), "\(none.errors)")
    }
  }
}
