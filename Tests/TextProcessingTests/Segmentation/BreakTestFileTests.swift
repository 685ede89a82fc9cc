import CICU
import Foundation
import Testing

@testable import TextProcessing

/// Unicode's own test files. ICU tailors some rules; the lines where it differs are listed here, and everywhere the
/// tokenizer has the boundaries of ICU called directly.
@Suite(.enabled(if: Corpora.areThere, "\(Corpora.missing)"))
struct BreakTestFileTests {
  /// A line such as `÷ 0061 × 0308 ÷`: the text, and the ends of its segments in bytes.
  private func cases(of file: String) throws -> [(line: String, text: [UInt8], ends: [Int])] {
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
      return text.isEmpty ? nil : (content.trimmingCharacters(in: .whitespaces), text, ends)
    }
  }

  /// The lines that ICU tailors, each as the file has it. Everywhere the tokenizer has ICU's boundaries.
  private func differences(_ file: String, _ unit: TextUnit, _ kind: cicu_break_kind) throws -> [String] {
    let tokenizer = try Tokenizer(everything(unit))
    let workspace = tokenizer.makeWorkspace()
    let reference = ICUReference(kind)
    let all = try cases(of: file)
    #expect(all.count > 500)
    return try all.compactMap { line, text, ends in
      let found = try tokenizer.ends(of: text, with: workspace)
      let expected = reference.ends(of: text)
      let hasSpaces = unit == .sentence || unit == .line
      #expect(found == (hasSpaces ? endsWithoutSpace(expected, in: text) : expected), "\(line)")
      return expected == ends ? nil : line
    }
  }

  private static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

  /// ICU leaves the colon out of MidLetter, so that it divides letters.
  private static let tailoredWords = lines(
    """
    ÷ 0061 × 003A × 0041 ÷
    ÷ 0061 × 003A × 0308 × 0041 ÷
    ÷ 0061 × 003A × 05D0 ÷
    ÷ 0061 × 003A × 0308 × 05D0 ÷
    ÷ 0061 × 003A × 0061 × 2060 ÷
    ÷ 0061 × 003A × 0308 × 0061 × 2060 ÷
    ÷ 0061 × 003A × 0061 ÷ 003A ÷
    ÷ 0061 × 003A × 0308 × 0061 ÷ 003A ÷
    ÷ 0061 × 003A × 0061 ÷ 0027 ÷
    ÷ 0061 × 003A × 0308 × 0061 ÷ 0027 ÷
    ÷ 0061 × 003A × 0061 ÷ 0027 × 2060 ÷
    ÷ 0061 × 003A × 0308 × 0061 ÷ 0027 × 2060 ÷
    ÷ 0061 × 003A × 0061 ÷ 002C ÷
    ÷ 0061 × 003A × 0308 × 0061 ÷ 002C ÷
    ÷ 0041 × 003A × 0041 ÷
    """)

  /// ICU breaks before a number with a leading full stop or comma, which LB13 and LB25 leave whole with what is before, and
  /// does not break behind a hyphen that begins a text (LB20a of later versions).
  private static let tailoredLines = lines(
    """
    × 002D ÷ 0023 ÷
    × 002D × 0308 ÷ 0023 ÷
    × 002D ÷ 00A7 ÷
    × 002D × 0308 ÷ 00A7 ÷
    × 002D ÷ 50005 ÷
    × 002D × 0308 ÷ 50005 ÷
    × 002D ÷ 0E01 ÷
    × 002D × 0308 ÷ 0E01 ÷
    × 002C ÷ 0030 ÷
    × 002C × 0308 ÷ 0030 ÷
    × 0065 × 0071 × 0075 × 0061 × 006C × 0073 × 0020 × 002E ÷ 0033 × 0035 × 0020 ÷ 0063 × 0065 × 006E × 0074 × 0073 ÷
    × 0061 × 002E ÷ 0032 × 0020 ÷
    × 0061 × 002E ÷ 0032 × 0020 ÷ 0915 ÷
    × 0061 × 002E ÷ 0032 × 0020 ÷ 672C ÷
    × 0061 × 002E ÷ 0032 × 3000 ÷ 672C ÷
    × 0061 × 002E ÷ 0032 × 3000 ÷ 307E ÷
    × 0061 × 002E ÷ 0032 × 3000 ÷ 0033 ÷
    × 0041 × 002E ÷ 0031 × 0020 ÷ BABB ÷
    × BD24 ÷ C5B4 × 002E × 0020 ÷ 0041 × 002E ÷ 0032 × 0020 ÷ BCFC ÷
    × BD10 ÷ C694 × 002E × 0020 ÷ 0041 × 002E ÷ 0033 × 0020 ÷ BABB ÷
    × C694 × 002E × 0020 ÷ 0041 × 002E ÷ 0034 × 0020 ÷ BABB ÷
    × 0061 × 002E ÷ 0032 × 3000 ÷ 300C ÷
    """)

  @Test func words() throws {
    #expect(try differences("WordBreakTest.txt", .word, cicu_break_word) == Self.tailoredWords)
  }

  @Test func characters() throws {
    #expect(try differences("GraphemeBreakTest.txt", .character, cicu_break_character) == [])
  }

  @Test func lines() throws {
    #expect(try differences("LineBreakTest.txt", .line, cicu_break_line) == Self.tailoredLines)
  }

  @Test func sentences() throws {
    #expect(try differences("SentenceBreakTest.txt", .sentence, cicu_break_sentence) == [])
  }
}
