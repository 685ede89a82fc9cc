import Foundation
import Testing

@testable import TextProcessing

@Suite("Tokens that are kept whole, and texts that are changed first")
struct WholeTokenTests {
  private func tokens(_ text: String, _ kinds: Set<WholeToken>) throws -> [Token] {
    var settings = TokenizerSettings()
    settings.wholeTokens = kinds
    return try Tokenizer(settings).tokens(in: text)
  }

  @Test(
    "each kind",
    arguments: [
      (
        WholeToken.url, "See https://en.wikipedia.org/wiki/Swift_(bird), ok",
        ["https://en.wikipedia.org/wiki/Swift_(bird)"]
      ),
      (.url, "(at www.example.org/a?b=c#d.) and example.com!", ["www.example.org/a?b=c#d", "example.com"]),
      (.url, "见https://a.cn，e.g. this.is 3.5 a.b.", ["https://a.cn"]),
      (.url, "ftp://x x://y http:// a://b", ["ftp://x"]),
      (.url, "x@mail.example.com foo_bar.example.com éx.example.com a.b.c", []),
      (
        .url, "ex-ample.co.uk -ex.co.uk ..a.co.uk, b.com..c x.y.example.com.",
        [
          "ex-ample.co.uk", "ex.co.uk", "a.co.uk", "b.com", "x.y.example.com",
        ]
      ),
      (
        .url, "https://de.wikipedia.org/wiki/Köln, https://пример.рф/a www.пример.рф (http://é.fr/ñ)",
        ["https://de.wikipedia.org/wiki/Köln", "https://пример.рф/a", "www.пример.рф", "http://é.fr/ñ"]
      ),
      (
        .url, "见https://zh.wikipedia.org/wiki/北京，看https://a.cn/x真好 http://“x”",
        ["https://zh.wikipedia.org/wiki/北京", "https://a.cn/x"]
      ),
      (.mention, "＠名前 ＠anna a＠b ＠", ["＠名前", "＠anna"]),
      (.hashtag, "＃日本 ＃1 ＃Swift ＃", ["＃日本", "＃Swift"]),
      (.email, "to bob.smith+x@mail.example.org. @x a@b .a@b.cd", ["bob.smith+x@mail.example.org", "a@b.cd"]),
      (.mention, "@anna and @名前, a@b @", ["@anna", "@名前"]),
      (.hashtag, "#Swift2026 #日本 #1 a#b ##x", ["#Swift2026", "#日本", "#x"]),
      (
        .emoticon, "ok :-) :D <3 xD =( ^_^ ¯\\_(ツ)_/¯ T_T", [":-)", ":D", "<3", "xD", "=(", "^_^", "¯\\_(ツ)_/¯", "T_T"]
      ),
      (.emoticon, "10:30 (page 8) x(t) http://a note: (a) axD xDe b:p", []),
      (.emoticon, ":'( ;) :)))) :P. o_O", [":'(", ";)", ":))))", ":P", "o_O"]),
      (.punctuation, "no!!! what?!? so... 好！！ 啊……。 a. b-c --x", ["!!!", "?!?", "...", "！！", "……", "--"]),
    ] as [(WholeToken, String, [String])])
  func kinds(kind: WholeToken, text: String, expected: [String]) throws {
    let whole = try tokens(text, [kind])
    let found = whole.filter {
      kind == .punctuation ? $0.kind == .punctuation && $0.text.count > 1 : $0.kind.name == kind.rawValue
    }
    #expect(found.map(\.text) == expected)
    // Between them everything is as it was where it stands alone.
    #expect(whole.allSatisfy { Array(text.utf8)[$0.range].elementsEqual($0.text.utf8) })
  }

  @Test("all kinds at once cover the text, whatever it is")
  func cover() throws {
    var settings = TokenizerSettings(skippedKinds: [])
    settings.wholeTokens = Set(WholeToken.allCases)
    let tokenizer = try Tokenizer(settings)
    let workspace = tokenizer.makeWorkspace()
    var generator = SeededGenerator(seed: 5)
    let parts = [
      ":", ")", "/", "w", ".", "@", "#", "a", "8", "-", "!", "x", "<", "3", " ", "é", "今", "。", "_", "com", "http",
    ]
    for _ in 0..<20_000 {
      let text = Array((0..<12).map { _ in parts.randomElement(using: &generator) ?? "" }.joined().utf8)
      try tokenizer.tokenize(text, with: workspace)
      var end = 0
      for index in 0..<workspace.count {
        #expect(workspace.range(at: index).lowerBound == end && workspace.range(at: index).upperBound > end)
        end = workspace.range(at: index).upperBound
      }
      #expect(end == text.count)
    }
  }

