import Foundation
import Testing

@testable import TextProcessing

@Suite struct TokenizerSettingsTests {
  private func encoded(_ settings: TokenizerSettings) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(settings), as: UTF8.self)
  }

  private func decoded(_ json: String) throws -> TokenizerSettings {
    try JSONDecoder().decode(TokenizerSettings.self, from: Data(json.utf8))
  }

  /// Files hold this form: it must not change.
  @Test func codedForm() throws {
    #expect(
      try encoded(.init())
        == #"{"locale":"en","lowercase":false,"skippedKinds":["space"],"unit":"word"}"#)
    let settings = TokenizerSettings(
      unit: .character, locale: "zh", normalization: .nfkc, lowercase: true, skippedKinds: [.space, .other, .emoji])
    let json =
      #"{"locale":"zh","lowercase":true,"normalization":"nfkc","skippedKinds":["emoji","other","space"],"#
      + #""unit":"character"}"#
    #expect(try encoded(settings) == json)
    #expect(try decoded(json) == settings)
  }

  @Test func defaultsForWhatIsAbsent() throws {
    #expect(try decoded("{}") == TokenizerSettings())
    #expect(try decoded(#"{"skippedKinds":[]}"#).skippedKinds == [])
  }

  @Test func unknownKindIsRefused() {
    #expect(throws: DecodingError.self) { try decoded(#"{"skippedKinds":["spaces"]}"#) }
  }

  @Test func namesOfKinds() {
    for kind in TokenKind.allCases { #expect(TokenKind(name: kind.name) == kind) }
    #expect(TokenKind(name: "spaces") == nil)
    #expect(
      TokenKind.allCases.map(\.name) == [
        "word", "number", "punctuation", "symbol", "emoji", "cjk", "kana", "space", "other", "url", "email", "mention",
        "hashtag", "emoticon",
      ])
  }
}
