import TextProcessing
import Testing

@testable import VocabularyStore

@Suite struct VocabularyCounterTests {
  @Test("ids go by falling count, ties by bytes")
  func order() throws {
    let vocabulary = try vocabulary(of: "é b a aa z z \u{1F600} longer-than-8-b longer-than-8-a")
    #expect(
      vocabulary.entries.dropFirst(2).map(\.text)
        == ["z", "a", "aa", "b", "longer-than-8-a", "longer-than-8-b", "é", "\u{1F600}"])
  }

  @Test("ties go by all bytes, also where zeros pad what is compared first")
  func tiesWithZeros() throws {
    var counter = VocabularyCounter()
    let tokens: [[UInt8]] = [
      [1, 0, 0], [1, 0], [1], [], [0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    for token in tokens { counter.add(token.span) }
    let vocabulary = try counter.build(settings: TokenizerSettings())
    #expect(
      vocabulary.entries.dropFirst(2).map(\.token) == tokens.sorted { $0.lexicographicallyPrecedes($1) })
  }

  @Test("the order of the corpus and its division over counters change nothing")
  func determinism() throws {
    var numbers = SeededNumbers(seed: 11)
    var corpus = (0..<5000).map { _ in "w\(Int.random(in: 0..<700, using: &numbers))" }
    var whole = VocabularyCounter()
    for word in corpus { whole.add(word) }
    corpus.shuffle(using: &numbers)
    var first = VocabularyCounter()
    var second = VocabularyCounter()
    for word in corpus.prefix(1234) { first.add(word) }
    for word in corpus.dropFirst(1234) { second.add(word) }
    first.merge(second)
    #expect(first.totalCount == 5000)
    #expect(first.distinctCount == whole.distinctCount)
    #expect(try first.build(settings: TokenizerSettings()) == whole.build(settings: TokenizerSettings()))
  }

  @Test("counting agrees with a dictionary, through many growths")
  func agreesWithDictionary() throws {
    var numbers = SeededNumbers(seed: 5)
    var counter = VocabularyCounter()
    var expected: [[UInt8]: Int64] = [:]
    for _ in 0..<30_000 {
      let token = Array(numbers.token().prefix(2))
      counter.add(token.span)
      expected[token, default: 0] += 1
    }
    #expect(counter.distinctCount == expected.count)
    let vocabulary = try counter.build(settings: TokenizerSettings())
    #expect(vocabulary.count == expected.count + 2)
    for (token, count) in expected {
      #expect(vocabulary.id(ofBytes: token).flatMap { vocabulary.entry($0) }?.count == count)
    }
  }

  @Test("minimum count and maximum size")
  func limits() throws {
    let text = "a a a b b c c d"
    #expect(try vocabulary(of: text, minimumCount: 2).entries.dropFirst(2).map(\.text) == ["a", "b", "c"])
    #expect(try vocabulary(of: text, minimumCount: 3).entries.dropFirst(2).map(\.text) == ["a"])
    #expect(try vocabulary(of: text, maximumSize: 4).entries.map(\.text) == ["<pad>", "<unk>", "a", "b"])
    #expect(try vocabulary(of: text, maximumSize: 100).count == 6)
    #expect(try vocabulary(of: text, minimumCount: -5).count == 6)
  }

  @Test("nothing left is an error that says why")
  func empty() {
    #expect(throws: VocabularyError.empty(reason: "the corpus has no tokens")) { try vocabulary(of: "") }
    #expect(
      throws: VocabularyError.empty(reason: "no token occurs at least 2 times; lower the minimum count")
    ) { try vocabulary(of: "a b <unk> <unk>", minimumCount: 2) }
  }

  @Test("options that cannot be are refused")
  func options() {
    for size in [Int.min, -1, 0, 2] {
      #expect(throws: VocabularyError.self) { try vocabulary(of: "a", maximumSize: size) }
    }
    for reserved in [[], ["<pad>"], ["<pad>", "<pad>"], ["<pad>", ""], ["<pad>", "<unk>", "<s>", "<s>"]] {
      #expect(throws: VocabularyError.self) { try vocabulary(of: "a", reserved: reserved) }
    }
    #expect(throws: Never.self) { try vocabulary(of: "a", reserved: ["\u{E9}", "e\u{301}"]) }
  }

  @Test("a token of the corpus that reads like a reserved one is the reserved one")
  func reservedInCorpus() throws {
    let vocabulary = try vocabulary(of: "<s> a <s> <unk> a a", reserved: ["<pad>", "<unk>", "<s>"])
    #expect(vocabulary.entries.map(\.text) == ["<pad>", "<unk>", "<s>", "a"])
    #expect(vocabulary.entries.map(\.count) == [0, 1, 2, 3])
    #expect(vocabulary.entries.map(\.isReserved) == [true, true, true, false])
    #expect(vocabulary.encode(["<s>", "a"]) == [2, 3])
  }

  @Test("counts below one change nothing, and sums stop at the largest number")
  func sums() throws {
    var counter = VocabularyCounter()
    counter.add("a", count: 0)
    counter.add("a", count: -3)
    #expect(counter.distinctCount == 0)
    counter.add("a", count: .max)
    counter.add("a", count: 5)
    #expect(counter.count(of: "a") == .max)
    #expect(counter.totalCount == .max)
    #expect(try counter.build(settings: TokenizerSettings()).entry(2)?.count == .max)
  }
}
