import Foundation
import ImageData
import Testing

@Suite("Verbs on images", .serialized)
struct ImageVerbTests {
  private func picture(_ isBelow: Bool, _ number: Int) throws -> Image { try Pictures.picture(isBelow, number) }

  private func writeImages(_ folder: String, count: Int = 24) throws -> String {
    try Pictures.write(folder, count: count)
  }

  @discardableResult
  private func write(_ bytes: [UInt8], _ path: String) throws -> String { try Pictures.write(bytes, path) }

  private func trained(_ folder: String) throws -> (model: String, data: String) {
    let data = try writeImages(folder)
    let result = try Command.run([
      "train-image", data, "--architecture", "lenet5", "--epochs", "6", "--batch-size", "8", "--augment", "none",
      "--output", "\(folder)/model", "--report", "\(folder)/report.json", "--quiet",
    ])
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output.contains("validation  100.00 %"), "\(result.output)")
    return ("\(folder)/model", data)
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("a network in bytes learns what its layers see, is judged before and after, and leaves")
  func quantize() throws {
    try Command.withFolder { folder in
      let (model, data) = try trained(folder)
      let small = "\(folder)/small"
      let result = try Command.run(["quantize", model, "--calibrate", data, "--test", data, "--output", small])
      #expect(result.code == 0 && result.errors.contains("5 layers have seen 48 images"), "\(result.errors)")
      let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(lines.map(\.first) == ["weights", "before", "after"] && lines[0].contains("accuracy"))
      let (before, after) = (lines[1].compactMap(Double.init), lines[2].compactMap(Double.init))
      // Megabytes, per cent, loss, milliseconds.
      try #require(before.count == 4 && after.count == 4)
      #expect(after[0] < 0.3 * before[0] && before[1] == 100 && after[1] == 100 && after[3] > 0)
      let labels = try [model, small].map { model in
        try Command.run(["predict", model, data]).output.split(separator: "\n").map { $0.split(separator: "\t")[1] }
      }
      #expect(labels[0].count == 48 && labels[0] == labels[1])
      let export = try Command.run(["export", small, "--output", "\(folder)/small.onnx"])
      #expect(export.code == 0 && export.errors.contains("verified"), "\(export.errors)")
      for (arguments, code) in [
        (["--precision", "float16", "--calibrate", data], 64), (["--calibrate", "\(folder)/none"], 66),
        (["--calibrate", data, "--calibration-images", "0"], 64), (["--cutoff", "10"], 64),
      ] as [([String], Int32)] {
        #expect(try Command.run(["quantize", model, "--output", "\(folder)/no"] + arguments).code == code)
      }
    }
  }

  @Test("train, predict, evaluate and info go together")
  func endToEnd() throws {
    try Command.withFolder { folder in
      let (model, data) = try trained(folder)
      let report = try json(
        String(decoding: Data(contentsOf: URL(fileURLWithPath: folder + "/report.json")), as: UTF8.self))
      #expect((report["history"] as? [String: Any])?["epochs"] is [Any])
      // Files, a folder, several at once; their order is kept.
      let result = try Command.run(["predict", model, "\(data)/below/3.png", "\(data)/above", "-k", "2"])
      let lines = result.output.split(separator: "\n").map { $0.components(separatedBy: "\t") }
      #expect(result.code == 0 && lines.count == 25 && lines.allSatisfy { $0.count == 5 })
      #expect(lines[0][0] == "\(data)/below/3.png" && lines[0][1] == "below" && lines[0][3] == "above")
      #expect(lines.dropFirst().allSatisfy { $0[1] == "above" })
      // JSON, with logits.
      let line = try Command.run(["predict", model, "\(data)/above/1.png", "--format", "jsonl", "--logits", "-k", "1"])
      let answer = try json(line.output)
      #expect(answer["label"] as? String == "above" && answer["labels"] as? [String] == ["above"])
      #expect((answer["logits"] as? [String: Double])?.keys.sorted() == ["above", "below"])
      #expect((answer["probabilities"] as? [String: Double])?.count == 2)
      // Evaluation.
      let evaluation = try Command.run(["evaluate", model, data, "--json"])
      #expect(try json(evaluation.output)["accuracy"] as? Double == 1)
      #expect(try Command.run(["evaluate", model, data]).output.contains("48 images"))
      // Info.
      #expect(try Command.run(["info", model]).output.contains("2 classes: above, below"))
      let info = try json(try Command.run(["info", "resnet20-cifar", "--classes", "7", "--json"]).output)
      #expect(info["parameters"] as? Int == 269_722 - 3 * 65 && info["classes"] as? Int == 7)
      // Threads change nothing.
      let two = try Command.run(["predict", model, "\(data)/below", "--threads", "2"]).output
      #expect(try Command.run(["predict", model, "\(data)/below", "--threads", "1"]).output == two)
    }
  }

