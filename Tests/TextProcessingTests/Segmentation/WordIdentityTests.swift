import CICU
import CTextKernels
import Testing

@testable import TextProcessing

/// Words are ICU's words, whatever stands in front of ICU.
@Suite struct WordIdentityTests {
  /// The locales that ICU tailors, some that it may tailor one day, and some that it does not.
  static let locales = ["en", "root", "fi", "sv", "en_US_POSIX", "ja", "th", "el", "zh", "de", "ko"]

  /// A character of each class of the word rules, with each kind among them.
  static let alphabet = Array("a1_.:,' \n\r!\"".utf8)

  /// Every kernel level with a workspace of its own.
  static func workspaces(_ tokenizer: Tokenizer) -> [TokenizerWorkspace] {
    [text_kernel_level_plain, text_kernel_level_avx2].compactMap { level in
      guard let scanner = ByteScanner(level: level) else { return nil }
      let workspace = tokenizer.makeWorkspace()
      workspace.segmenter.scanner = scanner
      return workspace
    }
  }

  @Test(arguments: locales)
  func allShortASCIIStrings(locale: String) throws {
    let tokenizer = try Tokenizer(everything(locale: locale))
    let reference = ICUReference(locale: locale)
    let workspaces = Self.workspaces(tokenizer)
    for length in 1...3 {
      try Self.forEachString(of: length) { text in
        for workspace in workspaces { try expectSameWords(tokenizer, workspace, reference, text) }
      }
    }
  }

  /// All strings of six characters, in texts of many lines: a line feed is a boundary on both sides, so that every line
  /// is judged by itself, at every place in a block.
  @Test(arguments: ["en", "fi", "en_US_POSIX"])
  func allASCIIStringsOfSix(locale: String) throws {
    let tokenizer = try Tokenizer(everything(locale: locale))
    let reference = ICUReference(locale: locale)
    let workspaces = Self.workspaces(tokenizer)
    try Self.forEachString(of: 2) { prefix in
      var text: [UInt8] = []
      try Self.forEachString(of: 4) { rest in
        text += prefix
        text += rest
        text.append(UInt8(ascii: "\n"))
      }
      for workspace in workspaces { try expectSameWords(tokenizer, workspace, reference, text) }
    }
  }

  /// Each ASCII character in places where its class matters.
  @Test(arguments: locales)
  func everyASCIICharacter(locale: String) throws {
    let tokenizer = try Tokenizer(everything(locale: locale))
    let reference = ICUReference(locale: locale)
    let workspaces = Self.workspaces(tokenizer)
    let contexts = Self.alphabet.map { [$0] } + [[], Array("ab".utf8), Array("12".utf8)]
    for character in UInt8(0)..<0x80 {
      for before in contexts {
        for after in contexts {
          let text = before + [character] + after
          for workspace in workspaces { try expectSameWords(tokenizer, workspace, reference, text) }
        }
      }
    }
  }

  /// ASCII around one other character, so that every cut of an island is met.
  @Test func islands() throws {
    let tokenizer = try Tokenizer(everything())
    let reference = ICUReference()
    let workspace = tokenizer.makeWorkspace()
    let others = ["é", "\u{301}", "\u{200D}", "中文", "👍🏽", "\u{2019}", "\u{A0}", "ー", "\u{AD}", "\u{1F1E9}\u{1F1EA}"]
    for other in others {
      try Self.forEachString(of: 2) { before in
        try Self.forEachString(of: 2) { after in
          for padding in ["", "padding that is long "] {
            let text = Array(padding.utf8) + before + Array(other.utf8) + after + Array(padding.utf8)
            try expectSameWords(tokenizer, workspace, reference, text)
          }
        }
      }
    }
  }

  @Test(arguments: locales)
  func randomTexts(locale: String) throws {
    let tokenizer = try Tokenizer(everything(locale: locale))
    let reference = ICUReference(locale: locale)
    let workspace = tokenizer.makeWorkspace()
    var texts = RandomText(seed: UInt64(locale.utf8.reduce(7) { $0 * 31 + Int($1) }))
    let count = (locale == "en" ? 20_000 : 3_000) * (Corpora.longTests ? 20 : 1)
    for _ in 0..<count { try expectSameWords(tokenizer, workspace, reference, Array(texts.next(runs: 10).utf8)) }
  }

  /// Ideographs have their own way, which no locale tailors.
  @Test(arguments: ["en", "ja", "zh", "fi", "th"])
  func chinese(locale: String) throws {
    let tokenizer = try Tokenizer(everything(locale: locale))
    let reference = ICUReference(locale: locale)
    let workspace = tokenizer.makeWorkspace()
    var texts = RandomText(seed: UInt64(locale.utf8.reduce(3) { $0 * 31 + Int($1) }))
    for _ in 0..<(locale == "en" ? 20_000 : 2_000) {
      try expectSameWords(tokenizer, workspace, reference, Array(texts.nextChinese(runs: 6).utf8))
    }
  }

