import Foundation
import TextProcessing
import Testing

@testable import VocabularyStore

/// What a vocabulary of a million tokens costs. Only where it is asked for: timings mean nothing on a busy machine.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["NLPTOOL_TIMINGS"] != nil, "set NLPTOOL_TIMINGS to run"))
struct TimingTests {
  private func seconds(_ name: String, _ body: () throws -> Void) rethrows -> Double {
    let elapsed = try ContinuousClock().measure(body)
    let seconds = elapsed / .seconds(1)
    print("\(name): \((seconds * 1e6).rounded() / 1e3) ms")
    return seconds
  }

  /// The keys lie in one buffer, as a tokenizer has them; an array for each would be what is measured.
  private func lookups(_ name: String, _ ids: [Int], in vocabulary: Vocabulary) -> Double {
    var text: [UInt8] = []
    var ends = [0]
    for id in ids {
      text += vocabulary.entries[id].token
      ends.append(text.count)
    }
    var found = 0
    let elapsed = seconds(name) {
      let keys = text.span
      for index in ids.indices where vocabulary.id(of: keys.extracting(ends[index]..<ends[index + 1])) != nil {
        found += 1
      }
    }
    #expect(found == ids.count)
    return elapsed
  }

  @Test("a million tokens open in under 150 ms; the rest is printed")
  func million() throws {
    let scratch = try Scratch()
    let path = scratch.file("million.sqlite")
    var counter = VocabularyCounter()
    let words = (0..<1_000_000).map { "word\($0 &* 2_654_435_761 % 1_000_003)" }
    _ = seconds("count 1 M new tokens") { for word in words { counter.add(word) } }
    _ = seconds("count 1 M known tokens") { for word in words { counter.add(word) } }
    var built: Vocabulary?
    _ = try seconds("build") { built = try counter.build(settings: TokenizerSettings()) }
    let vocabulary = try #require(built)
    _ = try seconds("create") { try VocabularyStore.create(at: path, with: vocabulary, overwrite: false) }

    var opened: [Double] = []
    for _ in 0..<5 {
      opened.append(try seconds("open") { _ = try VocabularyStore.open(path).vocabulary() })
    }
    #expect(opened.sorted()[2] < 0.150)

    var numbers = SeededNumbers(seed: 1)
    let uniform = (0..<1_000_000).map { _ in Int.random(in: 0..<vocabulary.count, using: &numbers) }
    _ = lookups("1 M lookups, any token equally likely", uniform, in: vocabulary)
    // Texts: a token of twice the rank is half as frequent.
    let zipf = (0..<1_000_000).map { _ in
      Int(pow(Double(vocabulary.count - 1), Double.random(in: 0..<1, using: &numbers)))
    }
    _ = lookups("1 M lookups, as in texts", zipf, in: vocabulary)
    let frequent = (0..<1_000_000).map { _ in Int.random(in: 0..<10_000, using: &numbers) }
    _ = lookups("1 M lookups, the 10,000 most frequent", frequent, in: vocabulary)

    _ = try seconds("verify") { try VocabularyStore.open(path).verify() }
    _ = seconds("export TSV") { _ = vocabulary.exported(as: .tsv) }
    let tsv = vocabulary.exported(as: .tsv)
    _ = try seconds("import TSV") { _ = try Vocabulary.imported(tsv, name: "tsv") }
    let jsonLines = vocabulary.exported(as: .jsonLines)
    _ = try seconds("import JSON Lines") { _ = try Vocabulary.imported(jsonLines, name: "jsonl") }
  }
}