  @Test("numbers are folded and stop words left out, after lower-casing")
  func folding() throws {
    var settings = TokenizerSettings(lowercase: true)
    settings.foldsNumbers = true
    settings.stopWords = ["The", "is", "été", "99"]
    let tokens = try Tokenizer(settings).tokens(in: "The film IS 3.14 of 2024, ٣٤ Été 12 e\u{301}te\u{301}")
    #expect(tokens.map(\.text) == ["film", "0.00", "of", "0000", ","])
    #expect(tokens[1].range == 12..<16)
  }

  @Test("stop words go through the steps that texts go through")
  func stopWords() throws {
    var settings = TokenizerSettings()
    settings.normalization = .nfkc
    settings.transliteration = "Traditional-Simplified"
    settings.stopWords = ["漢語", "ﬁsh"]
    let tokenizer = try Tokenizer(settings)
    #expect(tokenizer.stopWords == ["fish", "汉语"])
    #expect(tokenizer.tokens(in: "fish 汉语 漢語 ﬁsh soup").map(\.text) == ["soup"])
    settings.normalization = nil
    settings.transliteration = nil
    settings.stopWords = ["e\u{301}"]
    #expect(try Tokenizer(settings).tokens(in: "é e\u{301} e").map(\.text) == ["e"])
  }

  @Test(
    "transliteration keeps ranges in the original",
    arguments: [
      ("Traditional-Simplified", "漢語 abc 學校", ["汉语", "abc", "学校"], ["漢語", "abc", "學校"]),
      ("Null; [[:ea=F:][:ea=H:]] NFKC", "ｶﾞＡ１", ["ガ", "A1"], ["ｶﾞ", "Ａ１"]),
      ("NFD; [:Mn:] Remove; NFC", "naïve e\u{301}té", ["naive", "ete"], ["naïve", "e\u{301}té"]),
      ("Any-Latin; Latin-ASCII", "Москва щука 北京", ["Moskva", "suka", "bei", "jing"], ["Москва", "щука", "北", "京"]),
    ] as [(String, String, [String], [String])])
  func transliteration(id: String, text: String, expected: [String], sources: [String]) throws {
    var settings = TokenizerSettings()
    settings.transliteration = id
    let tokens = try Tokenizer(settings).tokens(in: text)
    #expect(tokens.map(\.text) == expected)
    let bytes = Array(text.utf8)
    // A space between may belong to what follows it, as ICU puts it there.
    let found = tokens.map { String(decoding: bytes[$0.range], as: UTF8.self).trimmingCharacters(in: .whitespaces) }
    #expect(found.map { Array($0.utf8) } == sources.map { Array($0.utf8) })
    #expect(throws: TokenizerError.self) {
      settings.transliteration = "klingon"
      _ = try Tokenizer(settings)
    }
  }

  @Test(
    "an accent that is taken off stays in the range of its letter, and other characters that go do not",
    arguments: [
      ("NFD; [:Mn:] Remove; NFC", "cafe\u{301} x", [0..<6, 7..<8]),
      ("NFD; [:Mn:] Remove; NFC", "e\u{301}\u{323}", [0..<5]),
      ("NFD; [:Mn:] Remove; NFC", "cafe\u{301}", [0..<6]), ("NFD; [:Mn:] Remove; NFC", "\u{301}a\u{301}b", [2..<6]),
      ("Null; [:P:] Remove", "a... b!", [0..<1, 5..<6]), ("[:Mn:] Remove", "é\u{301} e", [0..<4, 5..<6]),
    ] as [(String, String, [Range<Int>])])
  func accents(id: String, text: String, ranges: [Range<Int>]) throws {
    var settings = TokenizerSettings()
    settings.transliteration = id
    #expect(try Tokenizer(settings).tokens(in: text).map(\.range) == ranges)
  }

  @Test("ranges of random texts stay in the text and in order through all changes")
  func ranges() throws {
    var texts = RandomText(seed: 9)
    for id in ["NFD; [:Mn:] Remove; NFC", "Any-Latin", "Null; [[:ea=F:][:ea=H:]] NFKC", "Traditional-Simplified"] {
      var settings = TokenizerSettings(normalization: .nfc, lowercase: true)
      settings.transliteration = id
      let tokenizer = try Tokenizer(settings)
      let workspace = tokenizer.makeWorkspace()
      for _ in 0..<500 {
        let text = Array(texts.next(runs: 6).utf8)
        try tokenizer.tokenize(text, with: workspace)
        for index in 0..<workspace.count {
          let range = workspace.range(at: index)
          #expect(range.lowerBound >= 0 && range.upperBound <= text.count)
          #expect(String(validating: text[range], as: UTF8.self) != nil)
        }
      }
    }
  }

  @Test("settings of before have the form of before, and new ones come back")
  func coding() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let plain = String(decoding: try encoder.encode(TokenizerSettings()), as: UTF8.self)
    #expect(plain == #"{"locale":"en","lowercase":false,"skippedKinds":["space"],"unit":"word"}"#)
    var settings = TokenizerSettings()
    settings.wholeTokens = [.url, .emoticon]
    settings.transliteration = "NFD"
    settings.foldsNumbers = true
    settings.stopWords = ["the", "a"]
    let bytes = try encoder.encode(settings)
    #expect(try JSONDecoder().decode(TokenizerSettings.self, from: bytes) == settings)
    #expect(try encoder.encode(settings) == bytes)
  }
}

