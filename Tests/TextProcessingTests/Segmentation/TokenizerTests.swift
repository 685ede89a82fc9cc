import CICU
import Testing

@testable import TextProcessing

/// What a user sees of the tokenizer.
@Suite struct TokenizerTests {
  private func tokens(_ text: String, _ settings: TokenizerSettings = .init()) throws -> [String] {
    try Tokenizer(settings).tokens(in: text).map { "\($0.text)/\($0.kind.name)" }
  }

  @Test func wordsAndKinds() throws {
    #expect(
      try tokens("It's 3.5 “stars” für 北京, カタカナ и 한국어 😀 + $5!") == [
        "It's/word", "3.5/number", "“/punctuation", "stars/word", "”/punctuation", "für/word", "北京/cjk",
        ",/punctuation", "カタカナ/kana", "и/word", "한국어/word", "😀/emoji", "+/symbol", "$/symbol", "5/number",
        "!/punctuation",
      ])
  }

  @Test func emoji() throws {
    for emoji in ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "©️", "1️⃣", "#️⃣", "*️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☝🏻", "🏻"] {
      #expect(try tokens(emoji) == ["\(emoji)/emoji"])
      #expect(try tokens(emoji, .init(unit: .character)) == ["\(emoji)/emoji"])
    }
    #expect(try tokens("©") == ["©/symbol"])
    #expect(try tokens("❤") == ["❤/symbol"])
  }

  /// Kinds of single ASCII characters, by the properties that the standard library knows. ICU counts `@` with the
  /// letters.
  @Test func kindsOfASCII() throws {
    let tokenizer = try Tokenizer(everything())
    for byte in UInt8(0)..<0x80 where byte != UInt8(ascii: "@") {
      let scalar = Unicode.Scalar(byte)
      let expected: TokenKind =
        if scalar.properties.isWhitespace {
          .space
        } else {
          switch scalar.properties.generalCategory {
          case .uppercaseLetter, .lowercaseLetter: .word
          case .decimalNumber: .number
          case .currencySymbol, .mathSymbol, .modifierSymbol, .otherSymbol: .symbol
          case .control: .other
          default: .punctuation
          }
        }
      #expect(tokenizer.tokens(in: String(scalar)).map(\.kind) == [expected])
    }
  }

  @Test func kindsOfExtendedWords() throws {
    #expect(
      try tokens("a_ 1_ _ __ _1 _a a1 1a") == [
        "a_/word", "1_/number", "_/punctuation", "__/word", "_1/number", "_a/word", "a1/number", "1a/word",
      ])
  }

  @Test func nulIsAControl() throws {
    #expect(try tokens("a\0b") == ["a/word", "\0/other", "b/word"])
    #expect(try tokens("é\0b") == ["é/word", "\0/other", "b/word"])
    #expect(try tokens("\0\0", .init(unit: .character)) == ["\0/other", "\0/other"])
  }

  @Test func lineEnds() throws {
    #expect(
      try tokens("a\r\nb\n\nc", everything()) == [
        "a/word", "\r\n/space", "b/word", "\n/space", "\n/space", "c/word",
      ])
    #expect(try tokens("a\r\n\u{301}b", everything(.character)) == ["a/word", "\r\n/space", "\u{301}/other", "b/word"])
  }

  @Test(arguments: TextUnit.allCases)
  func byteOrderMark(unit: TextUnit) throws {
    for text in ["word", "wörd"] {
      let first = try #require(try Tokenizer(.init(unit: unit)).tokens(in: "\u{FEFF}" + text).first)
      #expect(first.range.lowerBound == 3)
      #expect(!first.text.unicodeScalars.contains("\u{FEFF}"))
    }
    #expect(try Tokenizer(.init(unit: unit)).tokens(in: "\u{FEFF}").isEmpty)
  }

  @Test(arguments: TextUnit.allCases)
  func emptyText(unit: TextUnit) throws {
    #expect(try Tokenizer(everything(unit)).tokens(in: "").isEmpty)
    #expect(try Tokenizer(everything(unit, normalization: .nfkc)).tokens(in: "").isEmpty)
  }

  @Test func sentences() throws {
    let tokenizer = try Tokenizer(.init(unit: .sentence))
    let text = "It is good. Is it?  Yes!\r\n次の文。はい。"
    let sentences = tokenizer.tokens(in: text)
    #expect(sentences.map(\.text) == ["It is good.", "Is it?", "Yes!", "次の文。", "はい。"])
    #expect(sentences.allSatisfy { $0.kind == .word })
    #expect(tokenizer.tokens(in: " \n ").isEmpty)
  }

  @Test func betweenWhiteSpace() throws {
    #expect(
      try tokens(" don't  3%\t\u{3000}北京，好\u{A0}😀 ", .init(unit: .whitespace)) == [
        "don't/word", "3%/number", "北京，好/cjk", "😀/emoji",
      ])
    #expect(try tokens("a \t b", everything(.whitespace)) == ["a/word", " \t /space", "b/word"])
  }

  /// Nothing skipped, the tokens of every unit stand one behind the other and cover the text.
  @Test(arguments: TextUnit.allCases)
  func rangesCoverTheText(unit: TextUnit) throws {
    let tokenizer = try Tokenizer(everything(unit))
    let workspace = tokenizer.makeWorkspace()
    var texts = RandomText(seed: 77)
    for _ in 0..<2_000 {
      let text = Array(texts.next(runs: 8).utf8)
      try tokenizer.tokenize(text, with: workspace)
      var end = 0
      for index in 0..<workspace.count {
        let range = workspace.range(at: index)
        #expect(range.lowerBound == end && !range.isEmpty)
        #expect(workspace.text(at: index) == String(decoding: text[range], as: UTF8.self))
        end = range.upperBound
      }
      #expect(end == text.count)
    }
  }

  @Test(arguments: WordIdentityTests.locales)
  func charactersAreICUs(locale: String) throws {
    let tokenizer = try Tokenizer(everything(.character, locale: locale))
    let workspace = tokenizer.makeWorkspace()
    let reference = ICUReference(cicu_break_character, locale: locale)
    var texts = RandomText(seed: 99)
    for _ in 0..<2_000 {
      let text = Array(texts.next(runs: 10).utf8)
      #expect(try tokenizer.ends(of: text, with: workspace) == reference.ends(of: text))
    }
    // CR and LF around what may attach.
    for text in [
      "é\r\nabc", "é\rabc", "\u{600}\r\n", "\u{600}ab\u{301}c", "a\r\né", "é\r\r\n\n\r\n\u{301}", "中a\r\n b",
    ] {
      for padding in ["", "and a long stretch behind"] {
        let bytes = Array((text + padding).utf8)
        #expect(try tokenizer.ends(of: bytes, with: workspace) == reference.ends(of: bytes))
      }
    }
  }

  @Test func invalidUTF8() throws {
    let tokenizer = try Tokenizer()
    let workspace = tokenizer.makeWorkspace()
    #expect(throws: InvalidUTF8(offset: 3)) { try tokenizer.tokenize(Array("abc".utf8) + [0xC3], with: workspace) }
    #expect(throws: InvalidUTF8(offset: 0)) { try tokenizer.tokenize([0xED, 0xA0, 0x80], with: workspace) }
    #expect(workspace.count == 0)
  }

  @Test func unknownLocale() {
    for locale in ["xx-nowhere", "qqq", "e\0n"] {
      #expect(throws: TokenizerError.unknownLocale(locale)) { try Tokenizer(.init(locale: locale)) }
    }
    for locale in ["", "root", "und", "en-US", "zh-Hant-TW", "en_US_POSIX", "th@lb=strict"] {
      #expect(throws: Never.self) { try Tokenizer(.init(locale: locale)) }
    }
  }

  @Test func lowercasing() throws {
    #expect(
      try tokens("ÀB İI ΟΔΟΣ SS", .init(lowercase: true)) == [
        "àb/word", "i̇i/word", "οδος/word", "ss/word",
      ])
    #expect(try tokens("TITIK ISI", .init(locale: "tr", lowercase: true)) == ["tıtık/word", "ısı/word"])
    #expect(try tokens("I\u{300}", .init(locale: "lt", lowercase: true)) == ["i\u{307}\u{300}/word"])
    // Sentences are found before the case that they are found by is gone.
    #expect(try tokens("Look. It is. so it is.", .init(unit: .sentence, lowercase: true)).count == 2)
  }

  /// A workspace that another tokenizer made is taken over.
  @Test func workspaceOfAnotherTokenizer() throws {
    let words = try Tokenizer()
    let characters = try Tokenizer(.init(unit: .character, lowercase: true))
    let workspace = words.makeWorkspace()
    try characters.tokenize(Array("AÉ".utf8), with: workspace)
    #expect((0..<workspace.count).map(workspace.text) == ["a", "é"])
    try words.tokenize(Array("AÉ".utf8), with: workspace)
    #expect((0..<workspace.count).map(workspace.text) == ["AÉ"])
  }

  /// Tokens may be compared with each other while they are lent.
  @Test func nestedTokens() throws {
    let tokenizer = try Tokenizer(.init(lowercase: true))
    let workspace = tokenizer.makeWorkspace()
    try tokenizer.tokenize(Array("ÄÄ ÖÖ ÜÜ".utf8), with: workspace)
    let texts = workspace.withUTF8(at: 0) { first in
      workspace.withUTF8(at: 1) { second in
        workspace.withUTF8(at: 2) { third in
          [string(first), string(second), string(third)]
        }
      }
    }
    #expect(texts == ["ää", "öö", "üü"])
  }

  private func string(_ bytes: Span<UInt8>) -> String {
    bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  @Test func manyThreads() async throws {
    let tokenizer = try Tokenizer(.init(lowercase: true))
    let text = "It's GOOD — 北京大学 und ÄÖÜ. "
    let expected = tokenizer.tokens(in: text)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<200).allSatisfy { _ in tokenizer.tokens(in: text) == expected }
        }
      }
      for await same in group { #expect(same) }
    }
  }

  @Test(.timeLimit(.minutes(2)))
  func longLines() throws {
    let tokenizer = try Tokenizer()
    let workspace = tokenizer.makeWorkspace()
    let size = Corpora.longTests ? 100_000_000 : 4_000_000
    try tokenizer.tokenize([UInt8](repeating: 0x61, count: size), with: workspace)
    #expect(workspace.count == 1 && workspace.range(at: 0) == 0..<size)
    try tokenizer.tokenize([UInt8](repeating: 0x21, count: size), with: workspace)
    #expect(workspace.count == size)
    let words = Array(repeatElement(Array("höher word ".utf8), count: size / 12).joined())
    try tokenizer.tokenize(words, with: workspace)
    #expect(workspace.count == size / 12 * 2)
  }
}
