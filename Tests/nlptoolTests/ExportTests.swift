import Foundation
import Testing

@Suite("Export and run", .serialized)
struct ExportTests {
  /// A model of a small corpus.
  private func trained(_ folder: String, _ options: [String]) throws -> String {
    let (data, model) = ("\(folder)/data.tsv", "\(folder)/model")
    try Data(Command.corpus.utf8).write(to: URL(fileURLWithPath: data))
    let result = try Command.run(
      ["train-sentiment", data, "--output", model, "--force", "--epochs", "2", "--minimum-count", "1", "--quiet"]
        + options)
    #expect(result.code == 0, "\(result.errors)")
    return model
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test(
    "every architecture leaves as ONNX with the same logits, and the same model gives the same bytes",
    arguments: ["mlp", "rnn", "gru", "bilstm", "cnn", "dpcnn", "charcnn", "rcnn", "bag"])
  func architectures(name: String) throws {
    try Command.withFolder { folder in
      let model = try trained(folder, ["--model", name])
      let result = try Command.run(["export", model, "--output", "\(folder)/m.onnx"])
      #expect(result.code == 0 && result.errors.contains("verified"), "\(result.errors)")
      #expect(
        try Command.run(["export", model, "--output", "\(folder)/n.onnx", "--no-verify", "--quiet"]).errors.isEmpty)
      #expect(try bytes("\(folder)/m.onnx") == bytes("\(folder)/n.onnx"))
      let inputs = try Command.run(["run", "\(folder)/m.onnx", "--list"]).output
      #expect(inputs.contains("ids") && inputs.contains("lengths") && inputs.contains("logits"))
    }
  }

  @Test("every pooling of recurrent layers leaves", arguments: ["last", "mean", "max", "max-mean", "attention"])
  func poolings(name: String) throws {
    try Command.withFolder { folder in
      let model = try trained(
        folder, ["--model", "bigru", "--layers", "2", "--pooling", name, "--hidden-size", "12"])
      #expect(try Command.run(["export", model, "--output", "\(folder)/m.onnx"]).errors.contains("verified"))
    }
  }

  @Test("language models and images leave")
  func otherModels() throws {
    try Command.withFolder { folder in
      let texts = "\(folder)/texts.txt"
      try Data(String(repeating: "the film was good\nthe book was not\n", count: 20).utf8).write(
        to: URL(fileURLWithPath: texts))
      let model = "\(folder)/lm"
      let training = try Command.run([
        "train-language-model", texts, "--hidden-size", "8", "--embedding-size", "8", "--epochs", "1", "--quiet",
        "--output", model,
      ])
      #expect(training.code == 0, "\(training.errors)")
      #expect(try Command.run(["export", model, "--output", "\(folder)/lm.onnx"]).errors.contains("verified"))
    }
  }

  @Test("nothing is replaced or left half")
  func files() throws {
    try Command.withFolder { folder in
      let model = try trained(folder, ["--model", "mlp"])
      let file = "\(folder)/m.onnx"
      try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
      for format in ["onnx", "safetensors"] {
        let refused = try Command.run(["export", model, "--to", format, "--output", file])
        #expect(refused.code == 73 && refused.errors.contains("--force"))
      }
      #expect(try bytes(file) == Data("mine".utf8))
      #expect(try Command.run(["export", model, "--output", file, "--force", "--quiet"]).code == 0)
      #expect(try Command.run(["export", "\(folder)/none", "--output", file, "--force"]).code == 66)
      #expect(try Command.run(["export", folder, "--output", file, "--force"]).code == 66)
      #expect(try Command.run(["export", model, "--output", "\(folder)/no/m.onnx"]).code == 73)
      let full = try Command.runShell(
        "(ulimit -f 4; \"$0\" export \"$1\" --output \"$2\" --quiet)", [model, "\(folder)/full.onnx"])
      #expect(full.code != 0 && !FileManager.default.fileExists(atPath: "\(folder)/full.onnx"))
    }
  }

  @Test("pipes are neither replaced nor waited for")
  func pipes() throws {
    try Command.withFolder { folder in
      let model = try trained(folder, ["--model", "mlp"])
      let pipe = "\(folder)/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      let replaced = try Command.run(["export", model, "--output", pipe, "--force"])
      #expect(replaced.code == 73 && replaced.errors.contains("not a regular file"))
      let words = try Command.run(["vocab", "export", "\(model)/vocabulary.sqlite", "--output", pipe, "--force"])
      #expect(words.code == 73 && words.errors.contains("not a regular file"))
      let read = try Command.run(["run", pipe, "--list"])
      #expect(read.code == 66 && read.errors.contains("not a regular file"))
    }
  }

