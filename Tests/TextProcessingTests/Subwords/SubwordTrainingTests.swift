import Foundation
import Testing

@testable import TextProcessing

@Suite("Training of subwords")
struct SubwordTrainingTests {
  /// The texts that `scripts/fixtures/subwords.py` trains on.
  private static func texts() throws -> [String] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try ["sentiment-en", "sentiment-zh"].flatMap { name in
      try String(contentsOf: root.appending(path: "corpora/\(name)/train.tsv"), encoding: .utf8)
        .split(separator: "\n").map { String($0.split(separator: "\t").last ?? "") }
    }
  }

  private static func train(
    _ kind: SubwordTrainingOptions.Kind, _ texts: [String], _ adjust: (inout SubwordTrainingOptions) -> Void = { _ in }
  ) throws -> SubwordTokenizer {
    var options = SubwordTrainingOptions(kind)
    options.vocabularySize = 600
    adjust(&options)
    var trainer = try SubwordTrainer(options)
    for text in texts { try trainer.add(text) }
    return try trainer.train()
  }

  private func tokens(_ tokenizer: SubwordTokenizer) -> [String] {
    (0..<tokenizer.vocabularySize).compactMap { tokenizer.token(of: $0) }
  }

  @Test("byte-pair encoding has the merges and ids of the package tokenizers")
  func bytePairs() throws {
    let theirs = try SubwordFixture(name: "byte-level").tokenizer()
    let ours = try Self.train(.byteLevelBytePair, try Self.texts()) { $0.minimumCount = 0 }
    #expect(ours.vocabularySize == 600 && tokens(ours) == tokens(theirs))
    guard case .bytePair(let own) = ours.parts.model, case .bytePair(let other) = theirs.parts.model else {
      Issue.record("no byte-pair models")
      return
    }
    #expect(own.merges.count == 343 && own.merges.elementsEqual(other.merges, by: ==))
  }

  @Test("WordPiece has the tokens of the package tokenizers")
  func wordPieces() throws {
    let theirs = try SubwordFixture(name: "bert").tokenizer()
    let ours = try Self.train(.wordPiece, try Self.texts()) { ($0.minimumCount, $0.alphabetLimit) = (0, 10_000) }
    // Theirs gives ids to characters with ## in an order that changes from run to run.
    #expect(Set(tokens(ours)) == Set(tokens(theirs)))
    #expect(try ours.encode("a good film").tokens.first == "[CLS]")
  }

  @Test("pairs are counted as they overlap, and longer words are cut")
  func bytePairByHand() throws {
    let text = ["aaaa aaaa ab", "aab", String(repeating: "xy", count: 5000)]
    let tokenizer = try Self.train(.bytePair, text) {
      ($0.cutting, $0.vocabularySize, $0.minimumCount) = (.whitespace, 8, 2)
    }
    // xy occurs 5000 times; then xyxy; aa: 3 + 3 + 1 pairs.
    #expect(tokens(tokenizer) == ["[UNK]", "a", "b", "x", "y", "xy", "xyxy", "xyxyxyxy"])
    let more = try Self.train(.bytePair, ["aaaa aaaa ab aab"]) {
      ($0.cutting, $0.vocabularySize, $0.minimumCount) = (.whitespace, 100, 2)
    }
    #expect(tokens(more) == ["[UNK]", "a", "b", "aa", "aaaa"])
  }

  @Test("limits: characters, length, special tokens")
  func limits() throws {
    let texts = try Self.texts()
    let short = try Self.train(.bytePair, texts) { ($0.maximumTokenLength, $0.alphabetLimit) = (3, 40) }
    #expect(tokens(short).dropFirst().allSatisfy { $0.unicodeScalars.count <= 3 })
    #expect(tokens(short).count { $0.unicodeScalars.count == 1 } == 40)
    let special = try Self.train(.unigram, texts) { $0.specialTokens = ["<s>", "<unk>", "</s>"] }
    #expect(tokens(special).prefix(3) == ["<s>", "<unk>", "</s>"])
    for adjust: (inout SubwordTrainingOptions) -> Void in [
      { $0.vocabularySize = 1 }, { $0.cutting = .byteLevel }, { $0.minimumCount = -1 }, { $0.alphabetLimit = 0 },
      { $0.maximumTokenLength = 0 }, { $0.specialTokens = [""] },
    ] {
      #expect(throws: SubwordTokenizerError.self) { try Self.train(.bytePair, texts, adjust) }
    }
    #expect(throws: SubwordTokenizerError.self) { try Self.train(.unigram, ["", ""]) }
    // Many characters leave room for other tokens.
    #expect(tokens(try Self.train(.unigram, texts)).count { $0.unicodeScalars.count > 1 } >= 300)
  }

  @Test(
    "what was trained gives every text back",
    arguments: [.byteLevelBytePair, .bytePair, .unigram] as [SubwordTrainingOptions.Kind])
  func roundTrip(kind: SubwordTrainingOptions.Kind) throws {
    let texts = try Self.texts()
    let tokenizer = try Self.train(kind, texts) { ($0.vocabularySize, $0.alphabetLimit) = (4000, 3000) }
    let again = try SubwordTokenizer(json: tokenizer.json())
    for text in texts.prefix(300) {
      let encoding = try tokenizer.encode(text)
      #expect(try tokenizer.decode(encoding.ids) == text && again.ids(of: text) == encoding.ids)
    }
    if kind == .byteLevelBytePair {
      for text in ["\u{0}\u{1}", "𝒳 😀\u{200B}", "  two  ", "\n"] {
        #expect(try tokenizer.decode(tokenizer.encode(text).ids) == text)
      }
    }
  }

  @Test("the order of texts and how they are spread does not matter", arguments: SubwordTrainingOptions.Kind.allCases)
  func order(kind: SubwordTrainingOptions.Kind) throws {
    let texts = try Self.texts()
    #expect(try Self.train(kind, texts).json() == Self.train(kind, texts.reversed()).json())
  }

  @Test("rare words are dropped where memory ends, and frequent ones stay")
  func memory() {
    var counts = WordCounts(memoryLimit: 1 << 16)
    for index in 0..<20_000 {
      for word in ["frequent", "word\(index)"] {
        var word = word
        word.withUTF8 { counts.add($0) }
      }
    }
    #expect(counts.count < 2_000 && counts.droppedUpTo > 0 && counts.words.memory < 1 << 17)
    let word = (0..<counts.count).first { counts.withWord($0) { String(decoding: $0, as: UTF8.self) } == "frequent" }
    #expect(word.map { counts.counts[$0] } == 20_000)
  }
}

