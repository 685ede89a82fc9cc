import Testing

@testable import TextProcessing

@Suite struct JSONObjectParserTests {
  private func parse(_ json: String) throws -> [String: String] {
    var parser = JSONObjectParser(bytes: Array(json.utf8))
    try parser.parse()
    return Dictionary(zip(parser.names, parser.values)) { first, _ in first }
  }

  @Test func values() throws {
    #expect(try parse("{}") == [:])
    #expect(try parse(" { \"a\" : -1.5e+3 , \"b\":false,\"c\":\"\" } ") == ["a": "-1.5e+3", "b": "false", "c": ""])
    #expect(try parse(#"{"a": [[], {"x": "}"}], "b": "y"}"#) == ["b": "y"])
    #expect(try parse(#"{"\u0061": "\b\f\n\r\t\"\\\/"}"#) == ["a": "\u{8}\u{C}\n\r\t\"\\/"])
    #expect(try parse(#"{"a": "\uD83D\uDE00"}"#) == ["a": "😀"])
  }

  @Test(arguments: [
    "", "[]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":01}", "{\"a\":.5}",
    "{\"a\":1.}", "{\"a\":1e}", "{\"a\":tru}", "{\"a\":\"x}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
    "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\t\"}", "{\"a\":[}]}",
    "{\"a\":[1}", "{} x", "{\"a\":-}", "{\"a\":nul",
  ])
  func malformed(json: String) {
    #expect(throws: JSONFailure.self) { try parse(json) }
  }

  /// Depth is no recursion.
  @Test func deep() throws {
    let depth = 1_000_000
    let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    #expect(try parse("{\"a\":\(nested),\"b\":1}") == ["b": "1"])
    #expect(throws: JSONFailure.self) { try parse("{\"a\":" + String(repeating: "[", count: depth)) }
  }

  /// Cut anywhere, an object is malformed and nothing worse.
  @Test func cutAnywhere() {
    let json = Array(#"{"a": "x\u00e9\ud83d\ude00", "b": [1, {"c": null}], "d": -1.5e3, "e": true}"#.utf8)
    for end in 0..<json.count {
      var parser = JSONObjectParser(bytes: Array(json[..<end]))
      #expect(throws: JSONFailure.self) { try parser.parse() }
    }
  }
}
