import Foundation
import Testing

@testable import TextProcessing

/// What `scripts/fixtures/subwords.py` wrote with the package `tokenizers`.
struct SubwordFixture: CustomTestStringConvertible, Sendable {
  struct Encoding: Decodable {
    var ids: [Int32]?
    var tokens: [String]?
    var offsets: [[Int]]?
    var type_ids: [Int32]?
    var words: [Int?]?
    var special: [Int]?
    var attention: [Int]?
    var overflowing: [Encoding]?
  }

  struct Case: Decodable {
    var text: String
    var pair: String?
    var decoded: String?
    var decoded_all: String?
    var encoding: Encoding
    var truncation: TruncationSettings?

    struct TruncationSettings: Decodable {
      var direction: String
      var max_length: Int
      var strategy: String
      var stride: Int
    }

    private enum CodingKeys: CodingKey { case text, pair, decoded, decoded_all, truncation }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      text = try values.decode(String.self, forKey: .text)
      pair = try values.decodeIfPresent(String.self, forKey: .pair)
      decoded = try values.decodeIfPresent(String.self, forKey: .decoded)
      decoded_all = try values.decodeIfPresent(String.self, forKey: .decoded_all)
      truncation = try values.decodeIfPresent(TruncationSettings.self, forKey: .truncation)
      encoding = try Encoding(from: decoder)
    }
  }

  struct Padded: Decodable {
    struct Settings: Decodable {
      var pad_id: Int32
      var pad_token: String
      var pad_to_multiple_of: Int
    }
    var padding: Settings
    var cases: [Case]
  }

  struct Expected: Decodable {
    var cases: [Case]
    var pairs: [Case]
    var truncated: [Case]
    var padded: Padded
  }

  static let names = ["byte-level", "roberta", "clip", "llama", "bert", "unigram", "words"]

  /// As `tokenizers` wrote them, and as they are when they were read and written again.
  static let all = names.flatMap { [Self(name: $0), Self(name: $0, isWrittenAgain: true)] }

  let name: String
  var isWrittenAgain = false
  var testDescription: String { isWrittenAgain ? "\(name), written again" : name }

  var path: String { Bundle.module.bundlePath + "/Fixtures/\(name).json" }

  func tokenizer() throws -> SubwordTokenizer {
    let original = try SubwordTokenizer(contentsOf: path)
    guard isWrittenAgain else { return original }
    let again = try SubwordTokenizer(json: original.json())
    #expect(try again.json() == original.json())
    return again
  }

  func expected() throws -> Expected {
    let data = try Data(contentsOf: URL(filePath: Bundle.module.bundlePath + "/Fixtures/\(name).expected.json"))
    return try JSONDecoder().decode(Expected.self, from: data)
  }
}

@Suite("Subword tokenizers, beside the package tokenizers")
struct SubwordFixtureTests {
  @Test("texts have the same ids, tokens, ranges and words", arguments: SubwordFixture.all)
  func texts(fixture: SubwordFixture) throws {
    let tokenizer = try fixture.tokenizer()
    let cases = try fixture.expected().cases
    #expect(cases.count > 50)
    for own in cases {
      expectSame(try tokenizer.encode(own.text), own.encoding, own.text, nil)
      let ids = own.encoding.ids ?? []
      #expect(scalars(try tokenizer.decode(ids)) == scalars(own.decoded ?? ""))
      #expect(scalars(try tokenizer.decode(ids, skipsSpecialTokens: false)) == scalars(own.decoded_all ?? ""))
      let plain = try tokenizer.encode(own.text, addsSpecialTokens: false)
      #expect(try tokenizer.ids(of: own.text) == plain.ids)
    }
  }

  @Test("pairs have the same types and templates", arguments: SubwordFixture.all)
  func pairs(fixture: SubwordFixture) throws {
    let tokenizer = try fixture.tokenizer()
    for own in try fixture.expected().pairs {
      expectSame(try tokenizer.encode(own.text, pair: own.pair ?? ""), own.encoding, own.text, own.pair)
    }
  }

