import Foundation
import ModelFiles
import Tensors
import Testing

@testable import BagModels

@Suite("Quantised bags")
struct QuantizationTests {
  private func random(_ count: Int, seed: UInt64) -> [Float] {
    RandomStream(seed: seed).uniform([count], in: -1..<1).scalars
  }

  @Test("as many rows as centroids are rounded to themselves", arguments: [1, 2, 3, 4, 7])
  func exact(partWidth: Int) {
    let dimensions = 7
    let rows = random(200 * dimensions, seed: 1)
    for normalizes in [false, true] {
      let table = QuantizedRowTable(
        rows, dimensions: dimensions, partWidth: partWidth, normalizes: normalizes, random: RandomStream(seed: 2))
      #expect(table.count == 200 && table.codes.count == 200 * ((dimensions + partWidth - 1) / partWidth))
      for row in 0..<200 {
        for (own, other) in zip(table.vector(row), rows[row * dimensions..<(row + 1) * dimensions]) {
          // Two that are nearly equal may share one.
          #expect(abs(own - other) < 1e-3)
        }
      }
    }
  }

  @Test("many rows are rounded to near ones, the same for any number of threads")
  func rounding() {
    let (count, dimensions) = (5000, 6)
    let rows = random(count * dimensions, seed: 3)
    func fit(_ threads: Int) -> QuantizedRowTable {
      let before = Parallelism.threads
      Parallelism.threads = threads
      defer { Parallelism.threads = before }
      return QuantizedRowTable(
        rows, dimensions: dimensions, partWidth: 2, normalizes: false, random: RandomStream(seed: 4))
    }
    let table = fit(1)
    #expect(fit(4).codes == table.codes && fit(4).quantizer.centroids == table.quantizer.centroids)
    var square = 0.0
    for row in 0..<count {
      for (own, other) in zip(table.vector(row), rows[row * dimensions..<(row + 1) * dimensions]) {
        square += Double((own - other) * (own - other))
      }
    }
    // A square of side 2 cut into 256 squares: a mean square of (2/16)² / 12 for each element.
    #expect(square / Double(count * dimensions) < 1.15 * 0.125 * 0.125 / 12)
    // The mean of some rows, in rows that the kernels read to a width of 8.
    var mean = [Float](repeating: .nan, count: 8)
    RowStorage.quantized(table).mean(of: [1, 2, 2], into: &mean, width: 8)
    for k in 0..<dimensions {
      #expect(abs(mean[k] - (table.vector(1)[k] + 2 * table.vector(2)[k]) / 3) < 1e-6)
    }
    #expect(mean[6...] == [0, 0])
  }

  @Test("kept buckets by bits and by numbers are the same")
  func buckets() throws {
    let counts = (0..<1000).map { UInt8($0 % 97 == 5 ? 1 : 0) }
    let index = BucketIndex(counts: counts, minimumCount: 1)
    #expect(index.buckets == counts.indices.filter { counts[$0] > 0 }.map { Int32($0) })
    let some = index.keeping([0, 3, 10])
    #expect(some.buckets == [5, 296, 975] && some.keptCount == 3)
    for shortest in [false, true] {
      let stored = some.stored(shortest: shortest)
      #expect(stored.type == (shortest ? .int32 : .uint8))
      #expect(BucketIndex(stored, bucketCount: 1000) == some)
      #expect(shortest ? BucketIndex(stored, bucketCount: 975) == nil : BucketIndex(stored, bucketCount: 900) == nil)
    }
    #expect(BucketIndex(buckets: [3, 3], bucketCount: 9) == nil && BucketIndex(buckets: [-1], bucketCount: 9) == nil)
    #expect(BucketIndex(buckets: [], bucketCount: 0)?.keptCount == 0)
  }

  private func classifier(_ adjust: (inout BagClassifierOptions) -> Void = { _ in }) throws -> BagClassifier {
    let options = SmallTexts.options {
      ($0.features.wordNgrams, $0.features.characterNgrams, $0.dimensions) = (2, 3...4, 13)
      adjust(&$0)
    }
    return try BagClassifierTraining(options).run(SmallTexts.sentiment())
  }

