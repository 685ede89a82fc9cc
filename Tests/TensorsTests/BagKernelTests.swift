import CKernels
import Foundation
import Testing

@testable import Tensors

/// The kernels of bags of rows against plain loops, at every level that this machine has.
@Suite("Kernels of bags")
struct BagKernelTests {
  /// Rows of 24 floats, of which kernels take 16.
  private let stride = 24
  private let width = 16
  private let rowCount = 37

  private func close(_ a: [Float], _ b: [Double], _ tolerance: Double = 1e-5) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs(Double($0) - $1) < tolerance }
  }

  @Test("sums of rows, of floats and of bytes", arguments: KernelLevelTests.levels)
  func sums(level: KernelLevel) {
    let table = KernelLevelTests.numbers(rowCount * stride, seed: 1)
    let bytes = table.map { Int8($0 * 127) }
    let scales = KernelLevelTests.numbers(rowCount, seed: 2)
    let kernels = KernelLevelTests.table(level)
    let lengths = [0, 1, 2, 3, 4, 5, 8, 21, 0, 40]
    let rows = (0..<lengths.reduce(0, +)).map { Int32($0 * 11 % rowCount) }
    let starts = lengths.reduce(into: [Int32(0)]) { $0.append(($0.last ?? 0) + Int32($1)) }
    var out = [Float](repeating: .nan, count: lengths.count * width)
    kernels.sum_rows(table, stride, width, rows, starts, lengths.count, &out, width)
    var outOfBytes = [Float](repeating: .nan, count: lengths.count * width)
    kernels.sum_byte_rows(bytes, stride, scales, width, rows, starts, lengths.count, &outOfBytes, width)
    for bag in lengths.indices {
      let own = rows[Int(starts[bag])..<Int(starts[bag + 1])].map(Int.init)
      var expected = [Double](repeating: 0, count: width)
      var expectedOfBytes = expected
      for row in own {
        for k in 0..<width {
          expected[k] += Double(table[row * stride + k])
          expectedOfBytes[k] += Double(bytes[row * stride + k]) * Double(scales[row])
        }
      }
      let part = bag * width..<(bag + 1) * width
      #expect(close(Array(out[part]), expected))
      // Sums of numbers up to 127.
      #expect(close(Array(outOfBytes[part]), expectedOfBytes, 1e-2))
    }
  }

  @Test("updates are taken list by list, also of one row many times", arguments: KernelLevelTests.levels)
  func updates(level: KernelLevel) {
    var table = KernelLevelTests.numbers(rowCount * stride, seed: 3)
    let sources = KernelLevelTests.numbers(5 * stride, seed: 4)
    var expected = table.map(Double.init)
    var updates: [row_update] = []
    for index in 0..<90 {
      updates.append(
        row_update(row: Int32(index * index % 7), source: Int32(index % 5), factor: Float(index % 3) - 0.5))
    }
    for update in updates {
      for k in 0..<width {
        let source = Double(sources[Int(update.source) * stride + k])
        expected[Int(update.row) * stride + k] += Double(update.factor) * source
      }
    }
    updates.withUnsafeBufferPointer { updates in
      guard let base = updates.baseAddress else { return }
      let lists = [
        row_update_list(updates: base, count: 40), row_update_list(updates: nil, count: 0),
        row_update_list(updates: base + 40, count: 1), row_update_list(updates: base + 41, count: 49),
      ]
      KernelLevelTests.table(level).update_rows(&table, stride, width, lists, lists.count, sources, stride)
    }
    #expect(close(table, expected, 1e-4))
  }

  @Test("scores and changes of rows, all or some", arguments: KernelLevelTests.levels)
  func dotAndBlend(level: KernelLevel) {
    let kernels = KernelLevelTests.table(level)
    let x = KernelLevelTests.numbers(width, seed: 5)
    for count in [0, 1, 2, 3, 4, 5, 6, 13, 18, rowCount] {
      for usesIndex in [false, true] {
        var table = KernelLevelTests.numbers(rowCount * stride, seed: 6)
        let old = table.map(Double.init)
        let rows = (0..<count).map { usesIndex ? Int32($0 * 5 % rowCount) : Int32($0) }
        let factors = KernelLevelTests.numbers(count + 1, seed: 7)
        var scores = [Float](repeating: .nan, count: count)
        var sum = [Float](repeating: 1, count: width)
        rows.withUnsafeBufferPointer { rows in
          let index = usesIndex ? rows.baseAddress : nil
          kernels.dot_rows(table, stride, width, index, count, x, &scores)
          // In two halves, and then in one.
          if count % 2 == 0 {
            kernels.blend_rows(&table, stride, width, index, count, factors, nil, &sum)
            kernels.blend_rows(&table, stride, width, index, count, factors, x, nil)
          } else {
            kernels.blend_rows(&table, stride, width, index, count, factors, x, &sum)
          }
        }
        var expected = old
        var expectedScores = [Double](repeating: 0, count: count)
        var expectedSum = [Double](repeating: 1, count: width)
        for (place, row) in rows.enumerated() {
          for k in 0..<width {
            let element = Int(row) * stride + k
            expectedScores[place] += old[element] * Double(x[k])
            expectedSum[k] += Double(factors[place]) * old[element]
            expected[element] += Double(factors[place]) * Double(x[k])
          }
        }
        #expect(close(scores, expectedScores) && close(sum, expectedSum) && close(table, expected))
      }
    }
  }

  @Test("factors of logistic regressions, and their loss", arguments: KernelLevelTests.levels)
  func logisticFactors(level: KernelLevel) {
    for count in [0, 1, 7, 8, 9, 40] {
      let scores = KernelLevelTests.numbers(count, seed: 8).map { $0 * 20 }
      let targets = (0..<count).map { Float($0 % 3 == 0 ? 1 : 0) }
      var factors = [Float](repeating: .nan, count: count)
      let loss = KernelLevelTests.table(level).logistic_factors(scores, targets, count, 0.5, &factors)
      let p = scores.map { 1 / (1 + exp(-Double($0))) }
      #expect(close(factors, zip(p, targets).map { 0.5 * (Double($1) - $0) }, 1e-6))
      let expected = zip(p, targets).reduce(0.0) { $0 - log(max($1.1 == 1 ? $1.0 : 1 - $1.0, 1e-7)) }
      #expect(abs(loss - expected) < 1e-2 * max(1, expected))
    }
    var factor: Float = 0
    #expect(KernelLevelTests.table(level).logistic_factors([.nan], [1], 1, 0.5, &factor).isNaN)
  }
}