  @Test("IDX files are read as many images, and the whole course works on CIFAR files")
  func binaryFiles() throws {
    try Command.withFolder { folder in
      let (model, _) = try trained(folder)
      var bytes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28]
      for number in 0..<3 { bytes += try picture(number == 1, number).pixels }
      let path = try write(bytes, folder + "/few-images-idx3-ubyte")
      let lines = try Command.run(["predict", model, path]).output.split(separator: "\n").map {
        $0.components(separatedBy: "\t")
      }
      #expect(lines.map { $0[1] } == ["above", "below", "above"])
      #expect(lines.map { $0[0] } == (0..<3).map { "\(path), image \($0)" })
      let records = (0..<20).flatMap { number -> [UInt8] in
        [UInt8(number % 2)] + [UInt8](repeating: number % 2 == 0 ? 20 : 220, count: 3072)
      }
      let cifar = try write(records, folder + "/data_batch_1.bin")
      let training = try Command.run([
        "train-image", cifar, "--architecture", "resnet20-cifar", "--epochs", "1", "--batch-size", "8", "--output",
        folder + "/cifar", "--quiet",
      ])
      #expect(training.code == 0, "\(training.errors)")
      let answers = try Command.run(["predict", folder + "/cifar", cifar])
      #expect(answers.code == 0 && answers.output.split(separator: "\n").count == 20)
    }
  }

  @Test("weights are taken out of a model and in again, and trained further")
  func transfer() throws {
    try Command.withFolder { folder in
      let (model, data) = try trained(folder)
      let weights = model + "/weights.safetensors"
      try write(Array("up\ndown\n".utf8), folder + "/labels.txt")
      let other = folder + "/imported"
      let result = try Command.run([
        "import-weights", "--weights", weights, "--labels", folder + "/labels.txt", "--output", other, "--architecture",
        "lenet5",
      ])
      #expect(result.code == 0 && result.errors.contains("lenet5, 2 classes"), "\(result.errors)")
      let answer = try Command.run(["predict", other, "\(data)/below/1.png"])
      #expect(answer.output.contains("\tdown\t"))
      // Its architecture is that which fits; labels are numbers then, and those of the data in their order.
      let numbered = folder + "/numbered"
      #expect(try Command.run(["import-weights", "--weights", weights, "--output", numbered, "--quiet"]).code == 0)
      #expect(try Command.run(["evaluate", numbered, data, "--json"]).output.contains("\"accuracy\":1,"))
      let tuned = try Command.run([
        "train-image", data, "--from", weights, "--classes", "auto", "--freeze", "features", "--epochs", "2",
        "--unfreeze-after", "1", "--output", folder + "/tuned",
      ])
      #expect(tuned.code == 0, "\(tuned.errors)")
      #expect(tuned.errors.contains("computed once and kept: 1 MB") && tuned.errors.contains("the others stay"))
      let third = try Command.run([
        "train-image", data, "--from", folder + "/tuned", "--epochs", "1", "--output", folder + "/third", "--quiet",
      ])
      #expect(third.code == 0 && third.output.contains("100.00 %"), "\(third.errors)")
    }
  }

  @Test("classes that are numbers are told by these, or by their places where they have other names")
  func numberedClasses() throws {
    try Command.withFolder { folder in
      let (model, data) = try trained(folder)
      let numbered = "\(folder)/numbered"
      let imported = try Command.run([
        "import-weights", "--weights", "\(model)/weights.safetensors", "--output", numbered, "--quiet",
      ])
      #expect(imported.code == 0, "\(imported.errors)")
      func accuracy(_ path: String) throws -> Double? {
        try json(Command.run(["evaluate", numbered, path, "--json"]).output)["accuracy"] as? Double
      }
      #expect(try accuracy(data) == 1)
      // One of the classes alone, as a folder and in a table.
      let files = FileManager.default
      try files.createDirectory(atPath: "\(folder)/part", withIntermediateDirectories: true)
      try files.copyItem(atPath: "\(data)/below", toPath: "\(folder)/part/1")
      #expect(try accuracy("\(folder)/part") == 1)
      let rows = (0..<5).map { "data/below/\($0).png,1\n" }.joined()
      try Data("file,class\n\(rows)".utf8).write(to: URL(fileURLWithPath: "\(folder)/part.csv"))
      let table = try Command.run([
        "evaluate", numbered, "\(folder)/part.csv", "--path-column", "file", "--label-column", "class", "--json",
      ])
      #expect(try json(table.output)["accuracy"] as? Double == 1)
      for verb in [["quantize"], ["prune", "--share", "0.01"]] {
        let judged = try Command.run(
          verb + [
            numbered, "--test", "\(folder)/part.csv", "--path-column", "file", "--label-column", "class", "--output",
            "\(folder)/\(verb[0])d",
          ])
        #expect(judged.code == 0 && judged.output.contains("accuracy"), "\(judged.errors)\(judged.output)")
      }
      // A damaged image is the end, or is left out and counted; where all are damaged nothing can be judged.
      for (arguments, code) in [
        ([], 65), (["--skip-bad"], 0),
      ] as [([String], Int32)] {
        try Data("none".utf8).write(to: URL(fileURLWithPath: "\(folder)/part/1/x.png"))
        let judged = try Command.run(
          ["quantize", numbered, "--test", "\(folder)/part", "--output", "\(folder)/skipping"] + arguments)
        #expect(judged.code == code && judged.errors.contains("x.png"), "\(judged.errors)")
      }
      try files.createDirectory(atPath: "\(folder)/damaged/1", withIntermediateDirectories: true)
      try files.moveItem(atPath: "\(folder)/part/1/x.png", toPath: "\(folder)/damaged/1/x.png")
      let damaged = try Command.run(
        ["quantize", numbered, "--test", "\(folder)/damaged", "--skip-bad", "--output", "\(folder)/none"])
      #expect(damaged.code == 65 && !files.fileExists(atPath: "\(folder)/none"), "\(damaged.errors)")
      // Other names, and fewer of them, could be any.
      try files.moveItem(atPath: "\(folder)/part/1", toPath: "\(folder)/part/below")
      #expect(try Command.run(["evaluate", numbered, "\(folder)/part"]).code == 65)
    }
  }

  @Test(
    "networks are described with their auxiliary heads",
    arguments: [
      ("googlenet", 13_004_888), ("inception-v3", 27_161_264),
    ])
  func auxiliaryHeads(name: String, parameters: Int) throws {
    let about = try json(Command.run(["info", name, "--auxiliary-heads", "--json"]).output)
    #expect(about["parameters"] as? Int == parameters)
  }

  @Test("what cannot work gets one line, the right exit code, and leaves nothing behind")
  func refusals() throws {
    try Command.withFolder { folder in
      let (model, data) = try trained(folder)
      let good = "\(data)/above/1.png"
      let whole = Array(try Data(contentsOf: URL(fileURLWithPath: good)))
      let cut = try write(Array(whole.prefix(whole.count / 2)), folder + "/cut.png")
      let empty = try write([], folder + "/empty.png")
      let text = try write(Array("no image".utf8), folder + "/text.png")
      let gif = try write(Array("GIF89a and so on".utf8), folder + "/moving.png")
      // A header of 100000 × 100000 pixels.
      var header = whole
      header.replaceSubrange(16..<24, with: [0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0])
      let gigantic = try write(header, folder + "/gigantic.png")
      let renamed = try write(whole, folder + "/png.jpg")
      try FileManager.default.createDirectory(atPath: folder + "/classes/empty", withIntermediateDirectories: true)
      try FileManager.default.createDirectory(atPath: folder + "/classes/full", withIntermediateDirectories: true)
      try write(whole, folder + "/classes/full/1.png")
      try FileManager.default.createDirectory(atPath: folder + "/one/only", withIntermediateDirectories: true)
      for number in 0..<4 { try write(whole, folder + "/one/only/\(number).png") }
      try FileManager.default.createDirectory(atPath: folder + "/unknown/sideways", withIntermediateDirectories: true)
      try write(whole, folder + "/unknown/sideways/1.png")
      var record = [UInt8](repeating: 0, count: 3073)
      record[0] = 10
      let labels = try write(record, folder + "/labels.bin")
      let weights = model + "/weights.safetensors"
      let output = ["--output", folder + "/new"]
      let cases: [([String], Int32, String)] = [
        (["predict", model, folder + "/none.png"], 66, "none.png"), (["predict", model, cut], 65, "cut.png"),
        (["predict", model, empty], 65, "is empty"), (["predict", model, text], 65, "no image"),
        (["predict", model, gif], 65, "a GIF"), (["predict", model, gigantic], 65, "100000×100000"),
        (["predict", model, empty, cut, "--skip-bad"], 65, ""), (["predict", model], 64, "give images"),
        (["predict", model, good, "--logits"], 64, "jsonl"), (["predict", model, "--text", "x"], 64, "texts"),
        (["predict", model, good, "--threshold", "0.5"], 64, "texts"), (["predict", folder + "/none", good], 66, ""),
        (["evaluate", model, folder + "/none"], 66, ""), (["evaluate", model, folder + "/classes"], 65, ""),
        (["evaluate", model, folder + "/unknown"], 65, "sideways"), (["evaluate", model, good], 65, "one image"),
        (["evaluate", model, labels], 65, "label 10"),
        (["train-image", folder + "/classes", "--architecture", "lenet5"] + output, 65, "no image of this class"),
        (["train-image", folder + "/one", "--architecture", "lenet5"] + output, 65, "at least two"),
        (["train-image", labels, "--architecture", "resnet20-cifar"] + output, 65, "label 10"),
        (["train-image", folder + "/none", "--architecture", "lenet5"] + output, 66, "none"),
        (["train-image", data] + output, 64, "--architecture"),
        (["train-image", data, "--architecture", "lenet6"] + output, 64, "lenet6"),
        (["train-image", data, "--architecture", "lenet5", "--freeze", "features"] + output, 64, "--from"),
        (["train-image", data, "--architecture", "lenet5", "--output", model], 73, "--force"),
        (["train-image", data, "--architecture", "lenet5", "--output", "/nonexistent/model"], 73, ""),
        (["train-image", data, "--architecture", "lenet5", "--classes", "5"] + output, 65, "2 classes"),
        (["train-image", data, "--from", weights, "--freeze", "layer9.*"] + output, 64, "layer9"),
        (["train-image", data, "--from", good] + output, 65, "png"),
        (
          ["train-image", data, "--from", weights, "--architecture", "small-cnn"] + output, 65, "features.0.conv.weight"
        ),
        (
          ["import-weights", "--weights", weights, "--architecture", "squeezenet1.1"] + output, 65, "features.0.weight"
        ),
        (["import-weights", "--weights", folder + "/none"] + output, 66, "none"),
        (["import-weights", "--weights", weights, "--labels", text] + output, 65, "1 names for 2 classes"),
        (["import-weights", "--weights", weights, "--mean", "0.5"] + output, 64, "--deviation"),
        (["info", "resnet18", "--classes", "0"], 64, "--classes"),
        (["info", "resnet18", "--auxiliary-heads"], 64, "no auxiliary heads"),
      ]
      for (arguments, code, part) in cases {
        let result = try Command.run(arguments)
        let lines = result.errors.split(separator: "\n")
        #expect(result.code == code, "\(arguments): \(result.code) \(result.errors)")
        #expect(code == 64 || lines.count == 1 || arguments.contains("--skip-bad"), "\(arguments): \(result.errors)")
        #expect(part.isEmpty || result.errors.contains(part), "\(arguments): \(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder + "/new"))
      }
      // The rest goes on, with a count.
      let rest = try Command.run(["predict", model, cut, good, empty, renamed, folder + "/none.png", "--skip-bad"])
      #expect(rest.code == 0 && rest.output.split(separator: "\n").count == 2)
      #expect(rest.errors.contains("left out 3 images, first: \(cut)"), "\(rest.errors)")
      // What came before a fault is said.
      let before = try Command.run(["predict", model, data + "/above", cut])
      #expect(before.code == 65 && !before.output.contains("cut.png"))
    }
  }

  @Test("damaged images in folders end a training, or are left out and counted")
  func skipBad() throws {
    try Command.withFolder { folder in
      let data = try writeImages(folder, count: 10)
      try write(Array("nothing".utf8), data + "/above/bad.png")
      let arguments = [
        "train-image", data, "--architecture", "lenet5", "--epochs", "1", "--output", folder + "/model",
      ]
      let refused = try Command.run(arguments + ["--quiet"])
      #expect(refused.code == 65 && refused.errors.contains("bad.png"), "\(refused.errors)")
      let result = try Command.run(arguments + ["--skip-bad", "--force"])
      #expect(result.code == 0 && result.errors.contains("left out 1 image, first:"), "\(result.errors)")
    }
  }

  @Test("a training that is interrupted goes on")
  func interruption() throws {
    try Command.withFolder { folder in
      let data = try writeImages(folder, count: 200)
      let script = """
        "$0" train-image "$1" --architecture small-cnn --epochs 400 --augment none --output "$2" --quiet & pid=$!
        for i in $(seq 100); do test -e "$2/model.json" && break; sleep 0.1; done
        kill -INT $pid; wait $pid
        """
      let cut = try Command.runShell(script, [data, folder + "/model"])
      #expect(cut.code == 130 && cut.errors.contains("--resume goes on"), "\(cut.errors)")
      #expect(FileManager.default.fileExists(atPath: folder + "/model.checkpoint"))
      let other = try Command.run([
        "train-image", data, "--architecture", "small-cnn", "--epochs", "1", "--augment", "none", "--output",
        folder + "/model", "--resume", "--quiet",
      ])
      #expect(other.code == 65 && other.errors.contains("other data or options"), "\(other.errors)")
    }
  }
}
