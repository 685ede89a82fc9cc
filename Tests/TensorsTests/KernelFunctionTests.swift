import CKernels
import Foundation
import Testing

@testable import Tensors

/// Functions of numbers, losses, optimisers and the larger kernels, at every level that this machine can run, against
/// double precision or a plain loop.
@Suite("Kernels of functions, losses and layers")
struct KernelFunctionTests {
  private static let levels = KernelLevelTests.levels
  private static let lengths = KernelLevelTests.lengths

  private static func table(_ level: KernelLevel) -> kernel_table { KernelLevelTests.table(level) }
  private static func numbers(_ count: Int, seed: UInt64) -> [Float] { KernelLevelTests.numbers(count, seed: seed) }

  private typealias Unary = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void

  @Test("exp, sigmoid and tanh, from the smallest arguments to the largest", arguments: levels)
  func functions(level: KernelLevel) {
    let table = Self.table(level)
    let x = (-4000...4000).map { Float($0) / 100 } + [0, -0.0, 1e-30, -1e-30, 1e-4, 87, -87, 200, -200]
    let cases: [(String, Unary, (Double) -> Double, relative: Double, absolute: Double)] = [
      ("exp", table.exponential, { exp($0) }, 3e-7, 1e-37),
      ("sigmoid", table.sigmoid, { 1 / (1 + exp(-$0)) }, 6e-7, 1e-37),
      ("tanh", table.hyperbolic_tangent, { tanh($0) }, 5e-7, 0),
    ]
    for (name, kernel, function, relative, absolute) in cases {
      var out = [Float](repeating: .nan, count: x.count)
      kernel(x, &out, x.count)
      for (argument, value) in zip(x, out) where abs(argument) <= 87 || name != "exp" {
        let expected = function(Double(argument))
        #expect(
          abs(Double(value) - expected) <= relative * abs(expected) + absolute,
          "\(name)(\(argument)) = \(value), not \(expected)")
      }
    }
  }

  @Test("what is not a number stays so", arguments: levels)
  func notANumber(level: KernelLevel) {
    let table = Self.table(level)
    let x: [Float] = [1, .nan, -1]
    for kernel: Unary in [table.exponential, table.sigmoid, table.hyperbolic_tangent, table.relu] {
      for length in [3, 11] {
        let input = Array(repeating: Float(0.5), count: length - 3) + x
        var out = [Float](repeating: 0, count: length)
        kernel(input, &out, length)
        #expect(out[length - 2].isNaN && !out[length - 1].isNaN)
      }
    }
  }

  @Test("gradients, sums in place, running maxima, transposes", arguments: levels)
  func elementwise(level: KernelLevel) {
    let table = Self.table(level)
    for length in Self.lengths {
      let (y, g) = (Self.numbers(length, seed: 1), Self.numbers(length, seed: 2))
      var out = [Float](repeating: .nan, count: length)
      table.sigmoid_gradient(y, g, &out, length)
      #expect(zip(out, zip(y, g)).allSatisfy { abs($0 - $1.1 * $1.0 * (1 - $1.0)) < 1e-6 })
      table.hyperbolic_tangent_gradient(y, g, &out, length)
      #expect(zip(out, zip(y, g)).allSatisfy { abs($0 - $1.1 * (1 - $1.0 * $1.0)) < 1e-6 })
      out = g
      table.add_scaled(y, 3, &out, length)
      #expect(zip(out, zip(y, g)).allSatisfy { abs($0 - ($1.1 + 3 * $1.0)) < 1e-6 })
      var (maxima, arguments) = (g, [Int32](repeating: 5, count: length))
      table.running_maximum(y, 9, &maxima, &arguments, length)
      #expect(maxima == zip(y, g).map { max($0, $1) })
      #expect(arguments == zip(y, g).map { $0 > $1 ? 9 : 5 })
    }
    for (rows, columns) in [(1, 1), (3, 17), (16, 16), (33, 5), (40, 70)] {
      let x = Self.numbers(rows * columns, seed: 3)
      var out = [Float](repeating: .nan, count: rows * columns)
      table.transpose(x, columns, rows, columns, &out, rows)
      #expect(
        (0..<rows).allSatisfy { row in
          (0..<columns).allSatisfy { out[$0 * rows + row] == x[row * columns + $0] }
        })
    }
  }

  @Test("dropout keeps what the random numbers say, from any start", arguments: levels)
  func dropout(level: KernelLevel) {
    let table = Self.table(level)
    let key: [UInt32] = [3, 4]
    for length in Self.lengths {
      let x = Self.numbers(length, seed: 4)
      var (out, random) = (x, x)
      table.dropout(x, 0.25, key, 7, &out, length)
      table.uniform(key, 7, &random, length)
      #expect(out == zip(x, random).map { $1 >= 0.25 ? $0 * (1 / (1 - 0.25)) : 0 })
    }
  }

  @Test("softmax and cross-entropy, with logits that overflow e^x", arguments: levels)
  func crossEntropy(level: KernelLevel) {
    let table = Self.table(level)
    for classes in [1, 2, 3, 7, 8, 9, 16, 100] {
      let rows = 5
      let logits = Self.numbers(rows * classes, seed: 5).enumerated().map { $1 * ($0 % 2 == 0 ? 4 : 300) }
      let targets = (0..<rows).map { Int32($0 * 3 % classes) }
      var (probabilities, again) = (logits, logits)
      let loss = table.softmax_cross_entropy(logits, rows, classes, targets, &probabilities)
      table.softmax(logits, rows, classes, &again)
      #expect(again == probabilities)
      var expectedLoss = 0.0
      for row in 0..<rows {
        let own = logits[row * classes..<(row + 1) * classes].map(Double.init)
        let top = own.max() ?? 0
        let total = own.reduce(0) { $0 + exp($1 - top) }
        expectedLoss += log(total) + top - own[Int(targets[row])]
        for column in 0..<classes {
          #expect(abs(Double(probabilities[row * classes + column]) - exp(own[column] - top) / total) < 1e-6)
        }
      }
      #expect(abs(loss - expectedLoss) < 1e-5 * max(1, expectedLoss))
    }
  }

  @Test("the gates of an LSTM stay in their ranges however large their arguments are", arguments: levels)
  func gates(level: KernelLevel) {
    let table = Self.table(level)
    let arguments: [Float] = [-1e30, -200, -18.1, -18, -9, -1, -1e-6, 0, 1e-6, 1, 9, 18, 18.1, 200, 1e30]
    for a in arguments {
      for b in arguments {
        // One unit of eight: input and forget gates a, candidate and output gate b.
        var gates = [Float](repeating: 0, count: 32)
        for unit in 0..<8 {
          (gates[unit], gates[8 + unit], gates[16 + unit], gates[24 + unit]) = (a, a, b, b)
        }
        let past = [Float](repeating: 0.5, count: 8)
        var (cell, output) = ([Float](repeating: .nan, count: 8), [Float](repeating: .nan, count: 8))
        let weight = [Float](repeating: 0, count: 8 * 32)
        past.withUnsafeBufferPointer { past in
          gates.withUnsafeMutableBufferPointer { gates in
            cell.withUnsafeMutableBufferPointer { cell in
              output.withUnsafeMutableBufferPointer { output in
                weight.withUnsafeBufferPointer { weight in
                  var step = recurrent_step(
                    rows: 1, hidden: 8, first_unit: 0, end_unit: 8, weight: weight.baseAddress!, bytes: nil,
                    past_bytes: nil, recurrent_bias: nil, inputs: gates.baseAddress!, input_stride: 32, input_rows: nil,
                    past_output: past.baseAddress, past_output_stride: 8, past_cell: past.baseAddress,
                    past_cell_stride: 8, keeps_gates: true, gates: gates.baseAddress!, gate_stride: 32,
                    cell: cell.baseAddress!, cell_stride: 8, output: output.baseAddress!, output_stride: 8)
                  table.lstm_forward_step(&step)
                }
              }
            }
          }
        }
        let sigmoid = { (x: Float) in 1 / (1 + exp(-Double(x))) }
        let state = sigmoid(a) * 0.5 + sigmoid(a) * tanh(Double(b))
        for unit in 0..<8 {
          #expect(
            abs(Double(gates[unit]) - sigmoid(a)) < 1e-6 && abs(Double(gates[16 + unit]) - tanh(Double(b))) < 1e-6)
          #expect(abs(Double(cell[unit]) - state) < 2e-6)
          #expect(abs(Double(output[unit]) - sigmoid(b) * tanh(state)) < 3e-6)
        }
      }
    }
  }
}
