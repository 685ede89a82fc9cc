import Foundation
import Tensors
import Testing
import TextProcessing

@testable import BagModels

@Suite("Word vectors")
struct WordVectorTests {
  /// Two topics whose words never meet; each sentence has words of one topic, drawn at random.
  private static func texts() throws -> TextCollection {
    var texts = try TextCollection(tokenizer: TokenizerSettings(unit: .whitespace))
    let topics = [
      ["apple", "pear", "plum", "cherry", "peach", "quince"], ["engine", "wheel", "brake", "gear", "clutch", "piston"],
    ]
    for index in 0..<600 {
      let draws = RandomStream(seed: 3).split(index).uniform([6]).scalars.map { Int(6 * $0) }
      texts.append(tokens: draws.map { topics[index % 2][$0] })
    }
    return texts
  }

  private static func options(_ adjust: (inout WordVectorOptions) -> Void = { _ in }) -> WordVectorOptions {
    var options = WordVectorOptions()
    (options.dimensions, options.minimumCount, options.bucketCount) = (12, 1, 1 << 20)
    (options.subsampling, options.epochs, options.learningRate) = (1, 20, 0.05)
    adjust(&options)
    return options
  }

  @Test("words of a topic are near each other, with the same bits for any number of threads", arguments: [true, false])
  func topics(hasSubwords: Bool) throws {
    let texts = try Self.texts()
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    for model in WordVectorModel.allCases {
      let options = Self.options {
        $0.model = model
        if !hasSubwords { $0.characterNgrams = nil }
      }
      var first: [[Float]?]?
      for threads in [1, 2, 4] {
        Parallelism.threads = threads
        let vectors = try WordVectorTraining(options).run(texts)
        let own = vectors.words.map { vectors.vector($0) }
        #expect(own == first ?? own, "\(threads) threads")
        first = own
        let fruit = Set(vectors.nearest(to: "plum", count: 5).map(\.word))
        #expect(fruit == ["apple", "pear", "cherry", "peach", "quince"], "\(model)")
        #expect((vectors.vector("plums") != nil) == hasSubwords)
        #expect(vectors.vector("日本") == nil && vectors.nearest(to: "日本").isEmpty)
      }
    }
  }

  @Test("similarity, analogies and sentence vectors by known vectors")
  func geometry() throws {
    try withFolder { folder in
      let path = "\(folder)/vectors.txt"
      try "a 1 0\nb 0 1\nc 1 1\nd -2 0\nzero 0 0\n".write(toFile: path, atomically: true, encoding: .utf8)
      let vectors = try WordVectors(text: path)
      #expect(vectors.words == ["a", "b", "c", "d", "zero"] && vectors.dimensions == 2)
      #expect(vectors.vector("d") == [-2, 0])
      #expect(abs((vectors.similarity("a", "c") ?? 0) - 0.5.squareRoot()) < 1e-6)
      #expect(vectors.similarity("a", "d") == -1 && vectors.similarity("a", "zero") == 0)
      #expect(vectors.similarity("a", "none") == nil)
      #expect(vectors.nearest(to: "a", count: 2).map(\.word) == ["c", "b"])
      // b - a + d = (-2, 1) by directions (0, 1) - (1, 0) + (-1, 0).
      #expect(vectors.analogies("a", "b", "d", count: 9).map(\.word) == ["zero", "c"])
      #expect(vectors.analogies("a", "b", "none").isEmpty)
      #expect(vectors.vector(tokens: ["d", "b", "none", "zero"]) == [-0.5, 0.5])
      #expect(vectors.vector(tokens: [String]()) == [0, 0])
    }
  }

