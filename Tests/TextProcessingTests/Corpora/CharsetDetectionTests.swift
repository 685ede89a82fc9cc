import Foundation
import Testing

@testable import TextProcessing

/// What `--encoding auto` finds out.
@Suite("Detection of character sets")
struct CharsetDetectionTests {
  private func read(_ bytes: [UInt8]) throws -> (text: String, set: String?) {
    let file = try TemporaryPath(containing: bytes)
    let reader = try LineReader(path: file.path, encoding: TextEncoding(.detected))
    var text = ""
    while try reader.advance() {
      text += try reader.lineText()
      if reader.lineEnding != .none { text += "\n" }
    }
    return (text, reader.encodingReport.characterSet)
  }

  static let wideSets: [(name: String, encoding: String.Encoding)] = [
    ("UTF-16LE", .utf16LittleEndian), ("UTF-16BE", .utf16BigEndian), ("UTF-32LE", .utf32LittleEndian),
    ("UTF-32BE", .utf32BigEndian),
  ]

  @Test("UTF-16 and UTF-32 without a mark", arguments: wideSets)
  func wide(name: String, encoding: String.Encoding) throws {
    let texts = [
      "All human beings are born free and equal.\n", "a", "Все люди рождаются свободными.\nИ равными\n",
      String(repeating: "今天天气真好\n", count: 5), "一\n二\n", "😀 smile\n", "Ένα\tδύο\n", "كل الناس\n", "ก ข\n",
      String(repeating: "Hello, wörld 😀.\n", count: 9_000),
    ]
    for text in texts {
      let (found, set) = try read([UInt8](try #require(text.data(using: encoding))))
      #expect(found == text && set == name, "\(text.prefix(20)): \(set ?? "UTF-8")")
    }
  }

  @Test(
    "the Universal Declaration of Human Rights in UTF-16 and UTF-32",
    .enabled(if: Corpora.areThere, "\(Corpora.missing)"),
    arguments: [
      "arb", "cmn_hans", "deu", "ell_monotonic", "eng", "heb", "hin", "jpn", "kor", "rus", "tam", "tha", "vie",
    ])
  func declaration(language: String) throws {
    let text = try String(contentsOfFile: Corpora.path("udhr2/\(language).txt"), encoding: .utf8)
    for (name, encoding) in Self.wideSets {
      let bytes = [UInt8](try #require(text.data(using: encoding)))
      #expect(CharsetDetection(head: bytes, isCut: false).wideSetName == name, "\(language) \(name)")
      #expect(CharsetDetection(head: Array(bytes.prefix(4096)), isCut: true).wideSetName == name, "\(language) \(name)")
    }
    #expect(CharsetDetection(head: Array(text.utf8), isCut: false).wideSetName == nil)
  }

  @Test("NULs in UTF-8 make no UTF-16 of it")
  func separators() throws {
    for text in ["one\0two\0three\0", "\0\0\0\0", "x\0", "no NUL\n", "названия\0слова\0"] {
      let found = try CharsetDetection(head: Array(text.utf8), isCut: false).guess()
      #expect(text == "x\0" || found == nil, "\(text.debugDescription)")
    }
  }

  @Test("a NUL in a text of bytes makes no UTF-16 of it")
  func strayNUL() throws {
    let text = "Un caf\u{E9} et un th\u{E9}, s'il vous pla\u{EE}t; l'addition aussi"
    for place in 4..<40 {
      var bytes = text.unicodeScalars.map { UInt8($0.value) }
      bytes[place] = 0
      #expect(CharsetDetection(head: bytes, isCut: false).wideSetName == nil)
      #expect(CharsetDetection(head: Array(bytes.dropLast()), isCut: false).wideSetName == nil)
    }
  }

  @Test("a set that ICU cannot tell from others is tried, and one that it cannot open is none")
  func tried() throws {
    let cases: [(bytes: [UInt8], text: String, set: String)] = [
      // 今天天气真好 in GB18030 and 今天天氣真好 in Big5: ICU's first guess is UTF-16BE.
      ([0xBD, 0xF1, 0xCC, 0xEC, 0xCC, 0xEC, 0xC6, 0xF8, 0xD5, 0xE6, 0xBA, 0xC3, 0x0A], "今天天气真好\n", "GB18030"),
      ([0xBD, 0xF1, 0xCC, 0xEC, 0xCC, 0xEC, 0xC6, 0xF8, 0xD5, 0xE6, 0xBA, 0xC3], "今天天气真好", "GB18030"),
      ([0xA4, 0xB5, 0xA4, 0xD1, 0xA4, 0xD1, 0xAE, 0xF0, 0xAF, 0x75, 0xA6, 0x6E, 0x0A], "今天天氣真好\n", "Big5"),
      // 今天天气真好 in UTF-16LE without a line feed, of which ICU makes ISO-8859-1 with controls.
      ([0xCA, 0x4E, 0x29, 0x59, 0x29, 0x59, 0x14, 0x6C, 0x1F, 0x77, 0x7D, 0x59], "今天天气真好", "UTF-16LE"),
    ]
    for (bytes, text, set) in cases {
      let found = try read(bytes)
      #expect(found.text == text && found.set == set, "\(set): \(found)")
    }
    // Czech in ISO-8859-2: among the guesses are IBM420_rtl and IBM420_ltr.
    let czech: [UInt8] =
      Array("Dobr".utf8) + [0xFD] + Array(" den, ".utf8) + [0xB9, 0xBB] + Array("astn".utf8) + [0xFD, 0x20, 0xE8]
      + Array("lov".utf8) + [0xEC, 0x6B, 0x0A]
    let guesses = try Charset.guesses(for: czech)
    #expect(!guesses.isEmpty && guesses.allSatisfy { (try? Charset.utf8(from: [0x41], charset: $0.name)) != nil })
    // Where nothing can be said it is UTF-8 with a fault, and no name that nobody gave is blamed.
    for bytes: [UInt8] in [[0x31, 0xE9], [0xE9], [0x01, 0xFF, 0x00], [0x81, 0x20, 0x81]] {
      do { _ = try read(bytes) } catch CorpusError.unknownCharset(_, let charset) { Issue.record("\(charset)") } catch {
      }
    }
  }
}
