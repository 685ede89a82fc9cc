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

  @Test("several processes add to one file, and each vocabulary is used by its name")
  func names() throws {
    try withVocabularies { folder in
      let file = "\(folder)/all.sqlite"
      _ = try Command.runShell(
        """
        for i in 1 2 3 4; do "$0" vocab build "$1"/a.txt --output "$1"/all.sqlite --name words$i 2>/dev/null & done; wait
        "$0" train-tokenizer "$1"/a.txt "$1"/b.txt --vocabulary-size 300 --output "$1"/t.json --quiet
        "$0" vocab import "$1"/t.json --output "$1"/all.sqlite --name subwords
        """, [folder])
      let show = try Command.run(["vocab", "show", file]).output
      #expect(show.split(separator: "\n").count == 6 && show.contains("subwords"), "\(show)")
      #expect(try Command.run(["vocab", "encode", file, "\(folder)/a.txt"]).code == 65)
      for name in ["words3", "subwords"] {
        let ids = try Command.run(["vocab", "encode", file, "--name", name, "\(folder)/a.txt"])
        #expect(ids.code == 0, "\(ids.errors)")
        let text = try Command.run(["vocab", "decode", file, "--name", name], input: Data(ids.output.utf8))
        #expect(text.output == "the film was good\nthe film\n")
      }
      let direct = try Command.run(
        ["tokenize", "\(folder)/a.txt", "--tokenizer", "\(folder)/t.json", "--format", "ids"])
      let stored = try Command.run(["tokenize", "\(folder)/a.txt", "--tokenizer", file, "--format", "ids"])
      #expect(direct.output == stored.output && !direct.output.isEmpty)
      let both = ["tokenize", "\(folder)/a.txt", "--format", "ids", "--name"]
      #expect(try Command.run(both + ["subwords", "--tokenizer", file]).output == direct.output)
      #expect(try Command.run(both + ["words2", "--vocabulary", file]).code == 0)
      #expect(try Command.run(both + ["words2", "--tokenizer", "\(folder)/t.json"]).code == 64)
      let beyond = try Command.run(["vocab", "decode", file, "--name", "subwords"], input: Data("1 300000\n".utf8))
      #expect(beyond.code == 65 && beyond.errors.contains("300000"))
      let exported = try Command.run(["vocab", "export", file, "--name", "subwords"])
      #expect(Data(exported.output.utf8) == (try Data(contentsOf: URL(fileURLWithPath: "\(folder)/t.json"))))
      let again = ["vocab", "build", "\(folder)/b.txt", "--output", file, "--name", "words1"]
      #expect(try Command.run(again).code == 73)
      #expect(try Command.run(again + ["--force"]).code == 0)
      #expect(try Command.run(["vocab", "remove", file, "--name", "words1"]).code == 0)
      #expect(try Command.run(["vocab", "remove", file, "--name", "words1"]).code == 65)
    }
  }

  @Test("lists of WordPiece, GPT-2's two files and models of SentencePiece are imported as what they are")
  func importedSubwords() throws {
    try Command.withFolder { folder in
      func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      try write("[PAD]\n[UNK]\n[CLS]\n[SEP]\nfilm\n##s\n", "vocab.txt")
      try FileManager.default.createDirectory(atPath: "\(folder)/gpt", withIntermediateDirectories: true)
      try write(#"{"a": 0, "b": 1, "ab": 2, "version": 3}"#, "gpt/vocab.json")
      try write("#version: 0.2\na b\n", "gpt/merges.txt")
      let model =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/TextProcessingTests/Subwords/Fixtures/sentencepiece-unigram.model"
      let file = "\(folder)/all.sqlite"
      for (name, source, text) in [
        ("bert", "\(folder)/vocab.txt", "Films\n"), ("gpt", "\(folder)/gpt", "abba\n"),
        ("gpt2", "\(folder)/gpt/vocab.json", "abba\n"), ("pieces", model, "the film\n"),
      ] {
        let result = try Command.run(["vocab", "import", source, "--output", file, "--name", name])
        #expect(result.code == 0 && result.errors.contains("subwords"), "\(name): \(result.errors)")
        let stored = try Command.run(["vocab", "encode", file, "--name", name], input: Data(text.utf8))
        let direct = try Command.run(["tokenize", "--tokenizer", source, "--format", "ids"], input: Data(text.utf8))
        #expect(stored.code == 0 && stored.output == direct.output && direct.output.count > 1, "\(name): \(direct)")
      }
      // Ids stand between any white space; special tokens stay where they are asked for.
      let ids = Data("2  4\t5 3\n".utf8)
      #expect(try Command.run(["vocab", "decode", file, "--name", "bert"], input: ids).output == "films\n")
      let special = try Command.run(["vocab", "decode", file, "--name", "bert", "--special-tokens"], input: ids)
      #expect(special.output == "[CLS] films [SEP]\n")
      let bad = try Command.run(["vocab", "decode", file, "--name", "bert"], input: Data("x\n".utf8))
      #expect(bad.code == 65 && bad.errors.contains("standard input, line 1"), "\(bad.errors)")
      let list = try Command.run(
        ["vocab", "import", "-", "--output", "\(folder)/list.sqlite"],
        input: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/vocab.txt")))
      #expect(list.code == 0 && list.errors.contains("6 subwords"), "\(list.errors)")
    }
  }

  @Test("words get vectors, and tell their neighbours")
  func vectors() throws {
    try withVocabularies { folder in
      let file = "\(folder)/a.sqlite"
      let vectors = "\(folder)/v.txt"
      try Data("good 1 0\nfilm 0.9 0.1\nthe 0 -1\nelsewhere 5 5\n".utf8).write(to: URL(fileURLWithPath: vectors))
      let none = try Command.run(["vocab", "neighbours", file, "good"])
      #expect(none.code == 65 && none.errors.contains("vocab vectors"), "\(none.errors)")
      #expect(!none.errors.contains("columns"), "\(none.errors)")
      try Data("no matrix".utf8).write(to: URL(fileURLWithPath: "\(folder)/m.npy"))
      let matrix = try Command.run(["vocab", "vectors", file, "\(folder)/m.npy"])
      #expect(matrix.code == 64 && matrix.errors.contains("--words FILE"), "\(matrix.errors)")
      let damaged = try Command.run(["vocab", "vectors", file, "\(folder)/m.npy", "--words", "\(folder)/a.txt"])
      #expect(damaged.code == 65 && !damaged.errors.contains("leave it out"), "\(damaged.errors)")
      let given = try Command.run(["vocab", "vectors", file, vectors])
      #expect(given.output.contains("words with a vector  3  75.0 %"), "\(given.output)\(given.errors)")
      let near = try Command.run(["vocab", "neighbours", file, "good", "-k", "2"])
      #expect(near.output == "film\t0.9939\nthe\t0.0000\n", "\(near.output)\(near.errors)")
      #expect(try Command.run(["vectors", "neighbours", file, "good", "-k", "2"]).output == near.output)
      #expect(try Command.run(["vocab", "neighbours", file, "elsewhere"]).code == 65)
      let folder = "\(folder)/folder"
      let imported = try Command.run(["vectors", "import", file, "--limit", "2", "--output", folder])
      #expect(imported.errors.hasPrefix("2 vectors"), "\(imported.errors)")
      #expect(try Command.run(["vectors", "import", file, "--lowercase", "--output", folder]).code == 64)
      #expect(try Command.run(["vectors", "neighbours", file, "good", "--name", "none"]).code == 65)
      #expect(try Command.run(["vectors", "neighbours", folder, "the", "--name", "none"]).code == 64)
    }
  }
}
