import CKernels
import Foundation
import Testing

@testable import Tensors

/// The kernels of losses at every level that this machine can run, against double precision, for all lengths around the
/// vector width.
@Suite("Kernels of losses")
struct LossKernelTests {
  private typealias Sum = ([Float], [Float], Int) -> Double
  private typealias Slope = ([Float], [Float], Float, inout [Float], Int) -> Void
  private typealias Pair = (
    name: String, loss: Sum, slope: Slope, y: (Float) -> Float, definition: (Double, Double, Int) -> (Double, Double)
  )

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private func pairs(_ table: kernel_table, weights: [Float]) -> [Pair] {
    func binary(_ weights: [Float]?) -> (Double, Double, Int) -> (Double, Double) {
      { x, y, i in
        let weight = weights.map { Double($0[i]) } ?? 1
        let (p, q) = (Self.sigmoid(x), Self.sigmoid(-x))
        return (-weight * y * log(p) - (1 - y) * log(q), -weight * y * q + (1 - y) * p)
      }
    }
    func focal(_ gamma: Double, _ alpha: Double?) -> (Double, Double, Int) -> (Double, Double) {
      { x, y, _ in
        let sign: Double = y == 1 ? 1 : -1
        let weight = alpha.map { y == 1 ? $0 : 1 - $0 } ?? 1
        let (p, q) = (Self.sigmoid(sign * x), Self.sigmoid(-sign * x))
        return (-weight * pow(q, gamma) * log(p), sign * weight * pow(q, gamma) * (gamma * p * log(p) - q))
      }
    }
    let label: (Float) -> Float = { $0 > 0 ? 1 : 0 }
    return [
      (
        "binary cross-entropy", { table.binary_cross_entropy($0, $1, nil, $2) },
        { table.binary_cross_entropy_gradient($0, $1, nil, $2, &$3, $4) }, { ($0 + 1) / 2 }, binary(nil)
      ),
      (
        "weighted binary cross-entropy", { table.binary_cross_entropy($0, $1, weights, $2) },
        { table.binary_cross_entropy_gradient($0, $1, weights, $2, &$3, $4) }, { ($0 + 1) / 2 }, binary(weights)
      ),
      (
        "focal", { table.binary_focal_loss($0, $1, 2, 0.25, $2) },
        { table.binary_focal_loss_gradient($0, $1, 2, 0.25, $2, &$3, $4) }, label, focal(2, 0.25)
      ),
      (
        "focal without weights", { table.binary_focal_loss($0, $1, 0.5, -1, $2) },
        { table.binary_focal_loss_gradient($0, $1, 0.5, -1, $2, &$3, $4) }, label, focal(0.5, nil)
      ),
      (
        "squared error", { table.squared_error($0, $1, $2) },
        { table.squared_error_gradient($0, $1, $2, &$3, $4) }, { $0 }, { x, y, _ in ((x - y) * (x - y), 2 * (x - y)) }
      ),
      (
        "smooth L1", { table.smooth_l1($0, $1, 0.7, $2) }, { table.smooth_l1_gradient($0, $1, 0.7, $2, &$3, $4) },
        { $0 },
        { x, y, _ in
          let (d, beta) = (x - y, Double(Float(0.7)))
          return abs(d) < beta
            ? (d * d / (2 * beta), d / beta) : (abs(d) - beta / 2, d > 0 ? 1 : -1)
        }
      ),
      (
        "hinge", { table.hinge($0, $1, 1, $2) }, { table.hinge_gradient($0, $1, 1, $2, &$3, $4) },
        { $0 > 0 ? 1 : -1 }, { x, y, _ in (max(0, 1 - x * y), 1 - x * y > 0 ? -y : 0) }
      ),
    ]
  }

