import Foundation
import Testing

/// What cannot work gets one line and the right exit code, and leaves nothing behind; what looks odd and can work does.
@Suite("Bad and odd input", .serialized)
struct BadInputTests {
  private func write(_ content: Data, _ path: String) throws -> String {
    try content.write(to: URL(fileURLWithPath: path))
    return path
  }

  /// A model in `folder`, and the corpus that it learned.
  private func trainedModel(_ folder: String) throws -> (model: String, data: String) {
    let data = try write(Data(Command.corpus.utf8), "\(folder)/data.tsv")
    let training = try Command.run(["train-sentiment", data, "--output", "\(folder)/model/"] + Command.quick)
    #expect(training.code == 0, "\(training.errors)")
    return ("\(folder)/model", data)
  }

  @Test("one line, the right exit code, nothing left behind")
  func refusals() throws {
    try Command.withFolder { folder in
      let (model, good) = try trainedModel(folder)
      let oneClass = try write(Data("label\ttext\na\tx\na\ty\n".utf8), "\(folder)/one.tsv")
      let empty = try write(Data(), "\(folder)/empty.tsv")
      let invalid = try write(
        Data("label\ttext\npositive\tx\nnegative\t".utf8) + Data([0xC3, 0x28, 10]), "\(folder)/invalid.tsv")
      let unknown = try write(Data("label\ttext\nneutral\tso so\npositive\tfine\n".utf8), "\(folder)/unknown.tsv")
      let noLabel = try write(Data("only texts\nand nothing else\n".utf8), "\(folder)/texts.tsv")
      let cases: [([String], Int32)] = [
        // Missing, a folder in place of a file, empty.
        (["train-sentiment", "\(folder)/missing.tsv"], 66), (["train-sentiment", good + "/x"], 66),
        (["train-sentiment", good, "--test", "\(folder)/missing.tsv"], 66),
        (["train-sentiment", good, "--validation", "\(folder)/missing.tsv"], 66),
        (["predict", "\(folder)/none", "--text", "x"], 66), (["predict", model, "\(folder)/none"], 66),
        (["predict", model, folder], 66), (["evaluate", model, "\(folder)/none"], 66), (["tokenize", folder], 66),
        (["tokenize", "\(folder)/none"], 66), (["vocab", "build", folder, "--output", "\(folder)/v"], 66),
        (["vocab", "build", "\(folder)/none", "--output", "\(folder)/v"], 66),
        (["train-sentiment", empty], 65), (["evaluate", model, empty], 65),
        (["vocab", "build", empty, "--output", "\(folder)/v"], 65),
        // Labels and columns.
        (["train-sentiment", oneClass], 65), (["train-sentiment", noLabel], 65),
        (["train-sentiment", good, "--label-column", "stars"], 65), (["evaluate", model, unknown], 65),
        (["train-sentiment", good, "--positive-from", "3"], 65),
        // Invalid UTF-8.
        (["train-sentiment", invalid], 65), (["evaluate", model, invalid], 65),
        (["vocab", "build", invalid, "--output", "\(folder)/v"], 65),
        // Places that cannot be written to.
        (["train-sentiment", good, "--output", "/nonexistent/model"], 73),
        (["train-sentiment", good, "--output", good, "--force"], 73), (["train-sentiment", good, "--output", ""], 73),
        (["train-sentiment", good, "--output", folder, "--force"], 73),
        (["train-sentiment", good, "--report", folder], 73),
        (["vocab", "build", good, "--output", "/nonexistent/v"], 73),
        // Usage.
        (["train-sentiment", good, "--epochs", "0"], 64), (["train-sentiment", good, "--skip", "verbs"], 64),
        (["train-sentiment", good, "--filter-widths", ""], 64), (["train-sentiment", good, "--layers", "65"], 64),
        (["train-sentiment", good, "--learning-rate", "nan"], 64), (["train-sentiment", good, "--locale", "xx"], 64),
        (["train-sentiment", "-", "--test", "-"], 64), (["train-sentiment", good, "--positive-from", "nan"], 64),
        (["train-sentiment", good, "--folds", "5000000000000000000"], 65),
        (["tokenize", "--format", "ids"], 64), (["no-such-verb"], 64), (["bench", "--cases", "nothing"], 64),
        (["bench", "--cases", "tokenize/*"], 64), (["bench", "--seconds", "inf"], 64),
        (["vocab", "build", good, "--output", "\(folder)/v", "--minimum-count", "0"], 64),
      ]
      let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      for (arguments, code) in cases {
        var arguments = arguments
        if arguments[0] == "train-sentiment", !arguments.contains("--output") {
          arguments += ["--output", "\(folder)/new"]
        }
        let result = try Command.run(arguments)
        #expect(result.code == code, "\(arguments): \(result.code), \(result.errors)")
        #expect(!result.errors.isEmpty && result.output.isEmpty, "\(arguments)")
        if code != 64 { #expect(result.errors.split(separator: "\n").count == 1, "\(arguments): \(result.errors)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before, "\(arguments)")
      }
    }
  }

  @Test("a model of which any file is cut or changed is refused")
  func damagedModel() throws {
    try Command.withFolder { folder in
      let (model, _) = try trainedModel(folder)
      for name in ["model.json", "weights.safetensors", "vocabulary.sqlite"] {
        let file = URL(fileURLWithPath: "\(model)/\(name)")
        let whole = try Data(contentsOf: file)
        var changed = whole
        changed[changed.count / 2] ^= 0x55
        for content in [whole.prefix(0), whole.prefix(1), whole.prefix(whole.count - 1), changed] {
          try content.write(to: file)
          let result = try Command.run(["predict", model, "--text", "lovely"])
          #expect(result.code == 65, "\(name), \(content.count) of \(whole.count) bytes: \(result.errors)")
          #expect(result.errors.split(separator: "\n").count == 1 && result.output.isEmpty)
        }
        try whole.write(to: file)
      }
      #expect(try Command.run(["predict", model, "--text", "lovely"]).code == 0)
    }
  }

  @Test("CRLF, a byte order mark, empty lines and NUL are read")
  func oddLines() throws {
    try Command.withFolder { folder in
      let rows = Command.corpus.split(separator: "\n").joined(separator: "\r\n")
      let odd = try write(Data("\u{FEFF}\(rows)\r\n\r\npositive\ta\u{0}b lovely\r\n".utf8), "\(folder)/odd.tsv")
      let training = try Command.run(["train-sentiment", odd, "--output", "\(folder)/model"] + Command.quick)
      #expect(training.code == 0, "\(training.errors)")
      let evaluation = try Command.run(["evaluate", "\(folder)/model", odd, "--json"])
      #expect(evaluation.output.contains(#""labels":["negative","positive"]"#), "\(evaluation.output)")
      #expect(evaluation.output.contains(#""examples":61"#), "\(evaluation.output)")
      let answers = try Command.run(["predict", "\(folder)/model"], input: Data("\u{FEFF}lovely\r\n\r\na\u{0}b".utf8))
      #expect(answers.output.split(separator: "\n").count == 3)
    }
  }

  @Test("a line of 100 MB")
  func hugeLine() throws {
    try Command.withFolder { folder in
      let word = Data("word ".utf8)
      var line = Data(capacity: 100_000_002)
      for _ in 0..<20_000_000 { line += word }
      let path = try write(line + Data("\nnext\n".utf8), "\(folder)/line")
      let script = "\"$0\" tokenize \"$1\" | tail -n 1; exit ${PIPESTATUS[0]}"
      let result = try Command.runShell(script, [path])
      #expect(result.code == 0 && result.output == "next\n")
    }
  }

  @Test("predict answers the lines before one that is not UTF-8")
  func predictInvalidUTF8() throws {
    try Command.withFolder { folder in
      let (model, _) = try trainedModel(folder)
      let result = try Command.run(["predict", model], input: Data("lovely\nawful\n".utf8) + Data([0xFF, 10]))
      #expect(result.code == 65)
      #expect(result.output.split(separator: "\n").count == 2)
      #expect(result.errors.contains("line 3"), "\(result.errors)")
    }
  }

  @Test("predict and tokenize answer a pipe line by line")
  func slowPipe() throws {
    try Command.withFolder { folder in
      let (model, _) = try trainedModel(folder)
      for arguments in [["predict", model], ["tokenize"]] {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = Command.program
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        for line in ["lovely day\n", "awful day\n"] {
          input.fileHandleForWriting.write(Data(line.utf8))
          // Returns when something is there: an answer that waits for more input would block for ever.
          #expect(output.fileHandleForReading.availableData.last == UInt8(ascii: "\n"))
        }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
      }
    }
  }

  @Test("a full disk under the output, the report or the model is an error that leaves the old files")
  func fullDisk() throws {
    try Command.withFolder { folder in
      let (model, data) = try trainedModel(folder)
      let before = try Data(contentsOf: URL(fileURLWithPath: "\(model)/weights.safetensors"))
      #expect(try Command.runShell("\"$0\" tokenize \"$1\" >/dev/full", [data]).code == 74)
      #expect(try Command.runShell("\"$0\" predict \"$1\" \"$2\" >/dev/full", [model, data]).code == 74)
      // A limit on the size of files stands for a disk that is full.
      let limited = try Command.runShell(
        "ulimit -f 8; exec \"$0\" train-sentiment \"$1\" --output \"$2\" --force --quiet --minimum-count 1",
        [data, model])
      #expect(limited.code == 74, "\(limited.errors)")
      #expect(limited.errors.contains(model) && !limited.errors.contains(".part-"), "\(limited.errors)")
      let vocabulary = try Command.runShell(
        "ulimit -f 8; exec \"$0\" vocab build \"$1\" --output \"$2\"", [data, "\(folder)/words.sqlite"])
      #expect(vocabulary.code == 74, "\(vocabulary.errors)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: "\(model)/weights.safetensors")) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["data.tsv", "model"])
    }
  }

  @Test("without memory for the network there is one line that says so")
  func noMemory() throws {
    try Command.withFolder { folder in
      let (_, data) = try trainedModel(folder)
      let result = try Command.runShell(
        "ulimit -v 1200000; exec \"$0\" train-sentiment \"$1\" --output \"$2\" --quiet --model bilstm --hidden-size 4096",
        [data, "\(folder)/large"])
      #expect(result.code == 70, "\(result.errors)")
      #expect(result.errors.hasPrefix("nlptool: no memory left") && result.errors.split(separator: "\n").count == 1)
    }
  }
}
