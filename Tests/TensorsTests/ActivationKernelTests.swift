import CKernels
import Foundation
import Testing

@testable import Tensors

/// The kernels of activations at every level that this machine can run, against double precision, for all lengths around
/// the vector width.
@Suite("Kernels of activations")
struct ActivationKernelTests {
  private typealias Case = (
    name: String, kernels: activation_kernels, a: Float, b: Float, value: (Double) -> Double, slope: (Double) -> Double
  )

  private func cases(_ table: kernel_table) -> [Case] {
    let sigmoid = { (x: Double) in 1 / (1 + exp(-x)) }
    let softplus = { (x: Double) in max(0, x) + log1p(exp(-abs(x))) }
    let share = { (x: Double) in 0.5 * erfc(-x / 2.0.squareRoot()) }
    let density = { (x: Double) in exp(-x * x / 2) / (2 * Double.pi).squareRoot() }
    let root = (2 / Double.pi).squareRoot()
    let argument = { (x: Double) in root * (x + 0.044715 * x * x * x) }
    return [
      ("leaky ReLU", table.leaky_relu, 0.25, 0, { $0 > 0 ? $0 : 0.25 * $0 }, { $0 > 0 ? 1 : 0.25 }),
      (
        "ELU", table.elu, 0.75, 1.5, { 1.5 * ($0 > 0 ? $0 : 0.75 * expm1($0)) },
        { 1.5 * ($0 > 0 ? 1 : 0.75 * exp($0)) }
      ),
      ("GELU", table.gelu, 0, 0, { $0 * share($0) }, { share($0) + $0 * density($0) }),
      (
        "GELU by tanh", table.gelu_tanh, 0, 0, { 0.5 * $0 * (1 + tanh(argument($0))) },
        {
          let t = tanh(argument($0))
          return 0.5 * (1 + t) + 0.5 * $0 * (1 - t * t) * root * (1 + 3 * 0.044715 * $0 * $0)
        }
      ),
      ("SiLU", table.silu, 0, 0, { $0 * sigmoid($0) }, { sigmoid($0) * (1 + $0 * sigmoid(-$0)) }),
      (
        "Mish", table.mish, 0, 0, { $0 * tanh(softplus($0)) },
        {
          let t = tanh(softplus($0))
          return t + $0 * sigmoid($0) * (1 - t * t)
        }
      ),
      (
        "softplus", table.softplus, 2, 15, { 2 * $0 > 15 ? $0 : softplus(2 * $0) / 2 },
        { 2 * $0 > 15 ? 1 : sigmoid(2 * $0) }
      ),
      (
        "hard sigmoid", table.hard_sigmoid, 0, 0, { max(0, min(1, $0 / 6 + 0.5)) }, { abs($0) < 3 ? 1.0 / 6 : 0 }
      ),
      (
        "hard swish", table.hard_swish, 0, 0, { $0 * max(0, min(1, $0 / 6 + 0.5)) },
        { $0 <= -3 ? 0 : $0 < 3 ? $0 / 3 + 0.5 : 1 }
      ),
    ]
  }

