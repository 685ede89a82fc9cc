import Foundation
import Testing

/// The command as a person runs it: what goes where, and what is left behind.
@Suite("The command", .serialized)
struct CommandTests {
  @Test("tokenize: every format, one line for each line")
  func tokenize() throws {
    let input = Data("It's 3 p.m.\r\n\n今天 ok\u{0}x".utf8)
    #expect(try Command.run(["tokenize"], input: input).output == "It's 3 p.m .\n\n今天 ok \u{0} x\n")
    #expect(
      try Command.run(["tokenize", "--format", "offsets"], input: Data("Hi, é".utf8)).output
        == "0\t2\tword\tHi\n2\t3\tpunctuation\t,\n4\t6\tword\té\n\n")
    #expect(
      try Command.run(["tokenize", "--format", "jsonl", "--lowercase"], input: Data("A \"q\"".utf8)).output
        == #"{"tokens":[{"text":"a","kind":"word","start":0,"end":1},{"text":"\"","kind":"punctuation","start":2,"end":3},"#
        + #"{"text":"q","kind":"word","start":3,"end":4},{"text":"\"","kind":"punctuation","start":4,"end":5}]}"# + "\n"
    )
    #expect(
      try Command.run(["tokenize", "--skip", "space,punctuation"], input: Data("\u{FEFF}a, b!".utf8)).output == "a b\n")
    #expect(
      try Command.run(["tokenize", "--format", "offsets"], input: Data("\u{FEFF}a".utf8)).output == "3\t4\tword\ta\n\n")
    #expect(
      try Command.run(["tokenize", "--unit", "character"], input: Data("e\u{301}a".utf8)).output == "e\u{301} a\n")
  }

  @Test("tokenize: the number of threads changes nothing")
  func tokenizeThreads() throws {
    let lines = (0..<60_000).map { "line \($0) says 今天天气, don't you think?" }.joined(separator: "\n")
    let one = try Command.run(["tokenize", "--threads", "1"], input: Data(lines.utf8))
    let two = try Command.run(["tokenize", "--threads", "3"], input: Data(lines.utf8))
    #expect(one.code == 0 && one.output == two.output)
    #expect(one.output.utf8.count { $0 == 10 } == 60_000)
  }

  @Test("tokenize: invalid UTF-8 names line and byte; what came before it is written")
  func invalidUTF8() throws {
    let result = try Command.run(["tokenize"], input: Data("fine\nab".utf8) + Data([0xFF]))
    #expect(result.code == 65)
    #expect(result.output == "fine\n")
    #expect(result.errors.contains("line 2") || result.errors.contains(":2"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("vocab: build, show, export, import, ids")
  func vocabulary() throws {
    try Command.withFolder { folder in
      let store = "\(folder)/words.sqlite"
      let built = try Command.run(
        ["vocab", "build", "--output", store, "--lowercase"], input: Data("b a A c\na b\n".utf8))
      #expect(built.code == 0)
      #expect(try Command.run(["vocab", "build", "--output", store], input: Data("x".utf8)).code == 73)
      let shown = try Command.run(["vocab", "show", store])
      let rows = shown.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(rows.contains(["a", "2", "3"]), "\(shown.output)")
      #expect(
        try Command.run(["tokenize", "--format", "ids", "--vocabulary", store], input: Data("C zebra a".utf8)).output
          == "4 1 2\n")
      let exported = try Command.run(["vocab", "export", store])
      let copy = "\(folder)/copy.sqlite"
      #expect(try Command.run(["vocab", "import", "-", "--output", copy], input: Data(exported.output.utf8)).code == 0)
      #expect(try Command.run(["vocab", "export", copy]).output == exported.output)
      #expect(try Command.run(["vocab", "show", "\(folder)/none.sqlite"]).code == 66)
      try Data("not a database".utf8).write(to: URL(fileURLWithPath: "\(folder)/text"))
      #expect(try Command.run(["vocab", "show", "\(folder)/text"]).code == 65)
    }
  }

  @Test("train, predict, evaluate")
  func trainPredictEvaluate() throws {
    try Command.withFolder { folder in
      let (data, model) = ("\(folder)/data.tsv", "\(folder)/model")
      try Data(Command.corpus.utf8).write(to: URL(fileURLWithPath: data))
      let training = try Command.run(
        ["train-sentiment", data, "--test", data, "--output", model, "--report", "\(folder)/r.json"]
          + [
            "--epochs", "25", "--patience", "25", "--batch-size", "8", "--embedding-size", "16", "--filters", "16",
            "--minimum-count", "1", "--learning-rate", "0.005", "--dropout", "0.1",
          ])
      #expect(training.code == 0, "\(training.errors)")
      #expect(training.output.contains("nlptool predict"))
      let report = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: "\(folder)/r.json")))
      #expect((report as? [String: Any])?["test"] != nil)
      let prediction = try Command.run(["predict", model, "--format", "jsonl", "--text", "lovely"])
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(prediction.output.utf8)) as? [String: Any])
      #expect(object["label"] as? String == "positive")
      #expect((object["probabilities"] as? [String: Double])?.count == 2)
      let lines = try Command.run(["predict", model], input: Data("awful\n\nlovely\n".utf8))
      #expect(lines.output.split(separator: "\n").count == 3 && lines.output.hasPrefix("negative\t"))
      let evaluation = try Command.run(["evaluate", model, data, "--json"])
      let figures = try #require(
        try JSONSerialization.jsonObject(with: Data(evaluation.output.utf8)) as? [String: Any])
      for key in ["accuracy", "macro_f1", "per_class", "labels", "confusion", "examples"] {
        #expect(figures[key] != nil)
      }
      #expect(try Command.run(["train-sentiment", data, "--output", model] + Command.quick).code == 73)
      #expect(try Command.run(["train-sentiment", data, "--output", model, "--force"] + Command.quick).code == 0)
    }
  }

  @Test("a reader that goes away ends the command quietly")
  func closedPipe() throws {
    try Command.withFolder { folder in
      let lines = String(repeating: "one two three\n", count: 200_000)
      try Data(lines.utf8).write(to: URL(fileURLWithPath: "\(folder)/lines"))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = [
        "-c", "\"$0\" tokenize \"$1\" 2>\"$2\" | head -1 >/dev/null; exit ${PIPESTATUS[0]}", Command.program.path,
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
    try Command.withFolder { folder in
      let (data, model) = ("\(folder)/data.tsv", "\(folder)/model")
      try Data(Command.corpus.utf8).write(to: URL(fileURLWithPath: data))
      let process = Process()
      process.executableURL = Command.program
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
      #expect(try Command.run(["predict", model, "--text", "lovely"]).code == 0)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(files == ["data.tsv", "model", "model.checkpoint"])
    }
  }

  @Test("a training that was killed goes on with --resume and ends with the same weights")
  func resume() throws {
    try Command.withFolder { folder in
      let data = "\(folder)/data.tsv"
      try Data(Command.corpus.utf8).write(to: URL(fileURLWithPath: data))
      func arguments(_ model: String) -> [String] {
        ["train-sentiment", data, "--output", model, "--model", "gru", "--epochs", "60", "--patience", "60"]
          + ["--quiet", "--minimum-count", "1", "--embedding-size", "16", "--hidden-size", "16"]
      }
      #expect(try Command.run(arguments("\(folder)/whole")).code == 0)
      let process = Process()
      process.executableURL = Command.program
      process.arguments = arguments("\(folder)/model")
      try process.run()
      let deadline = Date().addingTimeInterval(60)
      while !FileManager.default.fileExists(atPath: "\(folder)/model.checkpoint"), Date() < deadline { usleep(1_000) }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      // Unless it was too quick to be killed.
      if process.terminationStatus == 9 {
        let other = try Command.run(arguments("\(folder)/model") + ["--resume", "--hidden-size", "17"])
        #expect(other.code == 65 && other.errors.contains("other data or options"), "\(other.errors)")
      }
      if process.terminationStatus == 9 {
        let anew = try Command.run(arguments("\(folder)/model"))
        #expect(anew.code == 73 && anew.errors.contains("--resume"), "\(anew.errors)")
        let resumed = try Command.run(arguments("\(folder)/model") + ["--resume"])
        #expect(resumed.code == 0, "\(resumed.errors)")
      }
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/model/weights.safetensors"))
          == Data(contentsOf: URL(fileURLWithPath: "\(folder)/whole/weights.safetensors")))
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/model.checkpoint"))
      // Nothing is there to go on with, and nobody said that the model may be replaced.
      #expect(try Command.run(arguments("\(folder)/model") + ["--resume"]).code == 73)
    }
  }

  @Test("options that do not fit the model or each other are refused by name")
  func conflicts() throws {
    for (arguments, name) in [
      (["--model", "cnn", "--hidden-size", "8"], "--hidden-size"), (["--model", "gru", "--filters", "8"], "--filters"),
      (["--model", "mlp", "--pooling", "max"], "--pooling"),
      (["--model", "lstm", "--hidden-sizes", "8"], "--hidden-sizes"),
      (["--model", "gru", "--layer-dropout", "0.2"], "--layer-dropout"), (["--momentum", "0.9"], "--momentum"),
      (["--clip-norm", "1", "--clip-value", "1"], "--clip-value"),
      (["--focal", "2", "--label-smoothing", "0.1"], "--focal"),
    ] {
      let result = try Command.run(["train-sentiment", "data.tsv"] + arguments)
      #expect(result.code == 64 && result.errors.contains(name), "\(arguments): \(result.errors)")
    }
  }

  @Test("info counts the parameters of architectures and models")
  func info() throws {
    func count(_ arguments: [String], _ key: String) throws -> Int? {
      let result = try Command.run(["info"] + arguments + ["--json"])
      #expect(result.code == 0, "\(result.errors)")
      let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
      return object?[key] as? Int
    }
    // Kim (2014): 3 widths × 100 filters over vectors of 300, and two classes.
    #expect(try count(["cnn", "--embedding-size", "300"], "parameters_without_embedding") == 360_902)
    #expect(
      try count(["lstm", "--embedding-size", "300", "--hidden-size", "256"], "parameters_without_embedding") == 571_392
        + 514)
    #expect(
      try Command.run(["info", "gru", "--embedding-size", "300", "--hidden-size", "256"]).output.contains(
        "428,544 parameters"))
    #expect(try Command.run(["info", "cnn", "--hidden-size", "3"]).code == 64)
    #expect(try Command.run(["info", "transformer"]).code == 66)
    try Command.withFolder { folder in
      try Data(Command.corpus.utf8).write(to: URL(fileURLWithPath: "\(folder)/data.tsv"))
      let arguments = ["train-sentiment", "\(folder)/data.tsv", "--output", "\(folder)/model"] + Command.quick
      #expect(try Command.run(arguments).code == 0)
      let text = try Command.run(["info", "\(folder)/model"]).output
      #expect(text.contains("encoder.convolutions.0.weight") && text.contains("labels: negative, positive"))
    }
  }
}

