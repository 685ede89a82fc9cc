import Foundation
import Testing

/// Models of fastText where a folder is taken otherwise.
@Suite("Models of fastText by command")
struct FastTextVerbTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("ModelExchangeTests/Fixtures/FastText")

  private func path(_ name: String) -> String { Self.fixtures.appendingPathComponent(name).path }

  @Test("predict gives labels without the prefix, in fastText's order")
  func predict() throws {
    let model = path("words.bin")
    let result = try Command.run(["predict", model], input: Data("the good film\n\n很 好\n".utf8))
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output == "en-negative-short\t0.5674\nen-negative-short\t0.7974\nzh-positive-short\t0.6281\n")
    let json = try Command.run(["predict", model, "--text", "the good film", "-k", "2", "--format", "jsonl"])
    #expect(json.output.hasPrefix("{\"labels\":[\"en-negative-short\",\"en-positive-short\"],\"probabilities\":{"))
    let several = try Command.run(["predict", path("one-versus-all.bin"), "--text", "the good film"])
    #expect(several.output == "short\t1.0000\ten\t1.0000\tnegative\t0.6442\n")
    let plain = try Command.run(["predict", model, "--text", "the good film", "--format", "jsonl"])
    #expect(plain.output.hasPrefix("{\"label\":\"en-negative-short\",\"probability\":0.567"))
    #expect(try Command.run(["predict", model, "--text", "x", "--logits"]).code == 64)
  }

  @Test("evaluate and info take a file")
  func others() throws {
    try Command.withFolder { folder in
      let data = "\(folder)/data.txt"
      try Data("__label__en-negative-short the good film\n__label__zh-positive-short 很 好\n".utf8)
        .write(to: URL(fileURLWithPath: data))
      let evaluation = try Command.run(["evaluate", path("words.bin"), data])
      #expect(evaluation.output.hasPrefix("accuracy 100.00 %"), "\(evaluation.errors)")
      #expect(try Command.run(["info", path("quantized.ftz")]).output.contains("quantised"))
      let info = try Command.run(["info", path("skipgram.bin"), "--json"])
      #expect(info.output.contains("\"kind\" : \"skipgram\""), "\(info.output)")
    }
  }

  @Test("vectors are asked, and their words come into a folder")
  func vectors() throws {
    try Command.withFolder { folder in
      let model = path("skipgram.bin")
      let near = try Command.run(["vectors", "neighbours", model, "good", "-k", "2"])
      #expect(near.output.split(separator: "\n").map { $0.split(separator: "\t")[0] } == ["good.", "anything"])
      #expect(try Command.run(["vectors", "word", model, "unbelievably"]).output.split(separator: " ").count == 9)
      let sentences = try Command.run(["vectors", "sentence", model], input: Data("the film\n\n".utf8))
      #expect(sentences.output.split(separator: "\n").count == 2)
      #expect(try Command.run(["vectors", "import", model, "--output", "\(folder)/words"]).code == 0)
      let again = try Command.run(["vectors", "word", "\(folder)/words", "good"])
      #expect(again.output.split(separator: " ").count == 9, "\(again.errors)")
    }
  }

  @Test("what cannot be is one line and an exit code")
  func faults() throws {
    try Command.withFolder { folder in
      let cut = "\(folder)/cut.bin"
      try Data(contentsOf: Self.fixtures.appendingPathComponent("words.bin")).prefix(1000)
        .write(to: URL(fileURLWithPath: cut))
      let other = "\(folder)/other.ftz"
      try Data("no model".utf8).write(to: URL(fileURLWithPath: other))
      for (arguments, part) in [
        (["predict", cut, "--text", "x"], "dictionary.size"), (["predict", other, "--text", "x"], "magic number"),
        (["info", cut], "dictionary.size"), (["vectors", "word", cut, "x"], "dictionary.size"),
        (["predict", path("skipgram.bin"), "--text", "x"], "word vectors"),
        (["vectors", "word", path("cbow.bin"), "xyzzy"], "has no vector"),
      ] {
        let result = try Command.run(arguments)
        #expect(result.code == 65 && result.errors.contains(part), "\(arguments): \(result.code) \(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
      }
    }
  }
}