  @Test("a small model answers as the large one, and so does what is read again", arguments: BagLoss.allCases)
  func roundTrip(loss: BagLoss) throws {
    let classifier = try classifier { $0.loss = loss }
    var options = BagQuantizationOptions()
    for (cutoff, normalizes, size) in [(nil, false, 2), (nil, true, 3), (60, true, 2)] as [(Int?, Bool, Int)] {
      (options.cutoff, options.normalizes, options.subDimensions) = (cutoff, normalizes, size)
      let small = try classifier.quantized(options)
      #expect(small.isQuantized && small.rowCount == cutoff ?? classifier.rowCount)
      #expect(small.wordCount <= classifier.wordCount && small.labels == classifier.labels)
      let texts = ["we found it wonderful", "dreadful 3"]
      #expect(small.predict(texts).map { $0[0].label } == classifier.predict(texts).map { $0[0].label })
      try withFolder { folder in
        try small.write(to: "\(folder)/small")
        let loaded = try BagClassifier(contentsOf: "\(folder)/small")
        #expect(loaded.isQuantized && loaded.rowCount == small.rowCount && loaded.wordCount == small.wordCount)
        for (a, b) in zip(loaded.predict(BagBundleTests.texts, top: 2), small.predict(BagBundleTests.texts, top: 2)) {
          // Centroids are rounded to 16 bits.
          for (a, b) in zip(a, b) { #expect(abs(a.probability - b.probability) < 0.01) }
        }
        try loaded.write(to: "\(folder)/again")
        let again = try BagClassifier(contentsOf: "\(folder)/again")
        #expect(again.predict(BagBundleTests.texts, top: 2) == loaded.predict(BagBundleTests.texts, top: 2))
      }
    }
  }

  @Test("of the words those that tell labels apart stay, and a retraining makes up for the others")
  func selection() throws {
    let classifier = try classifier()
    var options = BagQuantizationOptions()
    (options.cutoff, options.epochs, options.seed) = (20, 3, 5)
    let texts = try SmallTexts.sentiment()
    let small = try classifier.quantized(options, retraining: texts)
    #expect(small.rowCount == 20)
    #expect(try small.evaluate(texts).precision >= 0.95)
    let again = try classifier.quantized(options, retraining: texts)
    #expect(again.predict(BagBundleTests.texts, top: 2) == small.predict(BagBundleTests.texts, top: 2))
    // The large model is as it was.
    #expect(try classifier.evaluate(texts).precision >= 0.95)
  }

  @Test("a linear model and one that counts features once are quantised too")
  func variants() throws {
    let texts = try SmallTexts.sentiment()
    for isLinear in [false, true] {
      let classifier = try classifier {
        ($0.isLinear, $0.countsFeaturesOnce) = (isLinear, true)
        if isLinear { $0.learningRate = 4 }
      }
      var options = BagQuantizationOptions()
      options.cutoff = 100
      #expect(try classifier.quantized(options, retraining: texts).evaluate(texts).precision >= 0.95)
    }
  }

  @Test("what cannot be is an error")
  func faults() throws {
    let classifier = try classifier()
    func quantize(_ adjust: (inout BagQuantizationOptions) -> Void, _ texts: TextCollection? = nil) throws {
      var options = BagQuantizationOptions()
      adjust(&options)
      _ = try classifier.quantized(options, retraining: texts)
    }
    #expect(throws: BagModelError.self) { try quantize { $0.subDimensions = 0 } }
    #expect(throws: BagModelError.self) { try quantize { $0.subDimensions = 14 } }
    #expect(throws: BagModelError.self) { try quantize { $0.cutoff = 4 } }
    let texts = try SmallTexts.sentiment()
    #expect(throws: BagModelError.self) { try quantize({ $0.learningRate = -1 }, texts) }
    var others = try TextCollection()
    others.append("a text", labels: ["of another kind"])
    #expect(throws: BagModelError.self) { try quantize({ _ in }, others) }
    #expect(throws: BagModelError.self) {
      try classifier.quantized(BagQuantizationOptions(), retraining: texts, shouldStop: { true })
    }
    let small = try classifier.quantized(BagQuantizationOptions())
    #expect(throws: BagModelError.self) { try small.quantized(BagQuantizationOptions()) }
  }

  @Test("a small model's weights, cut or of other sizes, are an error")
  func damage() throws {
    var options = BagQuantizationOptions()
    (options.cutoff, options.normalizes) = (60, true)
    let small = try classifier().quantized(options)
    let (stored, tensors) = small.rows.stored(.int8)
    func rows(_ change: (inout [String: StoredTensor], inout [String: Tensor]) -> Void, count: Int = 60) throws -> Bool
    {
      var (stored, tensors) = (stored, tensors)
      change(&stored, &tensors)
      return try RowStorage(SafeTensors(tensors: tensors, stored: stored), count: count, dimensions: 13) != nil
    }
    #expect(try rows { _, _ in })
    #expect(try !rows({ _, _ in }, count: 61))
    #expect(try !rows { stored, _ in stored["codebook"] = nil })
    #expect(try !rows { _, tensors in tensors["norms"] = nil })
    #expect(try !rows { _, tensors in tensors["norms"] = Tensor([Float](repeating: 1, count: 255)) })
    #expect(try !rows { stored, _ in stored["row_norm_codes"] = StoredTensor([1], type: .uint8, shape: [1]) })
    #expect(
      try !rows { stored, _ in
        stored["codebook"] = StoredTensor(
          [UInt8](repeating: 0, count: 2 * 256 * 13), type: .float16, shape: [1, 256, 13])
      })
    #expect(
      try !rows { stored, _ in
        stored["codebook"] = StoredTensor([UInt8](repeating: 0, count: 0), type: .float16, shape: [7, 256, 0])
      })
  }
}
