import CICU
import Foundation
import Synchronization
import Testing

@testable import TextProcessing

/// Ten million random texts beside ICU called directly: with NLPTOOL_LONG_TESTS set, a few minutes.
@Suite(.enabled(if: Corpora.longTests, "skipped: NLPTOOL_LONG_TESTS is not set"))
struct LongIdentityTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let unit: TextUnit
    let locale: String
    /// Thousands of texts.
    let count: Int
    var testDescription: String { "\(unit.rawValue) \(locale)" }
  }

  /// All locales that ICU tailors, and some that it does not.
  static let cases =
    ["en", "fi", "sv", "ja", "th", "el", "en_US_POSIX", "zh", "ko", "root"].map {
      Case(unit: .word, locale: $0, count: $0 == "en" ? 2_500 : 450)
    }
    + ["en", "el"].map { Case(unit: .sentence, locale: $0, count: 500) }
    + ["en", "hi"].map { Case(unit: .character, locale: $0, count: 500) }
    + ["en", "ja", "zh", "fi", "ko"].map { Case(unit: .line, locale: $0, count: 300) }

  @Test("random texts have ICU's boundaries", arguments: cases)
  func randomTexts(own: Case) throws {
    let kinds: [TextUnit: cicu_break_kind] = [
      .word: cicu_break_word, .sentence: cicu_break_sentence, .character: cicu_break_character, .line: cicu_break_line,
    ]
    let kind = try #require(kinds[own.unit])
    let tokenizer = try Tokenizer(everything(own.unit, locale: own.locale))
    let failures = Mutex<[String]>([])
    let scalars = Mutex(0)
    let parts = 2
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let reference = ICUReference(kind, locale: own.locale)
      let workspace = tokenizer.makeWorkspace()
      var texts = RandomText(seed: UInt64(own.locale.utf8.reduce(part + own.unit.rawValue.count) { $0 * 31 + Int($1) }))
      var total = 0
      for _ in 0..<own.count * 1000 / parts {
        let text = part == 0 || own.unit != .word ? texts.next(runs: 12) : texts.nextChinese(runs: 5)
        total += text.unicodeScalars.count
        let bytes = Array(text.utf8)
        // A byte order mark at the start is no part of the text.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { continue }
        let expected = reference.ends(of: bytes)
        let found = (try? tokenizer.ends(of: bytes, with: workspace)) ?? []
        let hasSpaces = own.unit == .sentence || own.unit == .line
        let isSame = found == (hasSpaces ? endsWithoutSpace(expected, in: bytes) : expected)
        if !isSame { failures.withLock { $0.append(text.debugDescription) } }
      }
      scalars.withLock { $0 += total }
    }
    let found = failures.withLock { $0 }
    #expect(found.isEmpty, "\(found.count) of \(own.count) thousand, such as \(found.prefix(3))")
    // Forty scalars on average.
    #expect(scalars.withLock { $0 } > 30 * own.count * 1000)
  }

  @Test("bytes that are no UTF-8 are found where Swift's strings find them")
  func invalidBytes() throws {
    let tokenizer = try Tokenizer(everything())
    let workspace = tokenizer.makeWorkspace()
    var generator = SeededGenerator(seed: 3)
    var texts = RandomText(seed: 4)
    // Overlong forms, surrogates, cut sequences, and what is above U+10FFFF.
    let bad: [[UInt8]] = [
      [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE4, 0xBB], [0xF0, 0x9F, 0x98], [0x80], [0xFF],
      [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0x80],
    ]
    for _ in 0..<500_000 {
      let before = Array(texts.next(runs: 4).utf8)
      let text = before + (bad.randomElement(using: &generator) ?? []) + Array(texts.next(runs: 3).utf8)
      let isValid = String(validating: text, as: UTF8.self) != nil
      do throws(InvalidUTF8) {
        try tokenizer.tokenize(text, with: workspace)
        #expect(isValid)
      } catch {
        #expect(!isValid && error.offset == before.count)
      }
    }
  }
}
