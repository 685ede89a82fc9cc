import Foundation
import Testing

@Suite("ONNX files as models", .serialized)
struct ONNXVerbTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("ModelExchangeTests/Fixtures").path

  private func json(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// A model of images, and the file that it was exported to.
  private func images(_ folder: String) throws -> (model: String, file: String, data: String) {
    let data = try Pictures.write(folder)
    let (model, file) = ("\(folder)/lenet", "\(folder)/lenet.onnx")
    let training = try Command.run([
      "train-image", data, "--architecture", "lenet5", "--epochs", "6", "--batch-size", "8", "--augment", "none",
      "--output", model, "--quiet",
    ])
    #expect(training.code == 0, "\(training.errors)")
    #expect(try Command.run(["export", model, "--output", file, "--quiet"]).code == 0)
    return (model, file, data)
  }

  /// A model of texts, and the file that it was exported to.
  private func texts(_ folder: String) throws -> (model: String, file: String, data: String) {
    let (data, model, file) = ("\(folder)/data.tsv", "\(folder)/model", "\(folder)/model.onnx")
    try Data(Command.corpus.utf8).write(to: URL(fileURLWithPath: data))
    #expect(try Command.run(["train-sentiment", data, "--output", model] + Command.quick).code == 0)
    let export = try Command.run([
      "export", model, "--output", file, "--with-tokenizer", "\(folder)/tokenizer", "--quiet",
    ])
    #expect(export.code == 0, "\(export.errors)")
    return (model, file, data)
  }

  @Test("of images answer as the model does, and are judged like it")
  func imageModels() throws {
    try Command.withFolder { folder in
      let (model, file, data) = try images(folder)
      for arguments in [["evaluate", "MODEL", data], ["predict", "MODEL", "\(data)/below", "-k", "2"]] {
        let (own, theirs) = (
          try Command.run(arguments.map { $0 == "MODEL" ? file : $0 }),
          try Command.run(arguments.map { $0 == "MODEL" ? model : $0 })
        )
        #expect(own.code == 0 && own.output == theirs.output, "\(own.errors)")
      }
      let evaluation = try json(try Command.run(["evaluate", file, data, "--json"]).output)
      #expect(evaluation["accuracy"] as? Double == 1 && evaluation["skipped"] as? Int == 0)
      let line = try Command.run(["predict", file, "\(data)/above/1.png", "--format", "jsonl", "--logits"])
      #expect(try json(line.output)["label"] as? String == "above")
      #expect((try json(line.output)["logits"] as? [String: Double])?.count == 2)
      // Other names.
      try Pictures.write(Array("up\ndown\n".utf8), "\(folder)/names.txt")
      let named = try Command.run(["predict", file, "\(data)/below/1.png", "--labels", "\(folder)/names.txt"])
      #expect(named.output.contains("\tdown\t"), "\(named.errors)")
      let info = try Command.run(["info", file]).output
      #expect(info.contains("float32 [batch, 1, 28, 28]") && info.contains("nlptool.labels: [\"above\",\"below\"]"))
      let details = try json(try Command.run(["info", file, "--json"]).output)
      #expect((details["operators"] as? [[String: Any]])?.contains { $0["name"] as? String == "Conv" } == true)
      // 61,706 for ten classes.
      #expect(details["opset"] as? Int == 17 && details["parameters"] as? Int == 61_706 - 8 * 85)
    }
  }

  @Test("of texts answer as the model does, with its vocabulary")
  func textModels() throws {
    try Command.withFolder { folder in
      let (model, file, data) = try texts(folder)
      let wanted = try json(try Command.run(["evaluate", model, data, "--json"]).output)
      for vocabulary in [model, "\(folder)/tokenizer"] {
        let result = try Command.run(["evaluate", file, data, "--json", "--vocabulary", vocabulary])
        #expect(result.code == 0, "\(result.errors)")
        let evaluation = try json(result.output)
        #expect(evaluation["accuracy"] as? Double == wanted["accuracy"] as? Double)
        #expect(evaluation["confusion"] as? [[Int]] == wanted["confusion"] as? [[Int]])
      }
      let text = ["--text", "it was lovely", "--text", "it was awful"]
      let own = try Command.run(["predict", file, "--vocabulary", model] + text)
      let theirs = try Command.run(["predict", model] + text)
      #expect(own.code == 0 && own.output == theirs.output, "\(own.errors)")
      let line = try Command.run([
        "predict", file, "--vocabulary", model, "--text", "lovely", "--format", "jsonl", "--logits",
      ])
      #expect(try json(line.output)["ids"] is [Int])
    }
  }

  @Test("what cannot work gets one line and the right exit code")
  func refusals() throws {
    try Command.withFolder { folder in
      let (model, file, data) = try texts(folder)
      let (lenet, image, pictures) = try images(folder)
      try Pictures.write(Array("<pad>\n<unk>\nlovely\n".utf8), "\(folder)/vocab.txt")
      try Pictures.write(Array("up\ndown\nleft\n".utf8), "\(folder)/names.txt")
      try Pictures.write([1, 2, 3], "\(folder)/broken.onnx")
      try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: true)
      let foreign = "\(Self.fixtures)/gru-text.onnx"
      let head = ["--freeze", "features", "--output", "\(folder)/new.onnx"]
      let cases: [([String], Int32, String)] = [
        (["evaluate", file, data], 65, "--vocabulary"),
        (["evaluate", file, data, "--vocabulary", "\(folder)/vocab.txt"], 65, "fingerprint"),
        (["evaluate", file, data, "--vocabulary", "\(folder)/none"], 66, "none"),
        (["evaluate", file, data, "--vocabulary", lenet], 65, "vocab.txt"),
        (["evaluate", file, "\(folder)/none.tsv", "--vocabulary", model], 66, "none.tsv"),
        (["evaluate", file, data, "--vocabulary", model, "--labels", "\(folder)/names.txt"], 64, "images"),
        (["evaluate", file, data, "--vocabulary", model, "--skip-bad"], 64, "images"),
        (["evaluate", image, pictures, "--vocabulary", model], 64, "texts"),
        (["evaluate", image, pictures, "--labels", "\(folder)/names.txt"], 65, "3 labels for the 2 numbers"),
        (["evaluate", image, pictures, "--image-size", "32"], 65, "28 × 28"),
        (["evaluate", image, pictures, "--mean", "0.5"], 64, "--deviation"),
        (["evaluate", image, "\(folder)/empty"], 65, ""), (["evaluate", image, "\(folder)/none"], 66, ""),
        (["evaluate", foreign, data], 65, "int64 [batch, time]"), (["predict", foreign, data], 65, "metadata"),
        (["evaluate", "\(folder)/broken.onnx", data], 65, "the bytes are no"),
        (["evaluate", "\(folder)/none.onnx", data], 66, "none.onnx"), (["info", "\(folder)/broken.onnx"], 65, ""),
        (["evaluate", model, data, "--vocabulary", model], 64, "ONNX"),
        (["predict", model, data, "--image-size", "32"], 64, "ONNX"),
        (["train-image", pictures, "--from", image, "--output", "\(folder)/new.onnx"], 64, "--freeze features"),
        (["train-image", pictures, "--from", image, "--freeze", "features"], 64, ".onnx"),
        (["train-image", pictures, "--from", image, "--features", "nothing"] + head, 65, "\"nothing\""),
        (["train-image", pictures, "--from", image, "--unfreeze-after", "1"] + head, 64, "--unfreeze-after"),
        (["train-image", pictures, "--from", image, "--mixup", "0.2"] + head, 64, "--mixup"),
        (["train-image", pictures, "--from", image, "--classes", "5"] + head, 65, "2 classes"),
        (["train-image", pictures, "--from", image, "--feature-memory", "0"] + head, 64, "0 MB"),
        (["train-image", pictures, "--from", foreign] + head, 65, "int64"),
        (["train-image", "\(folder)/empty", "--from", image] + head, 65, ""),
        (["train-image", pictures, "--from", lenet, "--features", "x", "--output", "\(folder)/new"], 64, "ONNX"),
        (["train-image", pictures, "--from", image, "--freeze", "features", "--output", file], 73, "--force"),
      ]
      for (arguments, code, part) in cases {
        let result = try Command.run(arguments)
        #expect(result.code == code, "\(arguments): \(result.code) \(result.errors)")
        #expect(part.isEmpty || result.errors.contains(part), "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty)
        let last = result.errors.split(separator: "\n").filter { !$0.hasPrefix("the features are ") }
        if code != 64 { #expect(last.count == 1, "\(arguments): \(result.errors)") }
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/new.onnx"))
      }
    }
  }

  @Test("are trunks behind which a head learns")
  func trunks() throws {
    try Command.withFolder { folder in
      let (_, file, data) = try images(folder)
      let head = "\(folder)/head.onnx"
      let arguments = [
        "train-image", data, "--from", file, "--freeze", "features", "--epochs", "8", "--batch-size", "8", "--output",
        head,
      ]
      let result = try Command.run(arguments + ["--test", data, "--report", "\(folder)/report.json"])
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.errors.contains("84 numbers of an image") && result.errors.contains("(Gemm) reads"))
      #expect(result.output.contains("test        100.00 %"), "\(result.output)")
      #expect(try Command.run(["evaluate", head, data]).output.contains("accuracy 100.00 %"))
      #expect(try Command.run(["predict", head, "\(data)/below/3.png"]).output.contains("\tbelow\t"))
      #expect(try Command.run(["info", head]).output.contains("nlptool.trunk_value"))
      let report = try json(
        String(decoding: Data(contentsOf: URL(fileURLWithPath: "\(folder)/report.json")), as: UTF8.self))
      #expect((report["test"] as? [String: Any])?["accuracy"] as? Double == 1)
      // Another value, and nothing is replaced unless somebody says so.
      #expect(try Command.run(arguments).code == 73)
      let other = try Command.run(arguments + ["--features", "image", "--force"])
      #expect(other.code == 65 && other.errors.contains("from its end there are logits"))
      #expect(try Command.run(["evaluate", head, data]).code == 0)
    }
  }

  @Test("networks for images are pruned while they learn")
  func pruning() throws {
    try Command.withFolder { folder in
      let (model, _, data) = try images(folder)
      let sparse = "\(folder)/sparse"
      let result = try Command.run([
        "prune", model, "--share", "0.8", "--steps", "2", "--epochs", "2", "--data", data, "--test", data, "--output",
        sparse, "--scope", "layer",
      ])
      #expect(result.code == 0, "\(result.errors)")
      let lines = result.output.split(separator: "\n")
      let stages = ["before", "pruned, step 1", "after learning", "pruned, step 2", "after learning"]
      for (line, stage) in zip(lines.dropFirst(), stages) { #expect(line.hasPrefix(stage) && line.contains(" %")) }
      // Learning leaves zeros zero.
      #expect(lines[4].contains("80.0 %") && lines[5].contains("80.0 %"), "\(result.output)")
      #expect(try Command.run(["evaluate", sparse, data]).output.contains("accuracy 100.00 %"))
      let narrow = try Command.run([
        "prune", model, "--units", "--share", "0.5", "--epochs", "2", "--data", data, "--test", data, "--output",
        "\(folder)/narrow", "--quiet",
      ])
      #expect(narrow.code == 0 && narrow.output.isEmpty, "\(narrow.errors)")
      let info = try json(try Command.run(["info", "\(folder)/narrow", "--json"]).output)
      #expect((info["parameters"] as? Int ?? 0) < 20_000)
      #expect(try Command.run(["evaluate", "\(folder)/narrow", data]).code == 0)
      let file = "\(folder)/narrow.onnx"
      #expect(try Command.run(["export", "\(folder)/narrow", "--output", file]).errors.contains("verified"))
      #expect(try Command.run(["evaluate", file, data]).code == 0)
      // Weights from elsewhere have numbers for classes: they get the names of what they learn from.
      let (weights, numbered, named) = ("\(folder)/w.safetensors", "\(folder)/numbered", "\(folder)/named")
      #expect(try Command.run(["export", model, "--to", "safetensors", "--output", weights]).code == 0)
      let imported = try Command.run([
        "import-weights", "--architecture", "lenet5", "--weights", weights, "--output", numbered, "--quiet",
      ])
      #expect(imported.code == 0, "\(imported.errors)")
      let learnt = try Command.run([
        "prune", numbered, "--share", "0.5", "--epochs", "1", "--data", data, "--output", named, "--quiet",
      ])
      #expect(learnt.code == 0, "\(learnt.errors)")
      let labels = { try self.json(try Command.run(["info", $0, "--json"]).output)["labels"] as? [String] }
      #expect(try labels(numbered) == ["0", "1"] && labels(named) == labels(model))
      for (wrong, code) in [
        (["--data", data, "--data", data], 64), (["--embeddings"], 64), (["--data", "\(folder)/none"], 66),
        (["--test", "\(folder)/none"], 66), (["--steps", "2"], 64),
      ] as [([String], Int32)] {
        let refused = try Command.run(["prune", model, "--share", "0.5", "--output", "\(folder)/w"] + wrong)
        #expect(refused.code == code, "\(wrong): \(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/w"))
      }
    }
  }
}
