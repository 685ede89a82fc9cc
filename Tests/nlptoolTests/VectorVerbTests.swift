import Foundation
import Testing

/// `train-vectors`, `vectors`, and vectors in a network; `train-language-model`.
@Suite("Vectors and language models by command", .serialized)
struct VectorVerbTests {
  /// Lines of two topics whose words never meet.
  private static let lines: String = {
    let topics = [["apple", "pear", "plum", "cherry"], ["engine", "wheel", "brake", "gear"]]
    var lines: [String] = []
    // A linear congruential generator draws the words.
    var state: UInt32 = 1
    for index in 0..<400 {
      let topic = topics[index % 2]
      var words: [String] = []
      for _ in 0..<6 {
        state = state &* 1_664_525 &+ 1_013_904_223
        words.append(topic[Int(state >> 30)])
      }
      lines.append(words.joined(separator: " "))
    }
    return lines.joined(separator: "\n")
  }()

  private func write(_ text: String, _ path: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test("vectors are trained, asked, written as text and read again")
  func vectors() throws {
    try Command.withFolder { folder in
      let (data, vectors) = (try write(Self.lines, "\(folder)/lines.txt"), "\(folder)/vectors")
      let training = try Command.run(
        ["train-vectors", data, "--output", vectors, "--embedding-size", "12", "--subsampling", "1", "--epochs", "20"]
          + ["--quiet"])
      #expect(training.code == 0 && training.output.contains("8 vectors of 12 numbers"), "\(training.errors)")
      #expect(try Command.run(["train-vectors", data, "--output", vectors]).code == 73)
      let near = try Command.run(["vectors", "neighbours", vectors, "plum", "-k", "3"])
      let words = Set(near.output.split(separator: "\n").map { $0.split(separator: "\t")[0] })
      #expect(words == ["apple", "pear", "cherry"], "\(near.output)")
      // A word that never occurred has a vector by its n-grams; one that shares none has not.
      #expect(try Command.run(["vectors", "word", vectors, "plums"]).output.split(separator: " ").count == 13)
      let unknown = try Command.run(["vectors", "neighbours", vectors, "xyzzy"])
      #expect(unknown.code == 65 && unknown.errors.split(separator: "\n").count == 1)
      let analogy = try Command.run(["vectors", "analogies", vectors, "apple", "pear", "engine", "-k", "1", "--json"])
      #expect(analogy.output.hasPrefix("{\"question\":[\"apple\",\"pear\",\"engine\"],\"words\":[{\"word\":"))
      #expect(try Command.run(["vectors", "analogies", vectors, "apple", "pear"]).code == 64)
      let sentences = try Command.run(["vectors", "sentence", vectors], input: Data("Apple pear\n\n".utf8))
      let rows = sentences.output.split(separator: "\n").map { $0.split(separator: " ") }
      #expect(rows.count == 2 && rows.allSatisfy { $0.count == 12 } && rows[1].allSatisfy { Float($0) == 0 })

      let text = "\(folder)/vectors.vec"
      #expect(try Command.run(["vectors", "export", vectors, "--output", text]).code == 0)
      #expect(try Command.run(["vectors", "export", vectors, "--output", text]).code == 73)
      #expect(try String(contentsOfFile: text, encoding: .utf8).hasPrefix("8 12\n"))
      #expect(try Command.run(["vectors", "import", text, "--output", "\(folder)/again"]).code == 0)
      for source in [text, "\(folder)/again"] {
        let again = try Command.run(["vectors", "neighbours", source, "plum", "-k", "3"])
        #expect(Set(again.output.split(separator: "\n").map { $0.split(separator: "\t")[0] }) == words)
      }
      #expect(try Command.run(["info", vectors]).output.contains("8 words × 12"))
      #expect(try Command.run(["predict", vectors, "--text", "x"]).code == 65)
    }
  }

  @Test("a network begins with vectors: tuned, static, or both; from a file or from the texts themselves")
  func pretrained() throws {
    try Command.withFolder { folder in
      let data = try write(Command.corpus, "\(folder)/data.tsv")
      let vectors = try write("lovely 1 0 0.5\nawful -1 0 0.5\nit 0 1 0\nwas 0 1 0.1\n", "\(folder)/small.txt")
      let common = ["--epochs", "8", "--filters", "8", "--minimum-count", "1", "--learning-rate", "0.01"]
      for mode in ["tuned", "static", "multichannel"] {
        let model = "\(folder)/\(mode)"
        let result = try Command.run(
          ["train", data, "--vectors", vectors, "--embedding-mode", mode, "--output", model] + common)
        #expect(result.code == 0 && result.errors.contains("4 of the"), "\(mode): \(result.errors)")
        #expect(try Command.run(["predict", model, "--text", "it was lovely"]).output.hasPrefix("positive"), "\(mode)")
        let info = try Command.run(["info", model]).output
        #expect(info.contains("embedding 3") && info.contains("two channels") == (mode == "multichannel"))
      }
      let own = try Command.run(
        ["train", data, "--pretrain", "2", "--embedding-size", "8", "--output", "\(folder)/own"] + common)
      #expect(own.code == 0 && own.errors.contains("begin with a vector"), "\(own.errors)")
      for (arguments, code) in [
        (["--embedding-mode", "static"], Int32(64)), (["--vectors", vectors, "--pretrain", "2"], 64),
        (["--vectors", vectors, "--embedding-size", "8"], 64), (["--vectors", "\(folder)/none"], 66),
        (["--vectors", data], 65),
      ] {
        let result = try Command.run(["train", data, "--output", "\(folder)/other"] + arguments)
        #expect(result.code == code, "\(arguments): \(result.code) \(result.errors)")
      }
    }
  }

  @Test("a language model is trained, judged, described, resumed")
  func languageModel() throws {
    try Command.withFolder { folder in
      let (data, model) = (try write(Self.lines, "\(folder)/lines.txt"), "\(folder)/lm")
      func arguments(_ output: String) -> [String] {
        ["train-language-model", data, "--embedding-size", "16", "--hidden-size", "16", "--layers", "1"]
          + ["--epochs", "3", "--batch-size", "4", "--learning-rate", "2", "--output", output]
      }
      let training = try Command.run(arguments(model) + ["--test", data])
      #expect(training.code == 0 && training.output.contains("perplexity"), "\(training.errors)")
      #expect(try Command.run(arguments(model)).code == 73)
      let evaluation = try Command.run(["evaluate", model, data, "--json"])
      #expect(evaluation.output.contains("\"perplexity\":") && evaluation.output.contains("\"unknown_words\":0"))
      #expect(try Command.run(["info", model]).output.contains("VocabularyProjection"))
      let predicted = try Command.run(["predict", model, "--text", "x"])
      #expect(predicted.code == 65 && predicted.errors.contains("language model"))
      #expect(try Command.run(["train-language-model", "\(folder)/none"]).code == 66)
      let empty = try write("", "\(folder)/empty.txt")
      #expect(try Command.run(["train-language-model", empty, "--output", "\(folder)/e"]).code == 65)
      let tied = try Command.run(["train-language-model", data, "--tied-weights", "--embedding-size", "5"])
      #expect(tied.code == 64 && tied.errors.contains("tied weights"))
    }
  }
}