  @Test("weights that were trained elsewhere take the place of a model's own")
  func returningWeights() throws {
    try Command.withFolder { folder in
      let (bag, other) = (try trained(folder, ["--model", "bag"]), "\(folder)/other")
      func take(_ model: String, _ options: String...) throws -> Command.Result {
        try Command.run(
          ["import-weights", "--like", model, "--weights", "\(folder)/w.safetensors", "--output", other, "--force"]
            + options)
      }
      #expect(try Command.run(["export", bag, "--to", "safetensors", "--output", "\(folder)/w.safetensors"]).code == 0)
      #expect(try take(bag).code == 65)
      for name in ["gru", "cnn"] {
        let model = try trained(folder, ["--model", name, "--seed", "3"])
        let exported = try Command.run([
          "export", model, "--to", "safetensors", "--output", "\(folder)/w.safetensors", "--force",
        ])
        #expect(exported.code == 0, "\(exported.errors)")
        func logits(_ model: String) throws -> String {
          try Command.run(["predict", model, "--text", "a good film", "--format", "jsonl", "--logits"]).output
        }
        let expected = try logits(model)
        // The same network from another start.
        let start = try trained(folder, ["--model", name, "--seed", "4"])
        #expect(try logits(start) != expected)
        let result = try take(start)
        #expect(result.code == 0 && result.errors.contains("with the weights of"), "\(result.errors)")
        #expect(try logits(other) == expected)
        #expect(try take(start, "--architecture", "lenet5").code == 64)
      }
      let refused = try take(try trained(folder, ["--model", "lstm"]))
      #expect(refused.code == 65 && refused.errors.contains("of another network"), "\(refused.errors)")
    }
  }

  @Test("models leave as packages for Core ML, which are refused where they could not be known")
  func coreML() throws {
    try Command.withFolder { folder in
      let files = FileManager.default
      for name in ["mlp", "bigru", "charcnn", "bag"] {
        let model = try trained(folder, ["--model", name])
        let result = try Command.run(["export", model, "--to", "coreml", "--output", "\(folder)/\(name).mlpackage"])
        #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(try !bytes("\(folder)/\(name).mlpackage/Data/com.apple.CoreML/weights/weight.bin").isEmpty)
      }
      func export(_ output: String, _ options: String...) throws -> Command.Result {
        try Command.run(["export", "\(folder)/model", "--to", "coreml", "--output", "\(folder)/\(output)"] + options)
      }
      let named = try export("m.mlmodel")
      #expect(named.code == 64 && named.errors.contains(".mlpackage"))
      #expect(try export("m.mlpackage", "--int8").code == 64)
      let refused = try export("mlp.mlpackage")
      #expect(refused.code == 73 && refused.errors.contains("--force"))
      #expect(try export("mlp.mlpackage/", "--force").code == 0)
      #expect(try export("no/m.mlpackage").code == 73)
      let before = try files.contentsOfDirectory(atPath: folder).sorted()
      let full = try Command.runShell(
        "(ulimit -f 4; \"$0\" export \"$1\" --to coreml --output \"$2\")",
        ["\(folder)/model", "\(folder)/full.mlpackage"])
      #expect(full.code != 0)
      #expect(try files.contentsOfDirectory(atPath: folder).sorted() == before)
    }
  }

