import Foundation
import Testing

@testable import TextProcessing

@Suite("SentencePiece models")
struct SentencePieceTests {
  /// What `scripts/fixtures/sentencepiece.py` wrote with the package `sentencepiece`.
  struct Case: Decodable {
    var text: String
    var ids: [Int32]
    var decoded: String
  }

  static let names = ["unigram", "bpe", "phrases"]

  private func file(_ name: String, _ suffix: String) -> String {
    Bundle.module.bundlePath + "/Fixtures/sentencepiece-\(name).\(suffix)"
  }

  @Test("texts have the ids of the package sentencepiece, and become texts again", arguments: names)
  func texts(name: String) throws {
    let tokenizer = try SubwordTokenizer(sentencePiece: file(name, "model"))
    let cases = try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: URL(filePath: file(name, "expected.json"))))
    #expect(cases.count > 80)
    #expect(throws: SubwordTokenizerError.self) { try tokenizer.json() }
    for own in cases {
      let encoding = try tokenizer.encode(own.text)
      #expect(encoding.ids == own.ids, "\(own.text.debugDescription)")
      #expect(try tokenizer.ids(of: own.text) == own.ids)
      let decoded = try tokenizer.decode(own.ids)
      #expect(decoded.unicodeScalars.elementsEqual(own.decoded.unicodeScalars), "\(own.text.debugDescription)")
      // Ranges are of the text as written and never go back.
      for (range, next) in zip(encoding.ranges, encoding.ranges.dropFirst()) {
        #expect(range.lowerBound <= next.lowerBound && range.upperBound <= own.text.utf8.count)
      }
    }
  }

  @Test("a model that is cut or changed anywhere is an error or a model, never a crash")
  func damage() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: file("bpe", "model"))))
    for end in stride(from: 0, to: bytes.count, by: 97) {
      _ = try? SubwordTokenizer(sentencePieceModel: Array(bytes[..<end]))
    }
    for index in stride(from: 0, to: bytes.count, by: 61) {
      var changed = bytes
      changed[index] ^= 0xFF
      _ = try? SubwordTokenizer(sentencePieceModel: changed)
    }
    for bytes: [UInt8] in [
      [], [0x0A], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x7B, 0x7D],
    ] {
      #expect(throws: SubwordTokenizerError.self) { try SubwordTokenizer(sentencePieceModel: bytes) }
    }
  }

  @Test("settings that are not there are refused by name")
  func unsupported() throws {
    // A piece "a", and of the trainer's fields the model type WORD; then spaces behind words; then a type of a piece.
    let piece: [UInt8] = [0x0A, 0x03, 0x0A, 0x01, 0x61]
    for (bytes, name) in [
      (piece + [0x12, 0x02, 0x18, 0x03], "model_type"),
      (piece + [0x12, 0x03, 0xC0, 0x01, 0x01], "treat_whitespace_as_suffix"),
      (piece + [0x1A, 0x02, 0x28, 0x00], "escape_whitespaces"), ([0x0A, 0x05, 0x0A, 0x01, 0x61, 0x18, 0x05], "UNUSED"),
    ] {
      do {
        _ = try SubwordTokenizer(sentencePieceModel: bytes)
        Issue.record("\(name) was not refused")
      } catch {
        #expect("\(error)".contains(name), "\(error)")
      }
    }
  }
}
