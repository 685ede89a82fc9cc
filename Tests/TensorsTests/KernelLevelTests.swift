import CKernels
import Testing

@testable import Tensors

/// Every kernel of every level that this machine can run, against a plain loop, for all lengths around the width of a
/// vector.
@Suite("Kernels")
struct KernelLevelTests {
  static let levels = KernelLevel.allCases.filter(\.isAvailable)
  static let lengths = Array(0...35) + [63, 64, 65, 127, 1000]

  /// Numbers of [-1, 1) that repeat from run to run.
  static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    RandomStream(seed: seed).uniform([count], in: -1..<1).scalars
  }

  static func table(_ level: KernelLevel) -> kernel_table {
    (kernel_table(level.cValue) ?? Kernels.table).pointee
  }

  @Test("elementwise operations", arguments: levels)
  func elementwise(level: KernelLevel) {
    let table = Self.table(level)
    for length in Self.lengths {
      let (a, b) = (Self.numbers(length, seed: 1), Self.numbers(length, seed: 2))
      var out = [Float](repeating: .nan, count: length)
      table.add(a, b, &out, length)
      #expect(out == zip(a, b).map { $0 + $1 })
      table.subtract(a, b, &out, length)
      #expect(out == zip(a, b).map { $0 - $1 })
      table.multiply(a, b, &out, length)
      #expect(out == zip(a, b).map { $0 * $1 })
      table.scale(a, 3, &out, length)
      #expect(out == a.map { $0 * 3 })
      table.relu(a, &out, length)
      #expect(out == a.map { max($0, 0) })
      table.relu_gradient(a, b, &out, length)
      #expect(out == zip(a, b).map { $0 > 0 ? $1 : 0 })
    }
  }

  @Test("multiply-adds are what they are called", arguments: levels)
  func multiplyAdds(level: KernelLevel) {
    var numbers: [Float] = [0.5, 1] + Array(repeating: 2, count: 14)
    Self.table(level).multiply_adds(3, &numbers)
    // 2 → 2 · 0.5 + 1, which stays 2; the last two are not sums.
    #expect(numbers == [0.5, 1] + Array(repeating: 2, count: 14))
    numbers[2] = 10
    Self.table(level).multiply_adds(3, &numbers)
    #expect(numbers[2] == 3)
    #expect([8, 16].contains(Self.table(level).vector_floats))
  }

  @Test("reductions", arguments: levels)
  func reductions(level: KernelLevel) {
    let table = Self.table(level)
    for length in Self.lengths {
      let (a, b) = (Self.numbers(length, seed: 3), Self.numbers(length, seed: 4))
      let dot = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      #expect(abs(Double(table.dot(a, b, length)) - dot) < 1e-4)
      #expect(abs(table.sum(a, length) - a.reduce(0.0) { $0 + Double($1) }) < 1e-4)
      #expect(abs(table.sum_of_squares(a, length) - a.reduce(0.0) { $0 + Double($1) * Double($1) }) < 1e-4)
      #expect(table.maximum(a, length) == (a.max() ?? -.infinity))
    }
  }

  /// The matrix product against three loops, for heights and widths around the blocks of the micro-kernel.
  @Test("packed matrix product", arguments: levels)
  func matrixProduct(level: KernelLevel) {
    let table = Self.table(level)
    for (m, k, n) in [(1, 1, 1), (5, 3, 7), (6, 16, 16), (7, 17, 15), (13, 300, 33), (23, 600, 40), (2, 520, 9)] {
      let (a, b) = (Self.numbers(m * k, seed: 5), Self.numbers(k * n, seed: 6))
      let bias = Self.numbers(n, seed: 7)
      var panels = [Float](repeating: 0, count: kernel_packed_size(k, n))
      table.pack_panels(b, n, 1, k, n, &panels)
      var c = [Float](repeating: .nan, count: m * n)
      withTemporaryRowBlocks(m) { blocks in
        table.multiply_panels(
          blocks.baseAddress!, blocks.count, k, a, k, panels, n, 0, (n + 15) / 16, &c, n, product_start_bias, bias)
      }
      for row in 0..<m {
        for column in 0..<n {
          let expected = (0..<k).reduce(Double(bias[column])) {
            $0 + Double(a[row * k + $1]) * Double(b[$1 * n + column])
          }
          #expect(abs(Double(c[row * n + column]) - expected) < 1e-4, "\(m)×\(k)×\(n) at \(row), \(column)")
        }
      }
    }
  }

  @Test("transposed product, rows through an index", arguments: levels)
  func transposedProduct(level: KernelLevel) {
    let table = Self.table(level)
    for (count, m, n) in [(1, 1, 1), (9, 7, 17), (300, 13, 40), (513, 6, 16), (256, 96, 33)] {
      let (a, b) = (Self.numbers(count * m, seed: 8), Self.numbers(count * n, seed: 9))
      let rows = (0..<count).map { Int32($0 % 3 == 0 ? -1 : ($0 * 7) % count) }
      let width = (n + 15) / 16 * 16
      var panels = [Float](repeating: .nan, count: count * width)
      for first in stride(from: 0, to: count, by: Int(KERNEL_DEPTH_BLOCK)) {
        let block = min(Int(KERNEL_DEPTH_BLOCK), count - first)
        rows.withUnsafeBufferPointer { rows in
          panels.withUnsafeMutableBufferPointer { panels in
            table.gather_panels(b, n, rows.baseAddress! + first, block, n, panels.baseAddress! + first * width)
          }
        }
      }
      var c = [Float](repeating: 0, count: m * width)
      var sums = [Float](repeating: 0, count: m)
      var scratch = [Float](repeating: .nan, count: kernel_transposed_scratch(m))
      table.multiply_transposed(a, m, m, panels, width / 16, 0, width / 16, count, &c, width, &sums, &scratch)
      for i in 0..<m {
        for j in 0..<width {
          let expected = (0..<count).reduce(0.0) {
            rows[$1] < 0 || j >= n ? $0 : $0 + Double(a[$1 * m + i]) * Double(b[Int(rows[$1]) * n + j])
          }
          #expect(abs(Double(c[i * width + j]) - expected) < 2e-4)
        }
        #expect(abs(Double(sums[i]) - (0..<count).reduce(0.0) { $0 + Double(a[$1 * m + i]) }) < 2e-4)
      }
    }
  }

  @Test("uniform numbers are the same at every level and start")
  func uniformNumbers() {
    let key: [UInt32] = [17, 42]
    var whole = [Float](repeating: 0, count: 1000)
    Self.table(.plain).uniform(key, 0, &whole, 1000)
    #expect(whole.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(whole.reduce(0, +) / 1000 - 0.5) < 0.05)
    for level in Self.levels {
      for start in [0, 1, 2, 3, 5, 31, 32, 33] {
        var part = [Float](repeating: 0, count: 100)
        Self.table(level).uniform(key, UInt64(start), &part, 100)
        #expect(part[...] == whole[start..<start + 100])
      }
    }
  }
}
