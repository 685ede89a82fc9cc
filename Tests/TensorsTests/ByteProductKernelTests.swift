import CKernels
import Testing

@testable import Tensors

/// Products of bytes against plain loops, at every level that this machine has. Whole numbers are exact and the scaling is
/// written out here in the kernels' order, so that results must be equal, on all levels.
@Suite("Kernels of products of bytes")
struct ByteProductKernelTests {
  private static let rowCounts = Array(1...14)
  private static let columnCounts = Array(1...35) + [48, 63, 64, 65]
  private static let depths = Array(1...19) + [31, 32, 33, 64, 65]

  /// Bytes from -127 to 127 of which the first are as large as they can be.
  private static func bytes(_ count: Int, seed: UInt64) -> [Int8] {
    KernelLevelTests.numbers(count, seed: seed).enumerated().map { $0 < 8 ? 127 : Int8(($1 * 127).rounded()) }
  }

  /// A matrix as the kernels pack it.
  private struct Packed {
    var panels: [Int8]
    var sums: [Int32]
    var scales: [Float]

    init(_ bytes: [Int8], n: Int, k: Int, _ table: kernel_table) {
      let padded = (n + 15) / 16 * 16
      panels = Array(repeating: 99, count: kernel_byte_panel_size(k, n))
      sums = Array(repeating: 99, count: padded)
      scales = (0..<padded).map { 0.001 * Float($0 + 1) }
      table.pack_byte_panels(bytes, k, n, k, &panels, &sums)
    }

    mutating func withMatrix(n: Int, k: Int, _ body: (inout byte_matrix) -> Void) {
      panels.withUnsafeBufferPointer { panels in
        sums.withUnsafeBufferPointer { sums in
          scales.withUnsafeBufferPointer { scales in
            guard let panels = panels.baseAddress, let sums = sums.baseAddress, let scales = scales.baseAddress else {
              return
            }
            var matrix = byte_matrix(panels: panels, k: k, n: n, scales: scales, sums: sums)
            body(&matrix)
          }
        }
      }
    }
  }

  /// Rows in steps, and what each step stands for.
  private struct Rows {
    let stride: Int
    var bytes: [UInt8]
    var scales: [Float]
    var zeros: [Int32]

    init(_ x: [Float], rows: Int, k: Int, _ table: kernel_table) {
      stride = (k + 3) / 4 * 4
      bytes = Array(repeating: 77, count: rows * stride)
      scales = Array(repeating: .nan, count: rows)
      zeros = Array(repeating: 0, count: rows)
      table.quantize_rows(x, k, rows, k, &bytes, stride, &scales, &zeros)
    }

    /// The step less that of zero, which is the same on each level: those with VNNI store 0…255, others -128…127.
    func step(_ row: Int, _ index: Int, _ level: KernelLevel) -> Int32 {
      let byte = bytes[row * stride + index]
      return (level == .avx512vnni ? Int32(byte) : Int32(Int8(bitPattern: byte))) - zeros[row]
    }
  }

  @Test("rows become 256 steps, of which one is zero; all levels give the same", arguments: KernelLevelTests.levels)
  func steps(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    for k in KernelLevelTests.lengths where k > 0 {
      // Of both signs, of one, all zero, very small and very large.
      let subnormal = 7 * Float.leastNonzeroMagnitude
      let factors: [(Float, Float)] = [
        (1, 0), (0.5, 0.5), (-0.5, -3), (0, 0), (1e-30, 0), (subnormal, 0), (1e37, 0),
      ]
      let x = factors.enumerated().flatMap { row, factor in
        KernelLevelTests.numbers(k, seed: UInt64(row + 1)).map { $0 * factor.0 + factor.1 }
      }
      let rows = Rows(x, rows: factors.count, k: k, table)
      let plain = Rows(x, rows: factors.count, k: k, KernelLevelTests.table(.plain))
      for row in factors.indices {
        let own = x[row * k..<(row + 1) * k]
        let (low, high) = (min(0, own.min() ?? 0), max(0, own.max() ?? 0))
        #expect(rows.scales[row] == (high - low) / 255 && rows.scales[row] == plain.scales[row])
        for index in 0..<k {
          let step = rows.step(row, index, level)
          #expect(step == plain.step(row, index, .plain), "\(k), row \(row)")
          #expect(abs(Float(step) * rows.scales[row] - x[row * k + index]) <= 0.51 * rows.scales[row] + 1e-36)
        }
      }
    }
  }