  @Test("values and slopes, from the smallest arguments to the largest", arguments: KernelLevelTests.levels)
  func functions(level: KernelLevel) {
    let arguments = (-4000...4000).map { Float($0) / 100 } + [-0.0, 1e-30, -1e-30, -1e-6, -1e-4, -200, 200, -3, 3]
    for (name, kernels, a, b, value, slope) in cases(KernelLevelTests.table(level)) {
      let ones = [Float](repeating: 1, count: arguments.count)
      var (out, slopes) = (ones, ones)
      kernels.forward(arguments, &out, arguments.count, a, b)
      kernels.gradient(arguments, ones, &slopes, arguments.count, a, b)
      for (i, x) in arguments.enumerated() {
        // One part in a million of what is added up, which is x at most.
        let tolerance = 1e-6 * max(1, abs(value(Double(x))))
        #expect(abs(Double(out[i]) - value(Double(x))) <= tolerance, "\(name)(\(x)) = \(out[i])")
        // 1 - tanh² cancels, and is then multiplied by up to 5.
        #expect(
          abs(Double(slopes[i]) - slope(Double(x))) <= (name == "GELU by tanh" ? 5e-6 : 2e-6),
          "\(name)'(\(x)) = \(slopes[i])")
      }
    }
  }

  @Test("every length gives what each element gives alone", arguments: KernelLevelTests.levels)
  func lengths(level: KernelLevel) {
    for (name, kernels, a, b, _, _) in cases(KernelLevelTests.table(level)) {
      for length in KernelLevelTests.lengths {
        let x = KernelLevelTests.numbers(length, seed: 1).map { $0 * 6 }
        let g = KernelLevelTests.numbers(length, seed: 2)
        var (out, slopes) = ([Float](repeating: .nan, count: length), [Float](repeating: .nan, count: length))
        kernels.forward(x, &out, length, a, b)
        kernels.gradient(x, g, &slopes, length, a, b)
        for i in 0..<length {
          var (one, slope): (Float, Float) = (.nan, .nan)
          kernels.forward([x[i]], &one, 1, a, b)
          kernels.gradient([x[i]], [g[i]], &slope, 1, a, b)
          #expect(out[i] == one && slopes[i] == slope, "\(name), \(length), \(i)")
        }
      }
    }
  }

  @Test("what is not a number stays so", arguments: KernelLevelTests.levels)
  func notANumber(level: KernelLevel) {
    for (name, kernels, a, b, _, _) in cases(KernelLevelTests.table(level)) {
      var out: [Float] = [0, 0]
      kernels.forward([.nan, 1], &out, 2, a, b)
      #expect(out[0].isNaN && !out[1].isNaN, "\(name)")
    }
  }

  @Test("slopes of their own, random slopes and maxout", arguments: KernelLevelTests.levels)
  func others(level: KernelLevel) {
    let table = KernelLevelTests.table(level)
    let key: [UInt32] = [5, 6]
    for length in KernelLevelTests.lengths {
      let (x, slopes) = (KernelLevelTests.numbers(length, seed: 3), KernelLevelTests.numbers(length, seed: 4))
      let g = KernelLevelTests.numbers(length, seed: 5)
      var (out, sums, random) = (x, slopes, x)
      table.prelu(x, slopes, &out, length)
      #expect(out == zip(x, slopes).map { $0 > 0 ? $0 : $0 * $1 })
      table.prelu_gradient(x, slopes, g, &out, &sums, length)
      #expect((0..<length).allSatisfy { out[$0] == (x[$0] > 0 ? g[$0] : g[$0] * slopes[$0]) })
      #expect((0..<length).allSatisfy { abs(sums[$0] - (slopes[$0] + (x[$0] > 0 ? 0 : g[$0] * x[$0]))) < 1e-6 })
      table.uniform(key, 9, &random, length)
      table.random_leaky_relu(x, g, 0.25, 0.75, key, 9, &out, length)
      #expect((0..<length).allSatisfy { abs(out[$0] - g[$0] * (x[$0] > 0 ? 1 : 0.25 + 0.5 * random[$0])) < 1e-6 })
      for pieces in [1, 2, 3, 5] {
        let input = KernelLevelTests.numbers(length * pieces, seed: 6)
        var (largest, arguments) = (g, [Int32](repeating: -1, count: length))
        table.maxout(input, pieces, &largest, &arguments, length)
        var back = [Float](repeating: .nan, count: length * pieces)
        table.maxout_gradient(g, arguments, pieces, &back, length)
        for i in 0..<length {
          let group = input[i * pieces..<(i + 1) * pieces]
          #expect(largest[i] == group.max() && input[i * pieces + Int(arguments[i])] == largest[i])
          for piece in 0..<pieces { #expect(back[i * pieces + piece] == (piece == Int(arguments[i]) ? g[i] : 0)) }
        }
      }
    }
  }
}