@Suite("Input by command")
struct InputCommandTests {
  @Test("compressed texts, other character sets and bad bytes")
  func input() throws {
    try Command.withFolder { folder in
      let latin = Data([0x63, 0x61, 0x66, 0xE9, 0x0A])
      #expect(try Command.run(["tokenize", "--encoding", "latin1"], input: latin).output == "café\n")
      let sentence = Data("Tr\u{E8}s bien, o\u{F9} est le caf\u{E9} ?\n".unicodeScalars.map { UInt8($0.value) })
      let found = try Command.run(["tokenize", "--encoding", "auto"], input: sentence)
      #expect(found.output == "Très bien , où est le café ?\n" && found.errors.contains("standard input: read as "))
      let replaced = try Command.run(["tokenize", "--invalid", "replace"], input: latin)
      #expect(replaced.output == "caf \u{FFFD}\n" && replaced.errors.contains("the first at byte 3"))
      #expect(try Command.run(["tokenize", "--invalid", "skip"], input: latin).output == "caf\n")
      for (arguments, code) in [([], 65), (["--encoding", "klingon"], 64)] as [([String], Int32)] {
        let result = try Command.run(["tokenize"] + arguments, input: latin)
        #expect(result.code == code && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      }
      let packed = try Command.runShell("echo 'a film' | gzip | \"$0\" tokenize", [])
      #expect(packed.output == "a film\n", "\(packed.errors)")
      let cut = try Command.runShell("echo 'a film' | gzip | head -c 15 | \"$0\" tokenize", [])
      #expect(cut.code == 65 && cut.errors.contains("cut short"))
    }
  }
}

@Suite("Options of tokenize")
struct TokenizeOptionTests {
  @Test("what sentiment texts need")
  func options() throws {
    func run(_ text: String, _ arguments: [String]) throws -> Command.Result {
      try Command.run(["tokenize"] + arguments, input: Data(text.utf8))
    }
    #expect(
      try run("@anna loves https://a.org/b #it :-)\n", ["--keep", "all"]).output
        == "@anna loves https://a.org/b #it :-)\n")
    #expect(try run("it cost 3.50\n", ["--fold-numbers"]).output == "it cost 0.00\n")
    #expect(
      try run("Ｆｕｌｌ 漢語 naïve ガ हिन्दी\n", ["--fold-width", "--simplify", "--strip-accents"]).output
        == "Full 汉语 naive ガ हिन्दी\n")
    #expect(try run("👨‍👩‍👧 e\n", ["--offset-unit", "utf16", "--format", "offsets"]).output.hasSuffix("9\t10\tword\te\n\n"))
    // Offsets are those of the bytes as they were read.
    for (policy, token) in [("skip", "ab"), ("replace", "a\u{FFFD}b")] {
      let mended = try Command.run(
        ["tokenize", "--invalid", policy, "--unit", "line", "--format", "offsets"],
        input: Data([0x61, 0xE4, 0xBB, 0x62, 0x20, 0xC3, 0xA9, 0x0A]))
      #expect(mended.output == "0\t4\tword\t\(token)\n5\t7\tword\té\n\n", "\(mended.output)")
      #expect(mended.errors.contains("1 ill-formed sequence, the first at byte 1"))
    }
    let explained = try run("漢字 ok\n", ["--simplify", "--explain"])
    #expect(explained.output.contains("1  汉字   cjk   0–6    0–2      0–2    0–2        漢字\n"), "\(explained.output)")
    try Command.withFolder { folder in
      try Data("the\nFILM\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/stop.txt"))
      #expect(
        try run("The film is good\n", ["--stop-words", "\(folder)/stop.txt", "--lowercase"]).output == "is good\n")
    }
    for arguments in [
      ["--keep", "nothing"], ["--transliterate", "klingon"], ["--keep", "url", "--unit", "character"],
    ] {
      #expect(try run("x\n", arguments).code == 64)
    }
    let typed = try run("x\n", ["--transliterate", "klingon", "--strip-accents"])
    #expect(typed.errors.contains("'klingon'"), "\(typed.errors)")
    let accents = try run("cafe\u{301} x\n", ["--strip-accents", "--format", "offsets"])
    #expect(accents.output == "0\t6\tword\tcafe\n7\t8\tword\tx\n\n", "\(accents.output)")
    #expect(try run("x\n", ["--stop-words", "none.txt"]).code == 66)
  }
}