  @Test("sums over pairs and their gradients", arguments: KernelLevelTests.levels)
  func pairs(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    for length in KernelLevelTests.lengths + [4095, 4096, 4097] {
      let weights = KernelLevelTests.numbers(length, seed: 1).map { $0 + 1 }
      // From -20 to 20, where sigmoids are far from 0.5.
      let x = KernelLevelTests.numbers(length, seed: 2).map { $0 * 20 }
      let source = KernelLevelTests.numbers(length, seed: 3)
      for pair in pairs(table, weights: weights) {
        let y = source.map(pair.y)
        let expected = (0..<length).map { pair.definition(Double(x[$0]), Double(y[$0]), $0) }
        let sum = expected.reduce(0) { $0 + $1.0 }
        #expect(abs(pair.loss(x, y, length) - sum) <= 1e-6 * sum + 1e-6, "\(pair.name), \(length)")
        var out = [Float](repeating: .nan, count: length)
        pair.slope(x, y, 0.5, &out, length)
        for i in 0..<length {
          let slope = 0.5 * expected[i].1
          #expect(
            abs(Double(out[i]) - slope) <= 2e-6 * max(1, abs(slope)),
            "\(pair.name), \(length), \(i): \(out[i]), \(slope)")
        }
      }
    }
  }

  @Test("rows of classes", arguments: KernelLevelTests.levels)
  func rows(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    for classes in KernelLevelTests.lengths + [4096, 4105] where classes > 0 {
      let x = KernelLevelTests.numbers(classes, seed: 4).map { $0 * 3 }
      let g = KernelLevelTests.numbers(classes, seed: 5)
      let target = classes * 2 / 3
      for (power, margin) in [(1, 1.0), (2, 0.5)] {
        let own = Double(x[target])
        let slacks = x.enumerated().map { $0 == target ? 0 : max(0, margin - own + Double($1)) }
        let loss = slacks.reduce(0) { $0 + pow($1, Double(power)) }
        #expect(
          abs(table.multi_margin(x, classes, target, Float(margin), Int32(power)) - loss) <= 1e-5 * max(1, loss))
        var out = [Float](repeating: .nan, count: classes)
        table.multi_margin_gradient(x, classes, target, Float(margin), Int32(power), 0.5, &out)
        var slopes = slacks.map { $0 > 0 ? 0.5 * (power == 1 ? 1 : 2 * $0) : 0 }
        slopes[target] = -slopes.reduce(0, +)
        #expect(zip(out, slopes).allSatisfy { abs(Double($0) - $1) <= 1e-5 * max(1, abs($1)) }, "\(classes)")
      }
      let total = x.reduce(0.0) { $0 + exp(Double($1)) }
      var (y, slope, probabilities) = (x, x, x)
      table.log_softmax(x, 1, classes, &y)
      #expect(zip(x, y).allSatisfy { abs(Double($1) - (Double($0) - log(total))) < 2e-6 * max(1, log(total)) })
      table.log_softmax_gradient(y, g, 1, classes, &slope)
      let sum = g.reduce(0.0) { $0 + Double($1) }
      for i in 0..<classes {
        #expect(abs(Double(slope[i]) - (Double(g[i]) - exp(Double(x[i])) / total * sum)) < 1e-5)
      }
      table.softmax(x, 1, classes, &probabilities)
      table.softmax_gradient(probabilities, g, 1, classes, &slope)
      let product = (0..<classes).reduce(0.0) { $0 + exp(Double(x[$1])) / total * Double(g[$1]) }
      for i in 0..<classes {
        #expect(abs(Double(slope[i]) - exp(Double(x[i])) / total * (Double(g[i]) - product)) < 1e-6)
      }
      let weights = g.map { $0 + 1 }
      table.cross_entropy_gradient(probabilities, classes, target, 0.5, 0.8, 0.1, weights, 0.7, &slope)
      for i in 0..<classes {
        let expected = 0.5 * (0.8 * probabilities[i] - 0.1 * weights[i] - (i == target ? 0.7 : 0))
        #expect(abs(slope[i] - expected) < 1e-6)
      }
    }
  }
}
