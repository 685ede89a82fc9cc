import Foundation
import NeuralNetworks
import Tensors
import Testing

/// Distributions of new parameters against their definitions in `torch.nn.init`.
@Suite("Initialisers")
struct InitializerTests {
  private static func moments(_ tensor: Tensor) -> (mean: Double, deviation: Double, largest: Double) {
    let numbers = tensor.scalars.map(Double.init)
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)
    return (mean, variance.squareRoot(), numbers.reduce(0) { max($0, abs($1)) })
  }

  /// A weight [O, I, width] with fan in 300 · 3 and fan out 200 · 3: 180,000 numbers, whose standard deviation is within
  /// 1 % of its expectation by five times its own error.
  @Test("standard deviations and bounds")
  func deviations() {
    let shape = [200, 300, 3]
    let (input, output) = (900.0, 600.0)
    let cases: [(Initializer, deviation: Double, isUniform: Bool)] = [
      (.uniform(0.3), 0.3 / 3.0.squareRoot(), true),
      (.normal(standardDeviation: 0.2), 0.2, false),
      (.xavierUniform, (2 / (input + output)).squareRoot(), true),
      (.xavierNormal, (2 / (input + output)).squareRoot(), false),
      (.heUniform(), (2 / input).squareRoot(), true),
      (.heNormal(), (2 / input).squareRoot(), false),
      (.heUniform(fan: .output, nonlinearity: .tanh), 5 / 3 / output.squareRoot(), true),
      (.heNormal(fan: .output, nonlinearity: .leakyReLU(slope: 0.5)), (1.6 / output).squareRoot(), false),
      (.heNormal(nonlinearity: .selu), 0.75 / input.squareRoot(), false),
      (.leCunUniform, 1 / input.squareRoot(), true),
      (.leCunNormal, 1 / input.squareRoot(), false),
    ]
    for (initializer, deviation, isUniform) in cases {
      let found = Self.moments(initializer(shape, random: RandomStream(seed: 2)))
      #expect(abs(found.mean) < 0.02 * deviation, "\(initializer)")
      #expect(abs(found.deviation / deviation - 1) < 0.01, "\(initializer): \(found.deviation), not \(deviation)")
      let bound = 3.0.squareRoot() * deviation
      #expect(isUniform ? found.largest <= bound * 1.000001 && found.largest > 0.99 * bound : found.largest > bound)
    }
  }

  @Test("truncated normal: moments by the formulas of the distribution, also far from the middle")
  func truncatedNormal() {
    func density(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }
    func share(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    for (mean, deviation, lower, upper) in [(0.0, 1.0, -2.0, 2.0), (1, 0.5, 0.5, 3), (0, 1, 2, 4), (0, 0.02, -2, 2)] {
      let (a, b) = ((lower - mean) / deviation, (upper - mean) / deviation)
      let z = share(b) - share(a)
      let shift = (density(a) - density(b)) / z
      let variance = 1 + (a * density(a) - b * density(b)) / z - shift * shift
      let initializer = Initializer.truncatedNormal(
        mean: Float(mean), standardDeviation: Float(deviation), lower: Float(lower), upper: Float(upper))
      let tensor = initializer([100_000], random: RandomStream(seed: 4))
      let found = Self.moments(tensor)
      #expect(tensor.scalars.allSatisfy { $0 >= Float(lower) && $0 <= Float(upper) })
      #expect(abs(found.mean - (mean + deviation * shift)) < 0.02 * deviation)
      #expect(abs(found.deviation / (deviation * variance.squareRoot()) - 1) < 0.02)
    }
  }

  @Test(
    "orthogonal: QᵀQ is one, signs are fair, and a seed repeats",
    arguments: [[40, 40], [7, 100], [90, 12], [6, 5, 3]])
  func orthogonal(shape: [Int]) {
    let tensor = Initializer.orthogonal(gain: 3)(shape, random: RandomStream(seed: 5))
    #expect(tensor.shape == shape)
    #expect(tensor == Initializer.orthogonal(gain: 3)(shape, random: RandomStream(seed: 5)))
    let matrix = tensor.reshaped([shape[0], tensor.count / shape[0]])
    let rows = matrix.shape[0] <= matrix.shape[1] ? matrix : matrix.transposed()
    let product = rows.matmul(rows.transposed())
    for i in 0..<rows.shape[0] {
      for j in 0..<rows.shape[0] { #expect(abs(product[i, j] - (i == j ? 9 : 0)) < 1e-5) }
    }
    // Each sign of the first elements is as likely as the other: of 100 signs, 50 ± 5 · 5.
    let positive = (0..<100).count { seed in
      Initializer.orthogonal()([3, 3], random: RandomStream(seed: seed))[0, 0] > 0
    }
    #expect(abs(positive - 50) < 25)
  }

  @Test("constants, and zeros for what will be loaded")
  func constants() {
    let random = RandomStream(seed: 1)
    #expect(Initializer.ones([2, 3], random: random) == Tensor(repeating: 1, shape: [2, 3]))
    #expect(Initializer.constant(0.5)([4], random: random) == Tensor(repeating: 0.5, shape: [4]))
    #expect(Initializer.orthogonal()([4, 4], random: nil).shape == [4, 4])
  }

  @Test("the numbers of the first initialisers stay the same from version to version")
  func stable() {
    let random = RandomStream(seed: 1)
    // Xavier on a square matrix: the bound √(6 / 8).
    let expected = random.uniform([4, 4], in: -Float(0.75).squareRoot()..<Float(0.75).squareRoot())
    #expect(Initializer.xavierUniform([4, 4], random: random) == expected)
    #expect(Initializer.xavierNormal([4, 4], random: random) == random.normal([4, 4], standardDeviation: 0.5))
  }
}