@Suite("Unigram training")
struct UnigramTrainingTests {
  @Test("ψ at points whose values are known")
  func digamma() {
    // ψ(1) = -γ, ψ(1/2) = -γ - 2 ln 2, ψ(n + 1) = ψ(n) + 1/n.
    let gamma = 0.577_215_664_901_532_9
    #expect(abs(UnigramTrainer.digamma(1) + gamma) < 1e-10)
    #expect(abs(UnigramTrainer.digamma(0.5) + gamma + 1.386_294_361_119_890_6) < 1e-10)
    #expect(abs(UnigramTrainer.digamma(101) - UnigramTrainer.digamma(100) - 0.01) < 1e-12)
  }

  /// Words of two symbols, 0 and 1.
  private func text(_ words: [([Int32], Int64)]) -> SymbolText {
    var text = SymbolText(shortest: 1)
    for (word, count) in words { text.append(word, count: count) }
    return text
  }

  @Test("expected counts are those of all ways to make a word")
  func expectation() {
    let pieces = [
      UnigramPiece(symbols: [0], score: log(0.5)), UnigramPiece(symbols: [1], score: log(0.2)),
      UnigramPiece(symbols: [0, 1], score: log(0.3)),
    ]
    let lattice = UnigramLattice(pieces)
    // 01 as 0·1 has 0.1, as one piece 0.3; 001 the same with another 0; 1 alone.
    let own = text([([0, 1], 4), ([0, 0, 1], 8), ([1], 2)])
    var matches = UnigramMatches(own, lattice.makeTrie())
    let counts = lattice.expectedCounts(own, matches)
    for (own, expected) in zip(counts, [4 * 0.25 + 8 * 1.25, 4 * 0.25 + 8 * 0.25 + 2, 12 * 0.75]) {
      #expect(abs(own - expected) < 1e-9)
    }
    #expect(lattice.bestCounts(own, matches) == [8, 2, 12])
    #expect(lattice.alternative(to: 2, lattice.makeTrie()) == [1, 0])
    #expect(lattice.alternative(to: 0, lattice.makeTrie()) == nil)
    // Pieces that are dropped are dropped from the matches too.
    matches.renumber([1, 0, -1])
    let fewer = UnigramLattice([pieces[1], pieces[0]])
    let again = UnigramMatches(own, fewer.makeTrie())
    #expect(fewer.expectedCounts(own, matches) == fewer.expectedCounts(own, again))
    #expect(matches.parts.map(\.pieces) == again.parts.map(\.pieces))
  }

  @Test("seeds are the strings that occur more than once and are not always part of a longer one")
  func seeds() {
    let seeds = UnigramSeeds(
      text([([0, 1, 2], 2), ([3, 1, 2], 1), ([0, 1, 3], 1), ([4, 5], 1)]), alphabetSize: 6, longest: 3)
    let pieces = seeds.pieces(limit: 100).map(\.symbols).filter { $0.count > 1 }
    // 01 three times and 012 two times; 12 three times; 45 once.
    #expect(pieces == [[0, 1], [1, 2], [0, 1, 2]])
    #expect(seeds.pieces(limit: 7).map(\.symbols).last == [0, 1])
  }
}
