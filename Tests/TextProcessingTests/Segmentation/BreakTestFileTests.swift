import CICU
import Testing

@testable import TextProcessing

/// Unicode's own test files. ICU tailors some rules; the lines where it differs are counted here, and everywhere the
/// tokenizer is what ICU is.
@Suite(.enabled(if: Corpora.areThere, "\(Corpora.missing)"))
struct BreakTestFileTests {
  /// A line such as `÷ 0061 × 0308 ÷`: the text, and the ends of its segments in bytes.
  private func cases(of file: String) throws -> [(text: [UInt8], ends: [Int])] {
    try Corpora.lines(of: "unicode-15.0/" + file).compactMap { line in
      let content = String(decoding: line, as: UTF8.self).split(separator: "#", omittingEmptySubsequences: false)[0]
      var text: [UInt8] = []
      var ends: [Int] = []
      for part in content.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
        if part == "÷" {
          if !text.isEmpty { ends.append(text.count) }
        } else if part != "×" {
          guard let value = UInt32(part, radix: 16), let scalar = Unicode.Scalar(value) else { return nil }
          text += Array(String(Character(scalar)).utf8)
        }
      }
      return text.isEmpty ? nil : (text, ends)
    }
  }

  private func differences(_ file: String, _ unit: TextUnit, _ kind: cicu_break_kind) throws -> [[UInt8]] {
    let tokenizer = try Tokenizer(everything(unit))
    let workspace = tokenizer.makeWorkspace()
    let reference = ICUReference(kind)
    let all = try cases(of: file)
    #expect(all.count > 500)
    return try all.compactMap { text, ends in
      let found = try tokenizer.ends(of: text, with: workspace)
      // The space behind a sentence is a segment of its own.
      let expected = reference.ends(of: text)
      #expect(Set(expected).isSubset(of: found), "\(text)")
      if unit != .sentence, unit != .line { #expect(found == expected, "\(text)") }
      return expected == ends ? nil : text
    }
  }

  /// ICU leaves the colon out of MidLetter and counts `@` with the letters; the lines that differ have a colon between
  /// letters.
  @Test func words() throws {
    let differing = try differences("WordBreakTest.txt", .word, cicu_break_word)
    #expect(differing.allSatisfy { $0.contains(UInt8(ascii: ":")) })
    #expect(!differing.isEmpty)
  }

  @Test func characters() throws {
    #expect(try differences("GraphemeBreakTest.txt", .character, cicu_break_character) == [])
  }

  /// ICU breaks before a number with a leading full stop or comma, which LB13 and LB25 leave whole with what is before, and
  /// does not break behind a hyphen that begins a text (LB20a of later versions): 14 and 8 lines.
  @Test func lines() throws {
    let differing = try differences("LineBreakTest.txt", .line, cicu_break_line)
    let hyphens = differing.filter { $0[0] == UInt8(ascii: "-") }
    let points = differing.filter { $0.contains(UInt8(ascii: ".")) || $0[0] == UInt8(ascii: ",") }
    #expect(hyphens.count == 8 && points.count == 14 && differing.count == 22)
  }

  @Test func sentences() throws {
    #expect(try differences("SentenceBreakTest.txt", .sentence, cicu_break_sentence) == [])
  }
}