  @Test("a folder for PyTorch and a tokenizer for Python")
  func python() throws {
    try Command.withFolder { folder in
      let model = try trained(folder, ["--model", "bilstm", "--unit", "whitespace"])
      let result = try Command.run([
        "export", model, "--to", "pytorch", "--output", "\(folder)/torch", "--with-tokenizer", "\(folder)/tokenizer",
      ])
      #expect(result.code == 0, "\(result.errors)")
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/torch").sorted()
      #expect(files == ["example.safetensors", "model.json", "model.py", "weights.safetensors"])
      let about = try JSONSerialization.jsonObject(with: bytes("\(folder)/torch/model.json")) as? [String: Any]
      #expect(about?["labels"] as? [String] == ["negative", "positive"])
      let code = String(decoding: try bytes("\(folder)/torch/model.py"), as: UTF8.self)
      #expect(code.contains("nn.LSTM(") && !code.contains("\(folder)"))
      let tokenizer = try JSONSerialization.jsonObject(with: bytes("\(folder)/tokenizer/tokenizer.json"))
      #expect(((tokenizer as? [String: Any])?["model"] as? [String: Any])?["type"] as? String == "WordLevel")
      // What Python cannot do is said.
      let other = try trained(folder, ["--model", "mlp", "--keep", "url"])
      let limited = try Command.run([
        "export", other, "--output", "\(folder)/o.onnx", "--with-tokenizer", "\(folder)/other",
      ])
      #expect(limited.code == 0 && limited.errors.contains("kept whole"))
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/other/tokenizer.py"))
      let bag = try trained(folder, ["--model", "bag"])
      #expect(
        try Command.run(["export", bag, "--output", "\(folder)/b.onnx", "--with-tokenizer", "\(folder)/b"]).code == 65)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/b.onnx"))
      let unwritable = try Command.run([
        "export", model, "--output", "\(folder)/w.onnx", "--with-tokenizer", "\(folder)/no/tokenizer",
      ])
      #expect(unwritable.code == 73 && !FileManager.default.fileExists(atPath: "\(folder)/w.onnx"))
    }
  }

  @Test("networks in fewer bytes, pruned and exported in bytes")
  func smaller() throws {
    try Command.withFolder { folder in
      let model = try trained(folder, ["--model", "cnn", "--embedding-size", "16"])
      let data = "\(folder)/data.tsv"
      func size(_ path: String) throws -> Int { try bytes(path).count }
      let whole = try size("\(model)/weights.safetensors")
      for (precision, share) in [("int8", 0.3), ("float16", 0.55), ("bfloat16", 0.55)] {
        let small = "\(folder)/\(precision)"
        let result = try Command.run([
          "quantize", model, "--precision", precision, "--test", data, "--output", small,
        ])
        #expect(result.code == 0 && result.output.contains("after"), "\(result.errors)")
        #expect(result.output.contains("weights") && result.output.contains("a text"))
        #expect(try Double(size("\(small)/weights.safetensors")) < share * Double(whole) + 2000)
        #expect(try Command.run(["predict", small, "--text", "lovely"]).code == 0)
        #expect(try Command.run(["info", small]).output.contains(" int8") == (precision == "int8"))
      }
      let exported = try Command.run(["export", model, "--int8", "--output", "\(folder)/small.onnx"])
      #expect(exported.code == 0 && exported.errors.contains("verified"), "\(exported.errors)")
      #expect(try Command.run(["export", model, "--output", "\(folder)/whole.onnx", "--quiet"]).code == 0)
      #expect(try Double(size("\(folder)/small.onnx")) < 0.5 * Double(size("\(folder)/whole.onnx")))
      let pruned = try Command.run([
        "prune", model, "--share", "0.8", "--steps", "2", "--epochs", "1", "--data", data, "--test", data, "--output",
        "\(folder)/sparse",
      ])
      #expect(pruned.code == 0 && pruned.output.contains("80.0 %"), "\(pruned.errors)")
      let narrow = try Command.run(["prune", model, "--units", "--share", "0.5", "--output", "\(folder)/narrow"])
      #expect(narrow.code == 0, "\(narrow.errors)")
      #expect(try Command.run(["info", "\(folder)/narrow"]).output.contains("filters 50"))
      for wrong in [
        ["--share", "1"], ["--share", "0.5", "--steps", "2"], ["--share", "0.5", "--epochs", "1"],
        ["--share", "0.5", "--units", "--embeddings"],
      ] {
        #expect(try Command.run(["prune", model, "--output", "\(folder)/w"] + wrong).code == 64)
      }
      let others = "\(folder)/others.tsv"
      try Data("label\ttext\nnew\tlovely\nold\tdull\n".utf8).write(to: URL(fileURLWithPath: others))
      let strange = try Command.run(["prune", model, "--share", "0.5", "--data", others, "--output", "\(folder)/w"])
      #expect(strange.code == 65 && strange.errors.contains("new"), "\(strange.errors)")
      #expect(try Command.run(["quantize", model, "--cutoff", "10", "--output", "\(folder)/w"]).code == 64)
    }
  }
}
