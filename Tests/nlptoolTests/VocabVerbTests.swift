import Foundation
import Testing

@Suite("Vocabularies by command", .serialized)
struct VocabVerbTests {
  /// Files of two vocabularies in a folder.
  private func withVocabularies(_ body: (_ folder: String) throws -> Void) throws {
    try Command.withFolder { folder in
      for (name, text) in [("a", "the film was good\nthe film\n"), ("b", "the story was not good\n")] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name).txt"))
        let build = try Command.run(["vocab", "build", "\(folder)/\(name).txt", "--output", "\(folder)/\(name).sqlite"])
        #expect(build.code == 0, "\(build.errors)")
      }
      try body(folder)
    }
  }

  @Test("merge, prune and diff")
  func combine() throws {
    try withVocabularies { folder in
      let (a, b, sum) = ("\(folder)/a.sqlite", "\(folder)/b.sqlite", "\(folder)/sum.sqlite")
      let merge = try Command.run(["vocab", "merge", a, b, "--output", sum])
      #expect(merge.code == 0 && merge.errors.contains("6 of 6 tokens, and 2 reserved ones"), "\(merge.errors)")
      let whole = "\(folder)/whole.sqlite"
      _ = try Command.runShell(
        "cat \"$1\"/a.txt \"$1\"/b.txt | \"$0\" vocab build --output \"$1\"/whole.sqlite", [folder])
      let same = try Command.run(["vocab", "diff", sum, whole])
      #expect(same.output.contains("with another id            0") && !same.output.contains("~"), "\(same.output)")
      let differing = try Command.run(["vocab", "diff", a, sum])
      #expect(differing.output.contains("+ story\t1\n") && differing.output.contains("~ the\t2 → 3"))
      #expect(try Command.run(["vocab", "prune", sum, "--output", "\(folder)/p.sqlite"]).code == 64)
      let prune = try Command.run(["vocab", "prune", sum, "--output", "\(folder)/p.sqlite", "--maximum-size", "4"])
      #expect(prune.errors.contains("2 of 6 tokens"), "\(prune.errors)")
      #expect(try Command.run(["vocab", "merge", a, b, "--output", sum]).code == 73)
      _ = try Command.run(["vocab", "build", "\(folder)/b.txt", "--lowercase", "--output", "\(folder)/l.sqlite"])
      #expect(
        try Command.run(["vocab", "merge", a, "\(folder)/l.sqlite", "--output", "\(folder)/x.sqlite"]).code == 65)
    }
  }

  @Test("encode and decode are inverse, stats tell the coverage")
  func use() throws {
    try withVocabularies { folder in
      let a = "\(folder)/a.sqlite"
      let ids = try Command.run(["vocab", "encode", a, "\(folder)/a.txt"])
      #expect(ids.output == "3 2 5 4\n3 2\n" || ids.output.split(separator: "\n").count == 2, "\(ids.output)")
      let text = try Command.run(["vocab", "decode", a], input: Data(ids.output.utf8))
      #expect(text.output == "the film was good\nthe film\n")
      for bad in ["99\n", "x\n", "-1\n"] {
        let result = try Command.run(["vocab", "decode", a], input: Data(bad.utf8))
        #expect(result.code == 65 && result.errors.contains("line 1"))
      }
      #expect(try Command.run(["vocab", "stats", a]).output.contains("cover 50 %"))
      let coverage = try Command.run(["vocab", "stats", a, "--corpus", "\(folder)/b.txt"])
      #expect(coverage.output.contains("60.00 % known") && coverage.output.contains("story"), "\(coverage.output)")
      #expect(try Command.run(["vocab", "stats", a, "--corpus", "-"]).code == 65)
    }
  }

  @Test("counting gives the same file on any number of threads and with little memory")
  func counting() throws {
    try Command.withFolder { folder in
      let lines = (0..<60_000).map { "word\($0 % 7919) the film number\($0)\n" }.joined()
      try Data(lines.utf8).write(to: URL(fileURLWithPath: "\(folder)/t.txt"))
      var files: [Data] = []
      for (index, arguments) in [["--threads", "1"], ["--threads", "3"], ["--memory", "1"]].enumerated() {
        let output = "\(folder)/\(index).sqlite"
        let result = try Command.run(["vocab", "build", "\(folder)/t.txt", "--output", output] + arguments)
        #expect(result.code == 0 && result.errors.hasPrefix("67923 tokens of 240000"), "\(result.errors)")
        files.append(try Data(contentsOf: URL(fileURLWithPath: output)))
      }
      #expect(files[0] == files[1] && files[0] == files[2])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
    }
  }
}
