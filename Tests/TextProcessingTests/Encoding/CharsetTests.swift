import Testing

@testable import TextProcessing

@Suite struct CharsetTests {
  @Test func conversion() throws {
    #expect(try Charset.utf8(from: [0x63, 0x61, 0x66, 0xE9], charset: "ISO-8859-1") == Array("café".utf8))
    #expect(try Charset.utf8(from: [0xB1, 0xB1, 0xBE, 0xA9], charset: "GB18030") == Array("北京".utf8))
    #expect(try Charset.utf8(from: [0x93, 0xFA, 0x96, 0x7B], charset: "Shift_JIS") == Array("日本".utf8))
    #expect(try Charset.utf8(from: [0xFF, 0xFE, 0x3D, 0xD8, 0x00, 0xDE], charset: "UTF-16") == Array("😀".utf8))
    #expect(try Charset.utf8(from: [], charset: "UTF-16") == [])
    // A result that is larger than what is first made room for.
    let ideographs = [UInt8](repeating: 0xB1, count: 2_000)
    #expect(try Charset.utf8(from: ideographs, charset: "GB18030") == Array(String(repeating: "北", count: 1_000).utf8))
    #expect(try Charset.utf8(from: [0xFF, 0x41], charset: "UTF-8") == Array("\u{FFFD}A".utf8))
  }

  @Test func unknownCharset() {
    for name in ["no-such-set", "UTF-8\0"] {
      #expect(throws: CharsetError.unknownCharset(name)) { try Charset.utf8(from: [0x41], charset: name) }
    }
  }

  @Test func detection() throws {
    #expect(try Charset.guesses(for: Array("Überraschung".utf8)).first?.name == "UTF-8")
    let german = "Die schönen Häuser über der Straße gehören den größten Gärtnern der Stadt, wie früher."
    let latin1 = german.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let guess = try #require(try Charset.guesses(for: latin1).first)
    #expect(["ISO-8859-1", "windows-1252"].contains(guess.name))
    #expect(try Charset.utf8(from: latin1, charset: guess.name) == Array(german.utf8))
    #expect(try Charset.guesses(for: [0xFF, 0xFE, 0x41, 0x00]).first?.name == "UTF-16LE")
    #expect(throws: Never.self) { try Charset.guesses(for: []) }
  }
}