@Suite("Offsets")
struct OffsetUnitTests {
  @Test("offsets are those of Swift's strings", arguments: OffsetUnit.allCases)
  func offsets(unit: OffsetUnit) throws {
    let converter = try OffsetConverter(to: unit)
    let tokenizer = try Tokenizer(TokenizerSettings(skippedKinds: []))
    var texts = RandomText(seed: 11)
    for round in 0..<2000 {
      let text = round == 0 ? "a\r\nb 👨‍👩‍👧 e\u{301} \u{1F1E9}\u{1F1EA}x" : texts.next(runs: 6)
      let tokens = tokenizer.tokens(in: text)
      let ranges = converter.convert(tokens.map(\.range).reversed(), in: text.utf8.span)
      for (token, range) in zip(tokens.reversed(), ranges) {
        let before = String(decoding: Array(text.utf8)[..<token.range.lowerBound], as: UTF8.self)
        let through = String(decoding: Array(text.utf8)[..<token.range.upperBound], as: UTF8.self)
        switch unit {
        case .bytes: #expect(range == token.range)
        case .scalars: #expect(range == before.unicodeScalars.count..<through.unicodeScalars.count)
        case .utf16: #expect(range == before.utf16.count..<through.utf16.count)
        case .graphemes:
          // Swift and ICU know different versions of Unicode: only what both take for boundaries is compared.
          let start = text.utf8.index(text.startIndex, offsetBy: token.range.lowerBound)
          let isBoundary = text.indices.contains(start) || start == text.endIndex
          if isBoundary, text.unicodeScalars.allSatisfy({ $0.value < 0x900 || (0x1F1E6...0x1F64F).contains($0.value) })
          {
            #expect(range.lowerBound == text.distance(from: text.startIndex, to: start))
          }
          #expect(range.upperBound > range.lowerBound)
        }
      }
    }
  }

  @Test("ranges within a character are widened to it")
  func inside() throws {
    let text = "a😀e\u{301}".utf8.span
    #expect(try OffsetConverter(to: .utf16).convert([2..<4, 1..<5], in: text) == [1..<3, 1..<3])
    #expect(try OffsetConverter(to: .scalars).convert([2..<4], in: text) == [1..<2])
    #expect(try OffsetConverter(to: .graphemes).convert([5..<6, 6..<8, 8..<8], in: text) == [2..<3, 2..<3, 3..<3])
  }

  @Test("columns of a terminal")
  func width() {
    #expect(
      DisplayWidth.columns("abc") == 3 && DisplayWidth.columns("今天") == 4 && DisplayWidth.columns("e\u{301}") == 1)
    #expect(DisplayWidth.columns("👨‍👩‍👧") == 2 && DisplayWidth.columns("") == 0)
  }
}
