import CKernels
import Foundation
import Testing

@testable import Tensors

/// The kernels of packed and of product-quantised rows against plain loops, at every level that this machine has.
@Suite("Kernels of packed rows")
struct PackedRowKernelTests {
  private let rowCount = 29
  private static let widths = Array(1...33) + [100, 300]

  private func isClose(_ a: [Float], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs(Double($0) - $1) < 1e-4 }
  }

  private func rows(_ count: Int) -> [Int32] { (0..<count).map { Int32($0 * 11 % rowCount) } }

  @Test("floats at any address", arguments: KernelLevelTests.levels)
  func floats(level: KernelLevel) {
    let kernels = KernelLevelTests.table(level)
    for width in Self.widths {
      let table = KernelLevelTests.numbers(rowCount * width, seed: 1)
      let x = KernelLevelTests.numbers(width, seed: 2)
      for offset in [0, 1, 3] {
        var bytes = [UInt8](repeating: 0xFF, count: offset)
        table.withUnsafeBytes { bytes += $0 }
        bytes.withUnsafeBytes { bytes in
          guard let base = bytes.baseAddress else { return }
          for count in [0, 1, 3, 4, 7, 40] {
            let own = rows(count)
            var sum = [Float](repeating: .nan, count: width)
            kernels.sum_packed_rows(base + offset, width, own, count, &sum)
            #expect(
              isClose(
                sum, (0..<width).map { k in own.reduce(0) { $0 + Double(table[Int($1) * width + k]) } }),
              "\(width), \(count)")
          }
          var products = [Float](repeating: .nan, count: rowCount - 2)
          kernels.dot_packed_rows(base + offset, width, 2, rowCount - 2, x, &products)
          #expect(
            isClose(
              products,
              (2..<rowCount).map { row in
                (0..<width).reduce(0) { $0 + Double(table[row * width + $1]) * Double(x[$1]) }
              }))
        }
      }
    }
  }

  @Test("codes of a product quantiser", arguments: KernelLevelTests.levels)
  func quantized(level: KernelLevel) {
    let kernels = KernelLevelTests.table(level)
    for width in [1, 2, 3, 5, 8, 10, 31, 100] {
      for size in [1, 2, 3, 4, 5] where size <= width {
        let parts = (width + size - 1) / size
        let codes = (0..<rowCount * parts).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 7) }
        let centroids = KernelLevelTests.numbers(256 * width, seed: 3)
        let normCodes = (0..<rowCount).map { UInt8(truncatingIfNeeded: $0 * 53) }
        let norms = KernelLevelTests.numbers(256, seed: 4)
        let x = KernelLevelTests.numbers(width, seed: 5)
        func value(_ row: Int, _ k: Int) -> Double {
          let part = k / size
          let own = min(size, width - part * size)
          return Double(centroids[part * 256 * size + Int(codes[row * parts + part]) * own + k % size])
        }
        for hasNorms in [false, true] {
          func norm(_ row: Int) -> Double { hasNorms ? Double(norms[Int(normCodes[row])]) : 1 }
          let own = rows(40)
          var sum = [Float](repeating: .nan, count: width)
          var products = [Float](repeating: .nan, count: rowCount - 1)
          codes.withUnsafeBufferPointer { codes in
            centroids.withUnsafeBufferPointer { centroids in
              normCodes.withUnsafeBufferPointer { normCodes in
                norms.withUnsafeBufferPointer { norms in
                  guard let codes = codes.baseAddress, let centroids = centroids.baseAddress else { return }
                  var table = quantized_rows(
                    codes: codes, parts: parts, part_width: size, width: width, centroids: centroids,
                    norm_codes: hasNorms ? normCodes.baseAddress : nil, norms: hasNorms ? norms.baseAddress : nil)
                  kernels.sum_quantized_rows(&table, own, own.count, &sum)
                  kernels.dot_quantized_rows(&table, 1, rowCount - 1, x, &products)
                }
              }
            }
          }
          #expect(
            isClose(sum, (0..<width).map { k in own.reduce(0) { $0 + value(Int($1), k) * norm(Int($1)) } }),
            "\(width) by \(size)")
          #expect(
            isClose(
              products,
              (1..<rowCount).map { row in (0..<width).reduce(0) { $0 + value(row, $1) * Double(x[$1]) } * norm(row) }),
            "\(width) by \(size)")
        }
      }
    }
  }

  @Test("the nearest centroid, the first of equal ones", arguments: KernelLevelTests.levels)
  func nearest(level: KernelLevel) {
    let kernels = KernelLevelTests.table(level)
    for size in [1, 2, 3, 8] {
      var centroids = KernelLevelTests.numbers(256 * size, seed: 6)
      // Two of them are the same.
      for k in 0..<size { centroids[256 * k + 77] = centroids[256 * k + 20] }
      let halves = (0..<256).map { c in
        (0..<size).reduce(Float(0)) { $0 + centroids[256 * $1 + c] * centroids[256 * $1 + c] } / 2
      }
      let stride = size + 2
      var points = KernelLevelTests.numbers(50 * stride, seed: 7)
      for k in 0..<size { points[k] = centroids[256 * k + 77] }
      var codes = [UInt8](repeating: 0, count: 100)
      kernels.nearest_centroids(points, stride, size, 50, centroids, halves, &codes, 2)
      #expect(codes[0] == 20)
      for point in 0..<50 {
        func distance(_ c: Int) -> Double {
          (0..<size).reduce(0) { $0 + pow(Double(points[point * stride + $1]) - Double(centroids[256 * $1 + c]), 2) }
        }
        let least = (0..<256).map(distance).min() ?? 0
        #expect(distance(Int(codes[2 * point])) < least + 1e-6)
      }
    }
  }
}
