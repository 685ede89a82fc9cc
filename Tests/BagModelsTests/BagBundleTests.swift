import Foundation
import Testing
import TextProcessing

@testable import BagModels

/// A folder that is gone afterwards.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bag-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

@Suite("Bag bundles")
struct BagBundleTests {
  static let texts = [
    "", "we found it wonderful", "dreadful 3", "nothing known", String(repeating: "film ", count: 500),
  ]

  @Test("a loaded classifier answers as the written one", arguments: BagLoss.allCases, RowPrecision.allCases)
  func roundTrip(loss: BagLoss, precision: RowPrecision) throws {
    let options = SmallTexts.options {
      $0.loss = loss
      ($0.features.wordNgrams, $0.features.characterNgrams, $0.dimensions) = (2, 3...4, 13)
    }
    let classifier = try BagClassifierTraining(options).run(SmallTexts.sentiment())
    try withFolder { folder in
      try classifier.write(to: "\(folder)/model", precision: precision)
      let loaded = try BagClassifier(contentsOf: "\(folder)/model")
      #expect(loaded.options == options && loaded.labels == classifier.labels)
      // Of 254 steps a row's largest number, in means that are near the rows' own size.
      let tolerance = precision == .float32 ? 0 : precision == .float16 ? 0.002 : 0.02
      for (a, b) in zip(loaded.predict(Self.texts, top: 2), classifier.predict(Self.texts, top: 2)) {
        #expect(a.map(\.label) == b.map(\.label) || abs(a[0].probability - 0.5) < tolerance)
        #expect(abs(a[0].probability - b[0].probability) <= tolerance)
      }
      #expect(throws: BagModelError.self) { try classifier.write(to: "\(folder)/model") }
      // Written again, it is the same.
      try loaded.write(to: "\(folder)/again", precision: precision)
      let again = try BagClassifier(contentsOf: "\(folder)/again")
      #expect(again.predict(Self.texts, top: 2) == loaded.predict(Self.texts, top: 2))
    }
  }

  @Test("many threads may ask one classifier")
  func concurrency() async throws {
    let classifier = try BagClassifierTraining(SmallTexts.options()).run(SmallTexts.sentiment())
    let expected = classifier.predict(Self.texts, top: 2)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<50).allSatisfy { _ in Self.texts.map { classifier.predict($0, top: 2) } == expected }
        }
      }
      for await isSame in group { #expect(isSame) }
    }
  }

  @Test("any file of a classifier, cut anywhere or changed, gives an error")
  func damagedBundle() throws {
    let options = SmallTexts.options { $0.features.wordNgrams = 2 }
    let classifier = try BagClassifierTraining(options).run(SmallTexts.sentiment())
    try withFolder { folder in
      let path = "\(folder)/model"
      try classifier.write(to: path)
      for name in ["model.json", "weights.safetensors", "vocabulary.sqlite"] {
        let file = URL(fileURLWithPath: "\(path)/\(name)")
        let whole = try Data(contentsOf: file)
        for position in 0..<24 {
          try whole.prefix(whole.count * position / 24).write(to: file)
          #expect(throws: BagModelError.self, "\(name) cut at \(position)/24") { try BagClassifier(contentsOf: path) }
        }
        var changed = whole
        changed[changed.count - 5] ^= 1
        if name != "model.json" {
          try changed.write(to: file)
          #expect(throws: BagModelError.self, "\(name) changed") { try BagClassifier(contentsOf: path) }
        }
        try FileManager.default.removeItem(at: file)
        #expect(throws: BagModelError.self) { try BagClassifier(contentsOf: path) }
        try whole.write(to: file)
      }
      let json = try String(contentsOfFile: "\(path)/model.json", encoding: .utf8)
      for (old, new) in [
        ("\"dimensions\" : 10", "\"dimensions\" : 1000000000"), ("\"ngram_rows\" : ", "\"ngram_rows\" : 9"),
        ("\"bucket_count\" : 2000000", "\"bucket_count\" : 1000000000"), ("\"format\" : 1", "\"format\" : 3"),
        ("\"softmax\"", "\"hierarchical-softmax\""), ("\"count\" : 100", "\"count\" : -1"),
      ] {
        #expect(json.contains(old))
        try json.replacing(old, with: new).write(toFile: "\(path)/model.json", atomically: true, encoding: .utf8)
        #expect(throws: BagModelError.self, "\(new)") { try BagClassifier(contentsOf: path) }
      }
    }
  }
}
