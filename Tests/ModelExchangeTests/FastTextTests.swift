import BagModels
import Foundation
import Testing

@testable import ModelExchange

/// What fastText said of its own models (scripts/fixtures/fasttext.py).
private struct Expected: Decodable {
  struct Answer: Decodable {
    let label: String
    let probability: Double
  }
  struct Vector: Decodable {
    var word: String?
    var text: String?
    let vector: [Float]
  }
  struct Neighbours: Decodable {
    struct Neighbour: Decodable {
      let word: String
      let similarity: Double
    }
    let word: String
    let near: [Neighbour]
  }
  let dimensions: Int
  let words: [String]
  var labels: [String]?
  var predictions: [[Answer]]?
  var best: [[Answer]]?
  let vectors: [Vector]
  let sentences: [Vector]
  var neighbours: [Neighbours]?
}

enum FastTextFixture {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/FastText")

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  static func decode<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// Calls `body` with the path of a file of some bytes.
  static func withFile<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString).bin").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  static let classifiers = [
    "softmax-bigrams.bin", "words.bin", "hierarchical-softmax.bin", "negative-sampling.bin", "one-versus-all.bin",
    "character-ngrams.bin", "quantized.ftz", "quantized-uneven.ftz", "quantized-norm-cutoff.ftz",
    "quantized-retrained.ftz", "quantized-output.ftz",
  ]
  static let all = classifiers + ["skipgram.bin", "cbow.bin"]
}

@Suite("Models of fastText")
struct FastTextTests {
  /// The labels must be the same in the same order, equal ones too; but two that are nearly equal may change places.
  private func compare(_ answers: [LabelProbability], _ expected: [Expected.Answer], _ context: Comment) {
    #expect(answers.count == expected.count, context)
    let wanted = Dictionary(uniqueKeysWithValues: expected.map { ($0.label, $0.probability) })
    for (answer, other) in zip(answers, expected) {
      guard let own = wanted[answer.label] else {
        Issue.record("\(answer.label) is not expected")
        continue
      }
      #expect(answer.label == other.label || (own != other.probability && abs(own - other.probability) < 1e-7), context)
      #expect(abs(answer.probability - own) < 1e-5, context)
    }
  }

  private func texts(_ model: String) throws -> [String] {
    try FastTextFixture.decode(
      [String].self, model == "quantized-output.ftz" ? "quantized-output-texts.json" : "texts.json")
  }

  private func expected(_ model: String) throws -> Expected {
    try FastTextFixture.decode(Expected.self, String(model.prefix { $0 != "." }) + ".json")
  }

  @Test("give the labels and probabilities that fastText gives", arguments: FastTextFixture.classifiers)
  func predictions(name: String) throws {
    let model = try FastTextModel(contentsOf: FastTextFixture.path(name))
    let expected = try expected(name)
    #expect(model.settings.kind == .supervised && model.isQuantized == name.hasSuffix(".ftz"))
    #expect(model.labels == expected.labels && model.words == expected.words)
    let texts = try texts(name)
    let (all, best) = (try #require(expected.predictions), try #require(expected.best))
    for (index, text) in texts.enumerated() {
      let comment: Comment = "\(name), \(text.prefix(60).debugDescription)"
      compare(Array(model.predict(text, top: .max).prefix(all[index].count)), all[index], comment)
      compare(model.predict(text, top: 2, threshold: 0.1), best[index], comment)
    }
    // The same on all threads at once.
    let together = model.predict(texts + texts, top: 3)
    for (index, text) in (texts + texts).enumerated() { #expect(together[index] == model.predict(text, top: 3)) }
    for (own, text) in zip(model.probabilities(texts), texts) {
      for answer in model.predict(text, top: .max) {
        let label = try #require(model.labels.firstIndex(of: answer.label))
        #expect(abs(Double(own[label]) - answer.probability) < 1e-6)
      }
    }
  }

  @Test("give the vectors that fastText gives", arguments: FastTextFixture.all)
  func vectors(name: String) throws {
    let model = try FastTextModel(contentsOf: FastTextFixture.path(name))
    let expected = try expected(name)
    #expect(model.dimensions == expected.dimensions && model.wordCount == expected.words.count)
    func isClose(_ a: [Float], _ b: [Float]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }
    }
    for other in expected.vectors {
      let word = try #require(other.word)
      // A classifier's labels share numbers with its first n-grams, for which fastText takes them here.
      if model.settings.kind == .supervised, word.hasPrefix("__label__") { continue }
      let vector = model.vector(of: word)
      #expect(isClose(vector ?? Array(repeating: 0, count: model.dimensions), other.vector), "\(name), \(word)")
    }
    for other in expected.sentences {
      let text = try #require(other.text)
      let scale = 1 + (other.vector.map(abs).max() ?? 0)
      #expect(
        isClose(model.sentenceVector(text).map { $0 / scale }, other.vector.map { $0 / scale }), "\(name), \(text)")
    }
    // fastText gives any words as neighbours of one without a vector.
    for other in expected.neighbours ?? [] where model.vector(of: other.word) != nil {
      let near = model.nearest(to: other.word, count: other.near.count)
      #expect(near.map(\.word) == other.near.map(\.word), "\(name), \(other.word)")
      for (own, other) in zip(near, other.near) { #expect(abs(own.similarity - other.similarity) < 1e-5) }
    }
  }

  @Test("of version 11 have no n-grams of characters in classifiers")
  func olderVersion() throws {
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: FastTextFixture.path("character-ngrams.bin"))))
    bytes[4] = 11
    let expected = try FastTextFixture.decode(Expected.self, "version-11.json")
    try FastTextFixture.withFile(bytes) { path in
      let model = try FastTextModel(contentsOf: path)
      #expect(model.version == 11 && model.settings.longestCharacterNgram == 0)
      for (text, answers) in zip(try texts("words.bin"), try #require(expected.predictions)) {
        compare(model.predict(text, top: .max), answers, "\(text.prefix(60))")
      }
    }
  }

  @Test("give no labels where there are none to give")
  func nothing() throws {
    let vectors = try FastTextModel(contentsOf: FastTextFixture.path("skipgram.bin"))
    #expect(vectors.predict("good").isEmpty && vectors.probabilities(["good"]) == [[]])
    #expect(vectors.nearest(to: "good", count: 0).isEmpty)
    let words = try FastTextModel(contentsOf: FastTextFixture.path("words.bin"))
    #expect(words.predict("good", top: 0).isEmpty && words.predict("good", threshold: 2).isEmpty)
    #expect(words.vector(of: "xyzzy") == nil && words.nearest(to: "xyzzy").isEmpty)
    #expect(words.analogies("good", "xyzzy", "the").isEmpty)
  }

  @Test("an analogy leaves out what it is asked with")
  func analogies() throws {
    let model = try FastTextModel(contentsOf: FastTextFixture.path("skipgram.bin"))
    let words = model.analogies("good", "film", "the", count: 5).map(\.word)
    #expect(words.count == 5 && Set(words).isDisjoint(with: ["good", "film", "the"]))
  }
}