  @Test("text forms: with and without a first line, CRLF, repeated words, spaces, round trip")
  func textForms() throws {
    try withFolder { folder in
      let path = "\(folder)/vectors.txt"
      for content in [
        "2 3\nthe 1 2 3\nof 4 5 6.5e0\n", "the 1 2 3\nof 4 5 6.5\n", "2 3\r\nthe 1 2 3 \r\nof 4 5 6.5 \r\n",
        "\u{FEFF}the 1 2 3\n\nof\t4\t5\t6.5", "the 1 2 3\nof 4 5 6.5\nthe 7 8 9\n",
        "3 3\nthe 1 2 3\nof 4 5 6.5\nthe 7 8 9",
      ] {
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        let vectors = try WordVectors(text: path)
        #expect(vectors.words == ["the", "of"] && vectors.vector("of") == [4, 5, 6.5], "\(content)")
        for header in [true, false] {
          try vectors.writeText(to: "\(folder)/again.txt", header: header)
          let again = try WordVectors(text: "\(folder)/again.txt")
          #expect(again.words == vectors.words && again.vector("the") == vectors.vector("the"))
        }
      }
      try "a 1 2\nnew york 3 4\n".write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try WordVectors(text: path).vector("new york") == [3, 4])
      #expect(try WordVectors(text: path, limit: 1).words == ["a"])
    }
  }

  /// As the 840 billion words of GloVe have them.
  @Test("words that hold spaces and numbers", arguments: ["", "6 2\n"])
  func spacedWords(head: String) throws {
    try withFolder { folder in
      let path = "\(folder)/vectors.txt"
      let text =
        "the 0.1 0.2\n. . . 0.3 0.4\nat name@domain.com 1.5 2.5\n1 000 0.5 -1e-3\nat 3.5 0.5 0.25\nx inf 0.1 1\n"
      try (head + text).write(toFile: path, atomically: true, encoding: .utf8)
      let vectors = try WordVectors(text: path)
      #expect(vectors.words == ["the", ". . .", "at name@domain.com", "1 000", "at 3.5", "x inf"])
      #expect(vectors.vector("at 3.5") == [0.5, 0.25] && vectors.vector("at name@domain.com") == [1.5, 2.5])
    }
  }

  @Test(
    "a line that cannot be read is named",
    arguments: [
      ("2 3\nthe 1 2 3\nof 4 5\n", 3), ("the 1 2 3\nof 4 five 6\n", 2), ("the 1 2 3\nof 4 nan 6\n", 2),
      ("3 3\nthe 1 2 3\nof 4 5 6\n", 3), ("the\n", 1), ("1 99999999999\n", 1), ("the 1 2 3\nof 4 5 6 7\n", 2),
      ("the 0.1 0.2\nof 0.1 0.2 0.3 0.4\n", 2),
    ])
  func badLines(content: String, line: Int) throws {
    try withFolder { folder in
      let path = "\(folder)/vectors.txt"
      try content.write(toFile: path, atomically: true, encoding: .utf8)
      #expect {
        try WordVectors(text: path)
      } throws: {
        guard case BagModelError.badLine(_, let found, _) = $0 else { return false }
        return found == line
      }
    }
  }

  @Test("files without vectors, invalid UTF-8, no file")
  func noVectors() throws {
    try withFolder { folder in
      let path = "\(folder)/vectors.txt"
      #expect(throws: BagModelError.self) { try WordVectors(text: path) }
      for bytes in [[], [10, 10], [0x61, 0x20, 0x31, 0x0A, 0xFF, 0x20, 0x31]] as [[UInt8]] {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(throws: BagModelError.self) { try WordVectors(text: path) }
      }
    }
  }

  @Test("a bundle gives the same vectors, also of unseen words, and damage is noticed")
  func bundle() throws {
    let vectors = try WordVectorTraining(Self.options()).run(Self.texts())
    try withFolder { folder in
      for (precision, tolerance) in [(RowPrecision.float32, Float(0)), (.float16, 2e-3), (.int8, 2e-2)] {
        let path = "\(folder)/\(precision.rawValue)"
        try vectors.write(to: path, precision: precision)
        let loaded = try WordVectors(contentsOf: path)
        #expect(loaded.words == vectors.words && loaded.options == vectors.options)
        for word in ["apple", "apples", "xengine"] {
          let (a, b) = (loaded.vector(word) ?? [], vectors.vector(word) ?? [])
          #expect(a.count == 12 && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * 4 }, "\(word)")
        }
        #expect(throws: BagModelError.self) { try BagClassifier(contentsOf: path) }
      }
      let file = URL(fileURLWithPath: "\(folder)/float32/weights.safetensors")
      let whole = try Data(contentsOf: file)
      for part in 0..<8 {
        try whole.prefix(whole.count * part / 8).write(to: file)
        #expect(throws: BagModelError.self) { try WordVectors(contentsOf: "\(folder)/float32") }
      }
    }
  }

  @Test("options that cannot be, texts without words, a rate that is too large, a wish to stop")
  func refusals() throws {
    let texts = try Self.texts()
    for adjust: (inout WordVectorOptions) -> Void in [
      { $0.window = 0 }, { $0.subsampling = 0 }, { $0.learningRate = 0 }, { $0.dimensions = 5000 },
      { $0.minimumCount = 10_000 }, { $0.learningRate = 1e30 },
    ] {
      #expect(throws: BagModelError.self) { try WordVectorTraining(Self.options(adjust)).run(texts) }
    }
    #expect(throws: BagModelError.self) { try WordVectorTraining(Self.options()).run(TextCollection()) }
    #expect(throws: BagModelError.self) {
      try WordVectorTraining(Self.options()).run(texts, shouldStop: { true })
    }
    var last: BagProgress?
    _ = try WordVectorTraining(Self.options()).run(texts, report: { last = $0 })
    #expect(last?.wordsDone == 72_000 && last?.words == 72_000)
  }
}

