import CICU
import Foundation
import Synchronization
import Testing

@testable import TextProcessing

/// Whole data sets beside ICU called directly, in all units.
@Suite(.enabled(if: Corpora.areThere, "\(Corpora.missing)"))
struct CorpusIdentityTests {
  static let kinds: [(unit: TextUnit, kind: cicu_break_kind)] = [
    (.word, cicu_break_word), (.sentence, cicu_break_sentence), (.character, cicu_break_character),
    (.line, cicu_break_line),
  ]

  /// Compares all boundaries of some texts in a unit; returns the number of segments.
  private func compare(
    _ texts: [[UInt8]], _ unit: TextUnit, _ kind: cicu_break_kind, locale: String
  ) throws -> Int {
    let tokenizer = try Tokenizer(everything(unit, locale: locale))
    let reference = ICUReference(kind, locale: locale)
    let workspace = tokenizer.makeWorkspace()
    var segments = 0
    for text in texts {
      if unit == .word {
        try expectSameWords(tokenizer, workspace, reference, text)
        segments += workspace.count
        continue
      }
      let ends = reference.ends(of: text)
      let found = try tokenizer.ends(of: text, with: workspace)
      let expected = unit == .character ? ends : endsWithoutSpace(ends, in: text)
      if found != expected {
        Issue.record("\(unit) \(locale): \(String(decoding: text.prefix(400), as: UTF8.self).debugDescription)")
      }
      segments += found.count
    }
    return segments
  }

  /// Sentences of newspapers and encyclopaedias in eight languages, each in its own locale and in English.
  @Test(arguments: ["ar_pud", "de_pud", "en_pud", "hi_pud", "ja_gsd", "ru_pud", "th_pud", "zh_pud"])
  func universalDependencies(treebank: String) throws {
    let mark = Array("# text = ".utf8)
    let texts = try Corpora.lines(of: "ud_pud/\(treebank)-ud-test.conllu").filter { $0.starts(with: mark) }
      .map { Array($0.dropFirst(mark.count)) }
    #expect(texts.count >= 500)
    for (unit, kind) in Self.kinds {
      for locale in Set(["en", String(treebank.prefix(2))]) {
        let segments = try compare(texts, unit, kind, locale: locale)
        #expect(segments >= texts.count)
      }
    }
  }

  @Test(arguments: [
    "arb", "cmn_hans", "cmn_hant", "deu", "ell_monotonic", "eng", "fra", "heb", "hin", "jpn", "khm", "kor", "lao",
    "mya",
    "rus", "spa", "tam", "tha", "tur", "vie",
  ])
  func declarationOfHumanRights(language: String) throws {
    let lines = try Corpora.lines(of: "udhr2/\(language).txt")
    let whole = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    for (unit, kind) in Self.kinds where unit != .word {
      let segments = try compare(lines + [whole], unit, kind, locale: "en")
      #expect(segments > 100)
    }
  }

  /// All 25,000 lines, on the processors that are there.
  @Test func reviews() throws {
    let lines = try Corpora.lines(of: "imdb/train.tsv")
    #expect(lines.count >= 25_000)
    let parts = 4
    let segments = Mutex(0)
    let errors = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let own = Array(lines[lines.count * part / parts..<lines.count * (part + 1) / parts])
      do {
        let count = try compare(own, .word, cicu_break_word, locale: "en")
        segments.withLock { $0 += count }
      } catch {
        errors.withLock { $0.append("\(error)") }
      }
    }
    #expect(errors.withLock { $0 }.isEmpty && segments.withLock { $0 } > 10_000_000)
  }
}
