import TextProcessing
import Testing

@testable import VocabularyStore

@Suite struct VocabularyTests {
  @Test("tokens, ids and back")
  func lookup() throws {
    let vocabulary = try vocabulary(of: "the cat sat on the mat the cat")
    #expect(vocabulary.encode(["the", "cat", "dog"]) == [2, 3, 1])
    #expect(vocabulary.decode([2, 3, 1, 0]) == ["the", "cat", "<unk>", "<pad>"])
    #expect(vocabulary.id(of: "the") == 2)
    #expect(vocabulary.id(ofBytes: Array("the".utf8)) == 2)
    #expect(vocabulary.id(of: "dog") == nil)
    #expect(vocabulary.id(of: "") == nil)
    #expect(vocabulary.token(3) == "cat")
    #expect(vocabulary.entry(2) == VocabularyEntry(id: 2, token: Array("the".utf8), count: 3, kind: .ordinary))
    #expect(vocabulary.entry(0)?.isReserved == true)
  }

  @Test("ids outside of the vocabulary are nil, or the unknown token in texts")
  func idsOutside() throws {
    let vocabulary = try vocabulary(of: "a")
    for id in [-1, 3, Int32.min, Int32.max] {
      #expect(vocabulary.token(id) == nil)
      #expect(vocabulary.entry(id) == nil)
      #expect(vocabulary.decode([id]) == ["<unk>"])
    }
  }

  @Test("tokens are their bytes: composed and decomposed é are two")
  func byteKeys() throws {
    let composed = "caf\u{E9}"
    let decomposed = "cafe\u{301}"
    #expect(composed == decomposed)
    let vocabulary = try vocabulary(of: "\(composed) \(decomposed) \(decomposed)")
    #expect(vocabulary.count == 4)
    #expect(vocabulary.id(of: decomposed) == 2)
    #expect(vocabulary.id(of: composed) == 3)
    #expect(vocabulary.entry(3)?.token == Array(composed.utf8))
  }

  @Test("NUL, tab, newline and bytes that are not UTF-8 are tokens like others")
  func strangeTokens() throws {
    let tokens: [[UInt8]] = [[0], [0, 0], [9], [10], [13, 10], [0xFF], [0xC3], [0xC3, 0xA9], []]
    var counter = VocabularyCounter()
    for token in tokens { counter.add(token.span) }
    let vocabulary = try counter.build(settings: TokenizerSettings())
    #expect(vocabulary.count == tokens.count + 2)
    for token in tokens {
      let id = try #require(vocabulary.id(ofBytes: token))
      #expect(vocabulary.entry(id)?.token == token)
    }
    #expect(vocabulary.entry(try #require(vocabulary.id(ofBytes: [0xFF])))?.text == "\u{FFFD}")
  }

  @Test("decoding undoes encoding for any bytes", arguments: [1, 10, 1000, 20_000])
  func inverse(size: Int) throws {
    let vocabulary = try randomVocabulary(tokens: size, seed: UInt64(size))
    var numbers = SeededNumbers(seed: UInt64(size))
    for _ in 0..<size {
      let token = numbers.token()
      _ = Int64.random(in: 1...50, using: &numbers)
      let id = try #require(vocabulary.id(ofBytes: token))
      #expect(vocabulary.entry(id)?.token == token)
    }
    for id in 0..<Int32(vocabulary.count) {
      let entry = try #require(vocabulary.entry(id))
      #expect(entry.id == id)
      #expect(vocabulary.id(ofBytes: entry.token) == id)
    }
    for _ in 0..<1000 {
      let stranger = numbers.token() + [1, 2, 3, 4, 5, 6, 7]
      if let id = vocabulary.id(ofBytes: stranger) { #expect(vocabulary.entry(id)?.token == stranger) }
    }
  }

  @Test("entries are a collection in the order of ids")
  func entries() throws {
    let vocabulary = try vocabulary(of: "b a b")
    #expect(vocabulary.entries.map(\.text) == ["<pad>", "<unk>", "b", "a"])
    #expect(vocabulary.entries.map(\.count) == [0, 0, 2, 1])
    #expect(vocabulary.entries.last?.id == 3)
    #expect(Array(vocabulary.entries.dropFirst(2).prefix(1)).map(\.text) == ["b"])
  }

  @Test("the fingerprint holds what weights depend on, and not the counts")
  func fingerprint() throws {
    let base = try vocabulary(of: "a a b")
    #expect(base.fingerprint.count == 64)
    #expect(base.fingerprint == (try vocabulary(of: "a a a b").fingerprint))
    #expect(base.fingerprint != (try vocabulary(of: "a b b").fingerprint))
    #expect(base.fingerprint != (try vocabulary(of: "a a b c").fingerprint))
    #expect(base.fingerprint != (try vocabulary(of: "ab ab b").fingerprint))
    #expect(base.fingerprint != (try vocabulary(of: "a a b", reserved: ["<PAD>", "<unk>"]).fingerprint))
    var settings = TokenizerSettings()
    settings.lowercase = true
    #expect(base.fingerprint != (try vocabulary(of: "a a b", settings: settings).fingerprint))
  }

  @Test("a list of words keeps its order")
  func wordList() throws {
    let vocabulary = try Vocabulary(words: ["zebra", "<unk>", "apple"])
    #expect(vocabulary.decode(0..<4) == ["<pad>", "<unk>", "zebra", "apple"])
    #expect(vocabulary.entry(2)?.count == 0)
    #expect(throws: VocabularyError.invalidOptions(reason: "the word 'b' has the id 2 already")) {
      try Vocabulary(words: ["b", "b"])
    }
    #expect(throws: VocabularyError.empty(reason: "the list has no words beside reserved tokens")) {
      try Vocabulary(words: ["<pad>"])
    }
  }

  @Test("the summary adds up")
  func summary() throws {
    let summary = try vocabulary(of: "b a b").summary
    #expect(summary.count == 4)
    #expect(summary.reservedCount == 2)
    #expect(summary.totalCount == 3)
    #expect(summary.largestCount == 2)
    #expect(summary.smallestCount == 1)
    #expect(summary.tokenBytes == 12)
  }

  @Test("one vocabulary serves many threads")
  func threads() async throws {
    let vocabulary = try randomVocabulary(tokens: 2000, seed: 3)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          vocabulary.entries.allSatisfy { vocabulary.id(ofBytes: $0.token) == $0.id }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}