@Suite("Binary forms of vectors")
struct WordVectorBinaryTests {
  private func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nlptool-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: folder.appending(path: name))
    return folder.appending(path: name).path
  }

  private func bits(_ numbers: [Float]) -> [UInt8] {
    numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) } }
  }

  @Test("word2vec's binary form, with and without line feeds, cut anywhere an error")
  func word2vec() throws {
    for feed in [[], [0x0A]] as [[UInt8]] {
      var bytes = Array("3 2\n".utf8)
      for (word, numbers) in [("the", [1, 2]), ("naïve", [-0.5, 4]), ("the", [9, 9])] as [(String, [Float])] {
        bytes += Array(word.utf8) + [0x20] + bits(numbers) + feed
      }
      let vectors = try WordVectors(word2vecBinary: write(bytes, "v.bin"))
      #expect(vectors.wordCount == 2 && vectors.vector("the") == [1, 2] && vectors.vector("naïve") == [-0.5, 4])
      for end in 0..<bytes.count - feed.count {
        #expect(throws: BagModelError.self) { try WordVectors(word2vecBinary: write(Array(bytes[..<end]), "v.bin")) }
      }
    }
    for bytes in ["x y\n", "1 5000\n", "-1 2\n", "9999999999999 2\n"] {
      #expect(throws: BagModelError.self) { try WordVectors(word2vecBinary: write(Array(bytes.utf8), "v.bin")) }
    }
  }

  @Test("matrices of NumPy in three precisions, with words that share rows")
  func numPy() throws {
    // As numpy.save writes np.array([[1, -2], [0.5, 4]]).
    let bodies: [(String, [UInt8])] = [
      ("<f2", [0x00, 0x3C, 0x00, 0xC0, 0x00, 0x38, 0x00, 0x44]), ("<f4", bits([1, -2, 0.5, 4])),
      (
        "<f8",
        [1.0, -2, 0.5, 4].flatMap { n in (0..<8).map { UInt8(truncatingIfNeeded: n.bitPattern >> UInt64(8 * $0)) } }
      ),
    ]
    let words = try write(Array("one\t0\ntwo\t1\nagain\t0\n".utf8), "keys.tsv")
    for (kind, body) in bodies {
      var header = Array("{'descr': '\(kind)', 'fortran_order': False, 'shape': (2, 2), }".utf8)
      while (10 + header.count + 1) % 64 != 0 { header.append(0x20) }
      header.append(0x0A)
      let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header + body
      let vectors = try WordVectors(numPy: write(bytes, "m.npy"), words: words)
      #expect(
        vectors.vector("one") == [1, -2] && vectors.vector("two") == [0.5, 4] && vectors.vector("again") == [1, -2])
      for end in stride(from: 0, to: bytes.count, by: 7) {
        #expect(throws: BagModelError.self) {
          try WordVectors(numPy: write(Array(bytes[..<end]), "m.npy"), words: words)
        }
      }
      for far in ["one\t2\n", "one\t-1\n", "one\tx\n"] {
        let list = try write(Array(far.utf8), "keys.tsv")
        #expect {
          try WordVectors(numPy: write(bytes, "m.npy"), words: list)
        } throws: {
          guard case BagModelError.badLine(list, 1, _) = $0 else { return false }
          return true
        }
      }
      // A list without rows has a line for each.
      let matrix = try write(bytes, "m.npy")
      #expect(try WordVectors(numPy: matrix, words: write(Array("one\ntwo".utf8), "w.txt")).words == ["one", "two"])
      #expect(try WordVectors(numPy: matrix, words: write(Array("one".utf8), "w.txt"), limit: 1).words == ["one"])
      for list in ["one\n", "one\ntwo\nthree\n", ""] {
        #expect(throws: BagModelError.self) { try WordVectors(numPy: matrix, words: write(Array(list.utf8), "w.txt")) }
      }
    }
  }
}
