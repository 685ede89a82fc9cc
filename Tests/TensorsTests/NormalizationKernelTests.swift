import CKernels
import Testing

@testable import Tensors

/// The kernels of normalisations at every level that this machine can run, against double precision, for all lengths
/// around the vector width.
@Suite("Kernels of normalisations")
struct NormalizationKernelTests {
  @Test("runs, with weights of their elements and with one for all", arguments: KernelLevelTests.levels)
  func runs(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    for length in KernelLevelTests.lengths + [4097] {
      let numbers = (1...6).map { KernelLevelTests.numbers(length, seed: $0) }
      let (x, g, weights, biases) = (numbers[0], numbers[1], numbers[2], numbers[3])
      let squares = x.reduce(0.0) { $0 + (Double($1) - 0.25) * (Double($1) - 0.25) }
      #expect(abs(table.centered_squares(x, 0.25, length) - squares) < 1e-5 * max(1, squares))
      for hasOwn in [false, true] {
        weights.withUnsafeBufferPointer { own in
          biases.withUnsafeBufferPointer { shifts in
            var run = normalized_run(
              mean: 0.25, scale: 1.5, weights: hasOwn ? own.baseAddress : nil,
              biases: hasOwn ? shifts.baseAddress : nil, weight: 0.75, bias: -0.5)
            // Sums and gradients grow from what is there.
            var (out, gradient) = (x, x)
            var (weightGradients, biasGradients, sums) = (numbers[4], numbers[5], [2.0, 3.0])
            table.normalize(x, &run, &out, length)
            table.normalize_sums(x, g, &run, &sums, &weightGradients, &biasGradients, length)
            table.normalize_gradient(x, g, &run, 0.125, 0.0625, &gradient, length)
            var expected = (2.0, 3.0)
            for i in 0..<length {
              let (normal, above) = ((Double(x[i]) - 0.25) * 1.5, Double(g[i]))
              let weight = hasOwn && own.baseAddress != nil ? Double(weights[i]) : 0.75
              let bias = hasOwn && shifts.baseAddress != nil ? Double(biases[i]) : -0.5
              expected.0 += above * (hasOwn ? weight : 1)
              expected.1 += above * (hasOwn ? weight : 1) * normal
              #expect(abs(Double(out[i]) - (normal * weight + bias)) < 1e-6)
              #expect(abs(Double(weightGradients[i]) - (Double(numbers[4][i]) + above * normal)) < 1e-6)
              #expect(abs(Double(biasGradients[i]) - (Double(numbers[5][i]) + above)) < 1e-6)
              #expect(abs(Double(gradient[i]) - 1.5 * (above * weight - 0.125 - normal * 0.0625)) < 2e-6)
            }
            #expect(abs(sums[0] - expected.0) < 1e-4 && abs(sums[1] - expected.1) < 1e-4)
          }
        }
      }
    }
  }

  @Test("columns", arguments: KernelLevelTests.levels)
  func columns(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    for columns in Array(1...18) + [31, 64] {
      let (rows, stride) = (columns == 9 ? 600 : 5, columns + 3)
      let (x, g) = (
        KernelLevelTests.numbers(rows * stride, seed: 1), KernelLevelTests.numbers(rows * stride, seed: 2)
      )
      let (y, addend) = (
        KernelLevelTests.numbers(rows * stride, seed: 8), KernelLevelTests.numbers(rows * stride, seed: 9)
      )
      let vectors = (3...7).map { KernelLevelTests.numbers(columns, seed: $0) }
      let (means, scales, factors) = (vectors[0], vectors[1], vectors[2])
      var (sums, squares) = ([Double](repeating: 1, count: columns), [Double](repeating: 2, count: columns))
      var (totals, products) = (sums, squares)
      var (ownMeans, ownSquares) = ([Double](repeating: 0, count: columns), [Double](repeating: 0, count: columns))
      var (out, clipped, gradient, masked, passed) = (x, x, x, x, x)
      table.column_sums(x, stride, rows, columns, &sums)
      table.column_moments(x, stride, rows, columns, &ownMeans, &ownSquares)
      table.normalize_columns_sums(x, g, y, stride, rows, columns, means, scales, &totals, &products)
      table.normalize_columns(x, stride, rows, columns, means, factors, vectors[3], nil, -.infinity, &out)
      table.normalize_columns(x, stride, rows, columns, means, factors, vectors[3], addend, 0, &clipped)
      table.normalize_columns_gradient(
        x, g, nil, stride, rows, columns, means, scales, factors, vectors[3], vectors[4], &gradient, nil)
      table.normalize_columns_gradient(
        x, g, y, stride, rows, columns, means, scales, factors, vectors[3], vectors[4], &masked, &passed)
      for c in 0..<columns {
        var expected = (sum: 1.0, total: 1.0, product: 2.0)
        for r in 0..<rows {
          let at = r * stride + c
          let (distance, above) = (Double(x[at]) - Double(means[c]), Double(g[at]))
          let normal = distance * Double(scales[c])
          expected.sum += Double(x[at])
          if y[at] > 0 {
            expected.total += above
            expected.product += above * normal
          }
          let value = distance * Double(factors[c]) + Double(vectors[3][c])
          #expect(abs(Double(out[at]) - value) < 1e-6)
          #expect(abs(Double(clipped[at]) - max(0, value + Double(addend[at]))) < 1e-6)
          func slope(_ above: Double) -> Double {
            Double(factors[c]) * (above - Double(vectors[3][c]) - normal * Double(vectors[4][c]))
          }
          #expect(abs(Double(gradient[at]) - slope(above)) < 2e-6)
          #expect(abs(Double(masked[at]) - slope(y[at] > 0 ? above : 0)) < 2e-6)
          #expect(passed[at] == (y[at] > 0 ? g[at] : 0))
        }
        let mean = (expected.sum - 1) / Double(rows)
        squares[c] = (0..<rows).reduce(0) {
          $0 + (Double(x[$1 * stride + c]) - mean) * (Double(x[$1 * stride + c]) - mean)
        }
        #expect(abs(sums[c] - expected.sum) < 1e-4)
        #expect(abs(ownMeans[c] - mean) < 1e-6 && abs(ownSquares[c] - squares[c]) < 1e-5 * max(1, squares[c]))
        #expect(abs(totals[c] - expected.total) < 1e-4 && abs(products[c] - expected.product) < 1e-4)
      }
      // What lies between the columns and the next row is not touched.
      for result in [out, clipped, gradient, masked] {
        #expect(
          (0..<rows).allSatisfy { r in (columns..<stride).allSatisfy { result[r * stride + $0] == x[r * stride + $0] } }
        )
      }
    }
  }
}
