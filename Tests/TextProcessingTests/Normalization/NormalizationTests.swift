import CICU
import Testing

@testable import TextProcessing

@Suite struct NormalizationTests {
  private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

  private func tokens(_ text: String, _ form: NormalizationForm, _ unit: TextUnit = .word) throws -> [String] {
    try Tokenizer(everything(unit, normalization: form)).tokens(in: text).map {
      "\($0.text.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: " "))@\($0.range)"
    }
  }

  /// The text of a token is the normalised one, its range all bytes in the original that it comes from.
  @Test func rangesInTheOriginal() throws {
    // A decomposed é takes three bytes, the composed one two.
    #expect(try tokens("e\u{301} x", .nfc) == ["e9@0..<3", "20@3..<4", "78@4..<5"])
    #expect(try tokens("é x", .nfd) == ["65 301@0..<2", "20@2..<3", "78@3..<4"])
    // The ligature is one word with what follows.
    #expect(try tokens("ﬁsh", .nfkc) == ["66 69 73 68@0..<5"])
    // Its two letters are two characters that come from the same bytes.
    #expect(try tokens("ﬁx", .nfkc, .character) == ["66@0..<3", "69@0..<3", "78@3..<4"])
    // Hangul: jamo compose, syllables decompose.
    #expect(try tokens("\u{1112}\u{1161}\u{11AB} a", .nfc) == ["d55c@0..<9", "20@9..<10", "61@10..<11"])
    #expect(try tokens("한a", .nfd, .character) == ["1112 1161 11ab@0..<3", "61@3..<4"])
    // A family stays what it is.
    #expect(try tokens("👨‍👩‍👧", .nfkd) == ["1f468 200d 1f469 200d 1f467@0..<18"])
    // Full-width text, after a byte order mark.
    #expect(try tokens("\u{FEFF}ＡＢ１", .nfkc) == ["41 42 31@3..<12"])
    #expect(try tokens("\u{FEFF}e\u{301}", .nfc) == ["e9@3..<6"])
    // One character that becomes several words.
    #expect(try tokens("㎨ b", .nfkc).last == "62@4..<5")
  }

  @Test(arguments: NormalizationForm.allCases)
  func alignment(form: NormalizationForm) throws {
    let normalizer = try NormalizationBuffer(form)
    let whole = try Normalizer(form)
    var texts = RandomText(seed: 3)
    for _ in 0..<2_000 {
      let text = texts.next(runs: 10)
      let source = Array(text.utf8)
      source.withUnsafeBufferPointer { normalizer.run($0, skipping: 0) }
      let result = Array(normalizer.bytes)
      // Each stretch of the result, and each change, comes from the part of the source that normalises to it.
      var sourceEnd = 0
      var resultEnd = 0
      for change in normalizer.alignment.changes {
        #expect(source[sourceEnd..<change.source.lowerBound] == result[resultEnd..<change.result.lowerBound])
        let piece = whole.normalized(String(decoding: source[change.source], as: UTF8.self))
        #expect(Array(piece.utf8) == Array(result[change.result]))
        #expect(normalizer.alignment.source(of: change.result) == change.source)
        sourceEnd = change.source.upperBound
        resultEnd = change.result.upperBound
      }
      #expect(source[sourceEnd...] == result[resultEnd...])
      #expect(normalizer.alignment.source(of: 0..<result.count) == 0..<source.count)
    }
  }

  /// Cut into small parts, a text has the same result and the same alignment.
  @Test(arguments: NormalizationForm.allCases)
  func parts(form: NormalizationForm) throws {
    let whole = try NormalizationBuffer(form)
    let parted = try NormalizationBuffer(form, partLimit: 64)
    for text in ["Ame\u{301}lie ﬁndet 한글 ＡＢＣ — ", "ascii only, "] {
      let source = Array(String(repeating: text, count: 40).utf8)
      source.withUnsafeBufferPointer {
        whole.run($0, skipping: 0)
        parted.run($0, skipping: 0)
      }
      #expect(Array(whole.bytes) == Array(parted.bytes))
      #expect(whole.alignment.changes == parted.alignment.changes)
    }
  }

  /// Segments of a normalised text cover the original.
  @Test(arguments: NormalizationForm.allCases)
  func rangesCoverTheText(form: NormalizationForm) throws {
    let tokenizer = try Tokenizer(everything(normalization: form))
    let workspace = tokenizer.makeWorkspace()
    var texts = RandomText(seed: 8)
    for _ in 0..<1_000 {
      let text = Array(texts.next(runs: 10).utf8)
      try tokenizer.tokenize(text, with: workspace)
      var end = 0
      for index in 0..<workspace.count {
        let range = workspace.range(at: index)
        // Tokens that come from one changed piece have it in common.
        #expect(range.lowerBound <= end && range.upperBound >= end && !range.isEmpty)
        #expect(String(validating: text[range], as: UTF8.self) != nil)
        end = range.upperBound
      }
      #expect(end == text.count)
    }
  }

  @Test(.enabled(if: Corpora.areThere, "\(Corpora.missing)"))
  func unicodesTestFile() throws {
    let normalizers = try NormalizationForm.allCases.map { try Normalizer($0) }
    var lines = 0
    for line in try Corpora.lines(of: "unicode-15.0/NormalizationTest.txt") {
      let content = String(decoding: line, as: UTF8.self)
      guard let first = content.first, first != "#", first != "@" else { continue }
      let columns = content.split(separator: ";").prefix(5).map { column in
        column.split(separator: " ").compactMap { UInt32($0, radix: 16) }
      }
      let source = String(String.UnicodeScalarView(columns[0].compactMap(Unicode.Scalar.init)))
      // NFC, NFD, NFKC, NFKD stand in this order.
      for (form, normalizer) in normalizers.enumerated() {
        #expect(scalars(normalizer.normalized(source)) == columns[form + 1])
      }
      lines += 1
    }
    #expect(lines > 18_000)
  }

  @Test func caseMapping() throws {
    let english = try CaseMapper(locale: "en")
    #expect(english.lowercased("ÀÉ ΌΔΟΣ İ") == "àé όδος i̇")
    #expect(english.folded("Straße Σς") == "strasse σσ")
    let turkish = try CaseMapper(locale: "tr")
    #expect(turkish.lowercased("IİI") == "ıiı")
    #expect(english.lowercasesASCIIPlainly && !turkish.lowercasesASCIIPlainly)
    #expect(try !CaseMapper(locale: "lt").lowercasesASCIIPlainly)
    #expect(english.lowercased("") == "")
    #expect(throws: TokenizerError.unknownLocale("qqq")) { try CaseMapper(locale: "qqq") }
  }
}