  @Test("truncation leaves the same tokens and the same overflow", arguments: SubwordFixture.all)
  func truncation(fixture: SubwordFixture) throws {
    var tokenizer = try fixture.tokenizer()
    for own in try fixture.expected().truncated {
      let settings = try #require(own.truncation)
      var truncation = Truncation(maximumLength: settings.max_length)
      truncation.stride = settings.stride
      truncation.strategy = try #require(Truncation.Strategy(rawValue: settings.strategy))
      truncation.direction = try #require(TextEnd(rawValue: settings.direction))
      tokenizer.truncation = truncation
      if own.encoding.ids == nil {
        #expect(throws: SubwordTokenizerError.self) { try tokenizer.encode(own.text, pair: own.pair ?? "") }
      } else if let pair = own.pair {
        expectSame(try tokenizer.encode(own.text, pair: pair), own.encoding, own.text, pair)
      } else {
        expectSame(try tokenizer.encode(own.text), own.encoding, own.text, nil)
      }
    }
  }

  @Test("batches are padded the same", arguments: SubwordFixture.all)
  func padding(fixture: SubwordFixture) throws {
    var tokenizer = try fixture.tokenizer()
    let padded = try fixture.expected().padded
    var padding = Padding()
    padding.direction = .left
    padding.multiple = padded.padding.pad_to_multiple_of
    padding.id = padded.padding.pad_id
    padding.token = padded.padding.pad_token
    tokenizer.padding = padding
    let encodings = try tokenizer.encode(padded.cases.map(\.text))
    for (own, encoding) in zip(padded.cases, encodings) { expectSame(encoding, own.encoding, own.text, nil) }
  }

  @Test("a stream of ids gives the text piece by piece", arguments: SubwordFixture.all.prefix(2))
  func stream(fixture: SubwordFixture) throws {
    let tokenizer = try fixture.tokenizer()
    for text in ["naïve 😀 今天天气", "the film was good"] {
      var stream = tokenizer.makeStream()
      var pieces: [String] = []
      for id in try tokenizer.ids(of: text) {
        if let piece = try stream.append(id) { pieces.append(piece) }
      }
      #expect(pieces.count > 1)
      #expect(pieces.joined().trimmingCharacters(in: .whitespaces) == text)
      #expect(!pieces.contains { $0.unicodeScalars.contains("\u{FFFD}") })
    }
  }

  /// Strings by their scalars: equality of strings would hide what normalisation changed.
  private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

  private func expectSame(
    _ encoding: SubwordEncoding, _ expected: SubwordFixture.Encoding, _ text: String, _ pair: String?
  ) {
    #expect(encoding.ids == expected.ids, "\(text.debugDescription)")
    #expect(encoding.tokens.map(scalars) == expected.tokens?.map(scalars), "\(text.debugDescription)")
    #expect(encoding.typeIDs == expected.type_ids, "\(text.debugDescription)")
    #expect(encoding.wordIDs == expected.words, "\(text.debugDescription)")
    #expect(encoding.specialTokensMask.map { $0 ? 1 : 0 } == expected.special, "\(text.debugDescription)")
    #expect(encoding.attentionMask.map { $0 ? 1 : 0 } == expected.attention, "\(text.debugDescription)")
    #expect(encoding.overflowing.count == expected.overflowing?.count ?? 0, "\(text.debugDescription)")
    for (own, their) in zip(encoding.overflowing, expected.overflowing ?? []) { expectSame(own, their, text, pair) }
    // Ours count bytes and are right where normalisation changes the order of marks; theirs count scalars.
    let isReordered = !text.unicodeScalars.allSatisfy { $0.properties.canonicalCombiningClass == .notReordered }
    if isReordered { return }
    for (index, range) in encoding.ranges.enumerated() {
      let own = encoding.sequenceIDs[index] == 1 ? pair ?? "" : text
      #expect(
        scalarRange(range, in: own) == expected.offsets?[index], "\(text.debugDescription) \(encoding.tokens[index])")
    }
  }

  private func scalarRange(_ range: Range<Int>, in text: String) -> [Int] {
    let utf8 = Array(text.utf8)
    func count(_ end: Int) -> Int { utf8[..<end].count { $0 & 0xC0 != 0x80 } }
    return [count(range.lowerBound), count(range.upperBound)]
  }
}
