import Foundation
import TextProcessing

@testable import VocabularyStore

/// A folder for one test, removed with it.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "vocabulary-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

/// The vocabulary of words separated by spaces.
func vocabulary(
  of text: String, minimumCount: Int = 1, maximumSize: Int? = nil,
  reserved: [String] = Vocabulary.defaultReservedTokens, settings: TokenizerSettings = TokenizerSettings()
) throws(VocabularyError) -> Vocabulary {
  var counter = VocabularyCounter()
  for word in text.split(separator: " ") { counter.add(String(word)) }
  return try counter.build(
    minimumCount: minimumCount, maximumSize: maximumSize, reserved: reserved, settings: settings)
}

/// The same numbers from the same seed (SplitMix64), so that a failure can be repeated.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Any bytes, short as tokens are, sometimes empty and sometimes long.
  mutating func token() -> [UInt8] {
    let size =
      Int.random(in: 0..<10, using: &self) == 0
      ? Int.random(in: 0...200, using: &self) : Int.random(in: 0...12, using: &self)
    return (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}

/// A vocabulary of random byte strings with random counts.
func randomVocabulary(tokens: Int, seed: UInt64) throws(VocabularyError) -> Vocabulary {
  var numbers = SeededNumbers(seed: seed)
  var counter = VocabularyCounter()
  for _ in 0..<tokens {
    let token = numbers.token()
    counter.add(token.span, count: Int64.random(in: 1...50, using: &numbers))
  }
  return try counter.build(settings: TokenizerSettings())
}

// The testing macros cannot hold spans, hence these with arrays.

extension Vocabulary {
  func id(ofBytes token: [UInt8]) -> Int32? { id(of: token.span) }
}

func tokenHash(_ token: [UInt8]) -> UInt64 { ByteHash.token(token.span.bytes) }

func checksum(_ bytes: [UInt8]) -> UInt64 { ByteHash.checksum(bytes.span.bytes) }

func matches(_ arena: [UInt8], _ token: [UInt8], at offset: Int) -> Bool {
  arena.span.bytes.matches(token.span.bytes, at: offset)
}