  @Test("what is infinite or not a number gives a row that is not a number", arguments: KernelLevelTests.levels)
  func notANumber(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    for k in [1, 7, 8, 16, 40] {
      for fault in [Float.nan, .infinity, -.infinity] {
        for place in [0, k / 2, k - 1] {
          var x = KernelLevelTests.numbers(2 * k, seed: 3)
          x[place] = fault
          let rows = Rows(x, rows: 2, k: k, table)
          #expect(rows.scales[0].isNaN && rows.scales[1].isFinite)
        }
      }
      // The distance of these is no Float32.
      let rows = Rows([-3e38, 3e38], rows: 1, k: 2, table)
      #expect(rows.scales[0].isNaN)
    }
  }

  @Test("products of all sizes around a vector's width", arguments: KernelLevelTests.levels)
  func products(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    for rows in Self.rowCounts {
      for n in Self.columnCounts {
        for k in Self.depths where rows < 8 || n % 5 == 0 || k % 7 == 0 {
          let weights = Self.bytes(n * k, seed: UInt64(n + k))
          // Rows of one sign take all steps up to the largest, which is where 16-bit sums would saturate.
          let x = KernelLevelTests.numbers(rows * k, seed: UInt64(rows)).enumerated().map {
            $0 / k % 3 == 0 ? $1 : $0 / k % 3 == 1 ? 1 : -abs($1)
          }
          var packed = Packed(weights, n: n, k: k, table)
          var quantized = Rows(x, rows: rows, k: k, table)
          let bias = KernelLevelTests.numbers((n + 15) / 16 * 16, seed: 9)
          let stride = n + 3
          let before = KernelLevelTests.numbers(rows * stride, seed: 10)
          var expected = [Int32](repeating: 0, count: rows * n)
          for row in 0..<rows {
            for column in 0..<n {
              expected[row * n + column] = (0..<k).reduce(Int32(0)) {
                $0 + quantized.step(row, $1, level) * Int32(weights[column * k + $1])
              }
            }
          }
          for start in [product_start_zero, product_start_bias, product_start_accumulate] {
            var result = before
            packed.withMatrix(n: n, k: k) { matrix in
              quantized.bytes.withUnsafeMutableBufferPointer { bytes in
                quantized.scales.withUnsafeMutableBufferPointer { scales in
                  quantized.zeros.withUnsafeMutableBufferPointer { zeros in
                    var a = byte_rows(
                      bytes: bytes.baseAddress!, stride: quantized.stride, scales: scales.baseAddress!,
                      zeros: zeros.baseAddress!)
                    table.multiply_bytes(&a, 0, rows, &matrix, 0, (n + 15) / 16, &result, stride, start, bias)
                  }
                }
              }
            }
            // What lies beside the columns stays as it was.
            var wanted = before
            for row in 0..<rows {
              for column in 0..<n {
                let place = row * stride + column
                let exact = Float(expected[row * n + column])
                var number = exact * (quantized.scales[row] * packed.scales[column])
                if start == product_start_bias { number += bias[column] }
                if start == product_start_accumulate { number += before[place] }
                wanted[place] = number
              }
            }
            #expect(result == wanted, "\(rows) × \(k) × \(n), \(start)")
          }
        }
      }
    }
  }

  @Test("some rows and some panels", arguments: KernelLevelTests.levels)
  func parts(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    let (rows, k, n) = (11, 21, 70)
    var packed = Packed(Self.bytes(n * k, seed: 1), n: n, k: k, table)
    var quantized = Rows(KernelLevelTests.numbers(rows * k, seed: 2), rows: rows, k: k, table)
    packed.withMatrix(n: n, k: k) { matrix in
      quantized.bytes.withUnsafeMutableBufferPointer { bytes in
        quantized.scales.withUnsafeMutableBufferPointer { scales in
          quantized.zeros.withUnsafeMutableBufferPointer { zeros in
            var a = byte_rows(
              bytes: bytes.baseAddress!, stride: quantized.stride, scales: scales.baseAddress!,
              zeros: zeros.baseAddress!)
            var whole = [Float](repeating: 0, count: rows * n)
            table.multiply_bytes(&a, 0, rows, &matrix, 0, 5, &whole, n, product_start_zero, nil)
            for first in 0..<rows {
              for panel in 0..<5 {
                for end in panel + 1...5 {
                  let width = min(n, 16 * end) - 16 * panel
                  var part = [Float](repeating: 0, count: (rows - first) * width)
                  table.multiply_bytes(
                    &a, first, rows - first, &matrix, panel, end, &part, width, product_start_zero, nil)
                  for row in first..<rows {
                    let own = row * n + 16 * panel
                    #expect(
                      Array(part[(row - first) * width..<(row - first + 1) * width]) == Array(whole[own..<own + width]))
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