  /// Every mark that ends a run of ideographs, in every neighbourhood.
  @Test func marksBesideIdeographs() throws {
    let tokenizer = try Tokenizer(everything())
    let reference = ICUReference()
    let workspace = tokenizer.makeWorkspace()
    let parts = ["中文", "好", "，", "。", "：", "‘", "“", "a", "1", " ", "\u{301}", "の", "é", "\n", "．", "_"]
    for a in parts {
      for b in parts {
        for c in parts {
          for d in parts { try expectSameWords(tokenizer, workspace, reference, Array((a + b + c + d + "今天天气").utf8)) }
        }
      }
    }
  }

  /// The shim's walk from UTF-16 to bytes: over UTF-8 the offsets are ICU's own. Texts in scripts that ICU cuts otherwise
  /// over UTF-8 are left out.
  @Test(arguments: [cicu_break_word, cicu_break_sentence, cicu_break_character, cicu_break_line])
  func offsetsInBytes(kind: cicu_break_kind) {
    let units = ICUReference(kind, form: cicu_text_utf16)
    let bytes = ICUReference(kind, form: cicu_text_utf8)
    var texts = RandomText(seed: 21)
    var compared = 0
    for _ in 0..<5_000 {
      let text = texts.next(runs: 8)
      let isSouthEastAsian = text.unicodeScalars.contains {
        (0xE00...0xEFF).contains($0.value) || (0x1000...0x109F).contains($0.value)
          || (0x1780...0x17FF).contains($0.value) || (0x1900...0x1AFF).contains($0.value)
          || (0xA9E0...0xAADF).contains($0.value) || (0x11700...0x1174F).contains($0.value)
      }
      if isSouthEastAsian { continue }
      compared += 1
      #expect(units.segments(of: Array(text.utf8)) == bytes.segments(of: Array(text.utf8)))
    }
    #expect(compared > 1_000)
  }

  /// ICU forgets phrases when an iterator is cloned, as each thread's is.
  @Test(arguments: ["ja@lw=phrase", "ja-u-lw-phrase", "ja", "ko@lw=phrase", "ja@lw=keepall"])
  func phrases(locale: String) throws {
    let tokenizer = try Tokenizer(everything(.line, locale: locale))
    let reference = ICUReference(cicu_break_line, locale: locale)
    var pieces = 0
    for text in ["今日はいい天気ですね。散歩に行きましょう。", "私の名前は田中です。", "안녕하세요 세계"] {
      for workspace in [tokenizer.makeWorkspace(), tokenizer.makeWorkspace()] {
        let found = try tokenizer.ends(of: Array(text.utf8), with: workspace)
        #expect(found == endsWithoutSpace(reference.ends(of: Array(text.utf8)), in: Array(text.utf8)))
        pieces += found.count
      }
    }
    if locale == "ja@lw=phrase" { #expect(pieces < 40) }
  }

  @Test(.enabled(if: Corpora.areThere, "\(Corpora.missing)"))
  func reviews() throws {
    let tokenizer = try Tokenizer(everything())
    let reference = ICUReference()
    let workspaces = Self.workspaces(tokenizer)
    for line in try Corpora.lines(of: "imdb/train.tsv", limit: 2_000) {
      for workspace in workspaces { try expectSameWords(tokenizer, workspace, reference, line) }
    }
    for line in try Corpora.lines(of: "chnsenticorp/dev.tsv", limit: 500) {
      try expectSameWords(tokenizer, workspaces[0], reference, line)
    }
  }

  @Test(
    .enabled(if: Corpora.areThere, "\(Corpora.missing)"),
    arguments: [
      "arb", "cmn_hans", "cmn_hant", "deu", "ell_monotonic", "eng", "fra", "heb", "hin", "jpn", "khm", "kor", "lao",
      "mya", "rus", "spa", "tam", "tha", "tur", "vie",
    ])
  func declarationOfHumanRights(language: String) throws {
    let tokenizer = try Tokenizer(everything())
    let reference = ICUReference()
    let workspace = tokenizer.makeWorkspace()
    let lines = try Corpora.lines(of: "udhr2/\(language).txt")
    for line in lines { try expectSameWords(tokenizer, workspace, reference, line) }
    // And as one text, which the byte order mark and the line ends are part of.
    let whole = Array(lines.joined(separator: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]))
    try expectSameWords(tokenizer, workspace, reference, whole)
  }

  static func forEachString(of length: Int, _ body: ([UInt8]) throws -> Void) throws {
    var digits = [Int](repeating: 0, count: length)
    while true {
      try body(digits.map { alphabet[$0] })
      var place = length - 1
      while place >= 0, digits[place] == alphabet.count - 1 {
        digits[place] = 0
        place -= 1
      }
      if place < 0 { return }
      digits[place] += 1
    }
  }
}
