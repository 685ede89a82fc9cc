import Foundation
import Testing

/// The command as a person runs it: exit codes, what goes where, and what is left behind.
@Suite("The command", .serialized)
struct CommandTests {
  struct Result {
    let code: Int32
    let output: String
    let errors: String
  }

  /// The program that the build put beside the tests.
  static let program: URL = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/",
      !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("nlptool").path)
    {
      folder = folder.deletingLastPathComponent()
    }
    return folder.appendingPathComponent("nlptool")
  }()

  static func run(_ arguments: [String], input: Data = Data()) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
    let name = UUID().uuidString
    let files = ["in", "out", "err"].map { folder.appendingPathComponent("nlptool-\(name).\($0)") }
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    try input.write(to: files[0])
    for file in files[1...] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    return Result(
      code: process.terminationStatus, output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
  }

  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// A small corpus that a model learns at once.
  static let corpus =
    "label\ttext\n"
    + (0..<60).map { "\($0 % 2 == 0 ? "positive" : "negative")\tit was \($0 % 2 == 0 ? "lovely" : "awful") \($0 % 5)" }
    .joined(separator: "\n") + "\n"

  static let quick = ["--epochs", "2", "--embedding-size", "8", "--filters", "8", "--quiet", "--minimum-count", "1"]

  @Test("tokenize: every format, one line for each line")
  func tokenize() throws {
    let input = Data("It's 3 p.m.\r\n\n今天 ok\u{0}x".utf8)
    #expect(try Self.run(["tokenize"], input: input).output == "It's 3 p.m .\n\n今天 ok \u{0} x\n")
    #expect(
      try Self.run(["tokenize", "--format", "offsets"], input: Data("Hi, é".utf8)).output
        == "0\t2\tword\tHi\n2\t3\tpunctuation\t,\n4\t6\tword\té\n\n")
    #expect(
      try Self.run(["tokenize", "--format", "jsonl", "--lowercase"], input: Data("A \"q\"".utf8)).output
        == #"{"tokens":[{"text":"a","kind":"word","start":0,"end":1},{"text":"\"","kind":"punctuation","start":2,"end":3},"#
        + #"{"text":"q","kind":"word","start":3,"end":4},{"text":"\"","kind":"punctuation","start":4,"end":5}]}"# + "\n"
    )
    #expect(
      try Self.run(["tokenize", "--skip", "space,punctuation"], input: Data("\u{FEFF}a, b!".utf8)).output == "a b\n")
    #expect(
      try Self.run(["tokenize", "--format", "offsets"], input: Data("\u{FEFF}a".utf8)).output == "3\t4\tword\ta\n\n")
    #expect(try Self.run(["tokenize", "--unit", "character"], input: Data("e\u{301}a".utf8)).output == "e\u{301} a\n")
  }

  @Test("tokenize: the number of threads changes nothing")
  func tokenizeThreads() throws {
    let lines = (0..<60_000).map { "line \($0) says 今天天气, don't you think?" }.joined(separator: "\n")
    let one = try Self.run(["tokenize", "--threads", "1"], input: Data(lines.utf8))
    let two = try Self.run(["tokenize", "--threads", "3"], input: Data(lines.utf8))
    #expect(one.code == 0 && one.output == two.output)
    #expect(one.output.utf8.count { $0 == 10 } == 60_000)
  }

  @Test("tokenize: invalid UTF-8 names line and byte; what came before it is written")
  func invalidUTF8() throws {
    let result = try Self.run(["tokenize"], input: Data("fine\nab".utf8) + Data([0xFF]))
    #expect(result.code == 65)
    #expect(result.output == "fine\n")
    #expect(result.errors.contains("line 2") || result.errors.contains(":2"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("vocab: build, show, export, import, ids")
  func vocabulary() throws {
    try Self.withFolder { folder in
      let store = "\(folder)/words.sqlite"
      let built = try Self.run(
        ["vocab", "build", "--output", store, "--lowercase"], input: Data("b a A c\na b\n".utf8))
      #expect(built.code == 0)
      #expect(try Self.run(["vocab", "build", "--output", store], input: Data("x".utf8)).code == 73)
      let shown = try Self.run(["vocab", "show", store])
      let rows = shown.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(rows.contains(["a", "2", "3"]), "\(shown.output)")
      #expect(
        try Self.run(["tokenize", "--format", "ids", "--vocabulary", store], input: Data("C zebra a".utf8)).output
          == "4 1 2\n")
      let exported = try Self.run(["vocab", "export", store])
      let copy = "\(folder)/copy.sqlite"
      #expect(try Self.run(["vocab", "import", "-", "--output", copy], input: Data(exported.output.utf8)).code == 0)
      #expect(try Self.run(["vocab", "export", copy]).output == exported.output)
      #expect(try Self.run(["vocab", "show", "\(folder)/none.sqlite"]).code == 66)
      try Data("not a database".utf8).write(to: URL(fileURLWithPath: "\(folder)/text"))
      #expect(try Self.run(["vocab", "show", "\(folder)/text"]).code == 65)
    }
  }

  @Test("train, predict, evaluate")
  func trainPredictEvaluate() throws {
    try Self.withFolder { folder in
      let (data, model) = ("\(folder)/data.tsv", "\(folder)/model")
      try Data(Self.corpus.utf8).write(to: URL(fileURLWithPath: data))
      let training = try Self.run(
        ["train-sentiment", data, "--test", data, "--output", model, "--report", "\(folder)/r.json"]
          + [
            "--epochs", "25", "--patience", "25", "--batch-size", "8", "--embedding-size", "16", "--filters", "16",
            "--minimum-count", "1", "--learning-rate", "0.005", "--dropout", "0.1",
          ])
      #expect(training.code == 0, "\(training.errors)")
      #expect(training.output.contains("nlptool predict"))
      let report = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: "\(folder)/r.json")))
      #expect((report as? [String: Any])?["test"] != nil)
      let prediction = try Self.run(["predict", model, "--format", "jsonl", "--text", "lovely"])
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(prediction.output.utf8)) as? [String: Any])
      #expect(object["label"] as? String == "positive")
      #expect((object["probabilities"] as? [String: Double])?.count == 2)
      let lines = try Self.run(["predict", model], input: Data("awful\n\nlovely\n".utf8))
      #expect(lines.output.split(separator: "\n").count == 3 && lines.output.hasPrefix("negative\t"))
      let evaluation = try Self.run(["evaluate", model, data, "--json"])
      let figures = try #require(
        try JSONSerialization.jsonObject(with: Data(evaluation.output.utf8)) as? [String: Any])
      for key in ["accuracy", "macro_f1", "per_class", "labels", "confusion", "examples"] {
        #expect(figures[key] != nil)
      }
      #expect(try Self.run(["train-sentiment", data, "--output", model] + Self.quick).code == 73)
      #expect(try Self.run(["train-sentiment", data, "--output", model, "--force"] + Self.quick).code == 0)
    }
  }

  @Test("bad input: one line, the right exit code, nothing left behind")
  func badInput() throws {
    try Self.withFolder { folder in
      func file(_ name: String, _ content: Data) throws -> String {
        try content.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
      }
      let oneClass = try file("one.tsv", Data("label\ttext\na\tx\na\ty\n".utf8))
      let empty = try file("empty.tsv", Data())
      let invalid = try file("invalid.tsv", Data("label\ttext\na\tx\nb\t".utf8) + Data([0xC3, 0x28, 10]))
      let good = try file("good.tsv", Data(Self.corpus.utf8))
      let cases: [([String], Int32)] = [
        (["train-sentiment", "\(folder)/missing.tsv"], 66), (["train-sentiment", folder + "/good.tsv/x"], 66),
        (["train-sentiment", empty], 65), (["train-sentiment", oneClass], 65), (["train-sentiment", invalid], 65),
        (["train-sentiment", good, "--label-column", "stars"], 65),
        (["train-sentiment", good, "--output", "/nonexistent/model"], 73),
        (["train-sentiment", good, "--epochs", "0"], 64), (["train-sentiment", good, "--skip", "verbs"], 64),
        (["predict", "\(folder)/nomodel", "--text", "x"], 66), (["evaluate", folder, good], 66),
        (["tokenize", folder], 66), (["tokenize", "--format", "ids"], 64), (["no-such-verb"], 64),
        (["bench", "--cases", "nothing"], 64),
      ]
      for (arguments, code) in cases {
        var arguments = arguments
        if arguments[0] == "train-sentiment", !arguments.contains("--output") {
          arguments += ["--output", "\(folder)/model"]
        }
        let result = try Self.run(arguments)
        #expect(result.code == code, "\(arguments): \(result.code), \(result.errors)")
        #expect(!result.errors.isEmpty && result.output.isEmpty, "\(arguments)")
        if code != 64 { #expect(result.errors.split(separator: "\n").count == 1, "\(arguments): \(result.errors)") }
      }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/model"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
    }
  }

  @Test("help has an example for each verb")
  func help() throws {
    let verbs = [
      ["tokenize"], ["vocab", "build"], ["vocab", "show"], ["vocab", "export"], ["vocab", "import"],
      ["train-sentiment"],
      ["predict"], ["evaluate"], ["bench"],
    ]
    for verb in verbs {
      let result = try Self.run(verb + ["--help"])
      #expect(result.code == 0 && result.output.contains("Example"), "\(verb)")
      #expect(result.output.contains("nlptool \(verb.joined(separator: " ")) "), "\(verb)")
    }
  }

  @Test("a reader that goes away ends the command quietly")
  func closedPipe() throws {
    try Self.withFolder { folder in
      let lines = String(repeating: "one two three\n", count: 200_000)
      try Data(lines.utf8).write(to: URL(fileURLWithPath: "\(folder)/lines"))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = [
        "-c", "\"$0\" tokenize \"$1\" 2>\"$2\" | head -1 >/dev/null; exit ${PIPESTATUS[0]}", Self.program.path,
        "\(folder)/lines", "\(folder)/errors",
      ]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/errors")).isEmpty)
    }
  }

  @Test("Ctrl-C keeps the best model so far and says so")
  func interrupt() throws {
    try Self.withFolder { folder in
      let (data, model) = ("\(folder)/data.tsv", "\(folder)/model")
      try Data(Self.corpus.utf8).write(to: URL(fileURLWithPath: data))
      let process = Process()
      process.executableURL = Self.program
      process.arguments = [
        "train-sentiment", data, "--output", model, "--epochs", "100000", "--patience", "100000", "--quiet",
        "--minimum-count", "1",
      ]
      process.standardError = FileHandle.nullDevice
      try process.run()
      let deadline = Date().addingTimeInterval(60)
      while !FileManager.default.fileExists(atPath: "\(model)/model.json"), Date() < deadline { usleep(20_000) }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      #expect(try Self.run(["predict", model, "--text", "lovely"]).code == 0)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["data.tsv", "model"])
    }
  }

  @Test("a full disk is an error and leaves the old model")
  func fullDisk() throws {
    try Self.withFolder { folder in
      let (data, model) = ("\(folder)/data.tsv", "\(folder)/model")
      try Data(Self.corpus.utf8).write(to: URL(fileURLWithPath: data))
      #expect(try Self.run(["train-sentiment", data, "--output", model] + Self.quick).code == 0)
      let before = try Data(contentsOf: URL(fileURLWithPath: "\(model)/weights.safetensors"))
      // A limit on the size of files stands for a disk that is full.
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = [
        "-c", "ulimit -f 8; \"$0\" train-sentiment \"$1\" --output \"$2\" --force --quiet --minimum-count 1 2>\"$3\"",
        Self.program.path, data, model, "\(folder)/errors",
      ]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 74)
      #expect(try Data(contentsOf: URL(fileURLWithPath: "\(model)/weights.safetensors")) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["data.tsv", "errors", "model"])
    }
  }
}
