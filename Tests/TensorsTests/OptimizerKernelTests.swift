import CKernels
import Testing

@testable import Tensors

/// The steps of the optimisers at every level that this machine can run, against double precision, for all lengths around
/// the vector width and with every state that may be missing.
@Suite("Kernels of optimisers")
struct OptimizerKernelTests {
  /// One element: the parameter and three states, with the gradient after clipping and penalties.
  private struct Element {
    var p: Double
    var s: [Double]
    let g: Double
  }

  private static let step: optimizer_step = {
    var step = optimizer_step()
    (step.gradient_limit, step.gradient_scale, step.l2, step.l1, step.parameter_scale) = (0.75, 0.5, 0.1, 0.05, 0.9)
    (step.rate, step.gradient_rate, step.velocity_share) = (0.02, 0.03, 0.7)
    (step.first_decay, step.second_decay, step.second_scale, step.epsilon) = (0.9, 0.8, 1.5, 1e-3)
    step.direction_decay = 0.2
    return step
  }()

  private typealias Definition = (inout Element, [Bool]) -> Void

  private func definitions(_ table: kernel_table) -> [(String, optimizer_kernel, states: [Bool], Definition)] {
    let c = Self.step
    let (rate, b1, b2, eps) = (Double(c.rate), Double(c.first_decay), Double(c.second_decay), Double(c.epsilon))
    let (scale, gradientRate) = (Double(c.second_scale), Double(c.gradient_rate))
    let (share, directionDecay) = (Double(c.velocity_share), Double(c.direction_decay))
    func moments(_ e: inout Element) {
      e.s[0] = b1 * e.s[0] + (1 - b1) * e.g
      e.s[1] = b2 * e.s[1] + (1 - b2) * e.g * e.g
    }
    let descent: Definition = { e, has in
      if has[0] {
        e.s[0] = b1 * e.s[0] + share * e.g
        e.p -= rate * e.s[0]
      }
      e.p -= gradientRate * e.g
    }
    let rmsprop: Definition = { e, has in
      e.s[0] = b2 * e.s[0] + (1 - b2) * e.g * e.g
      if has[2] { e.s[2] = b2 * e.s[2] + (1 - b2) * e.g }
      var change = e.g / (max(0, e.s[0] - (has[2] ? e.s[2] * e.s[2] : 0)).squareRoot() + eps)
      if has[1] {
        e.s[1] = b1 * e.s[1] + change
        change = e.s[1]
      }
      e.p -= rate * change
    }
    let adam: Definition = { e, has in
      moments(&e)
      if has[2] { e.s[2] = max(e.s[2], e.s[1]) }
      e.p -= rate * e.s[0] / ((has[2] ? e.s[2] : e.s[1]).squareRoot() * scale + eps)
    }
    return [
      ("gradient descent", table.gradient_descent, [false, false, false], descent),
      ("momentum", table.gradient_descent, [true, false, false], descent),
      (
        "adagrad", table.adagrad, [true, false, false],
        { e, _ in
          e.s[0] += e.g * e.g
          e.p -= rate * e.g / (e.s[0].squareRoot() + eps)
        }
      ),
      (
        "adadelta", table.adadelta, [true, true, false],
        { e, _ in
          e.s[0] = b2 * e.s[0] + (1 - b2) * e.g * e.g
          let change = ((e.s[1] + eps) / (e.s[0] + eps)).squareRoot() * e.g
          e.s[1] = b2 * e.s[1] + (1 - b2) * change * change
          e.p -= rate * change
        }
      ),
      ("rmsprop", table.rmsprop, [true, false, false], rmsprop),
      ("rmsprop with momentum", table.rmsprop, [true, true, false], rmsprop),
      ("centred rmsprop", table.rmsprop, [true, false, true], rmsprop),
      ("adam", table.adam, [true, true, false], adam),
      ("amsgrad", table.adam, [true, true, true], adam),
      (
        "adamax", table.adamax, [true, true, false],
        { e, _ in
          e.s[0] = b1 * e.s[0] + (1 - b1) * e.g
          e.s[1] = max(b2 * e.s[1], abs(e.g) + eps)
          e.p -= rate * e.s[0] / e.s[1]
        }
      ),
      (
        "nadam", table.nadam, [true, true, false],
        { e, _ in
          moments(&e)
          e.p -= (gradientRate * e.g + rate * e.s[0]) / (e.s[1].squareRoot() * scale + eps)
        }
      ),
      (
        "lamb", table.lamb_direction, [true, true, true],
        { e, _ in
          moments(&e)
          e.s[2] = rate * e.s[0] / (e.s[1].squareRoot() * scale + eps) + directionDecay * e.p
        }
      ),
    ]
  }

  @Test("every step", arguments: KernelLevelTests.levels)
  func steps(level: KernelLevel) {
    var constants = Self.step
    for (name, kernel, states, definition) in definitions(KernelLevelTests.table(level)) {
      for length in KernelLevelTests.lengths {
        let start = (1...5).map { KernelLevelTests.numbers(length, seed: $0) }
        // Averages of squares are not negative; some parameters are zero, where a sign has no direction.
        var p = start[0].enumerated().map { $0 % 5 == 3 ? 0 : $1 }
        let s = start[1...3].map { $0.map(abs) }
        let before = (p: p, s: s)
        var (first, second, third) = (s[0], s[1], s[2])
        first.withUnsafeMutableBufferPointer { first in
          second.withUnsafeMutableBufferPointer { second in
            third.withUnsafeMutableBufferPointer { third in
              kernel(
                &p, states[0] ? first.baseAddress : nil, states[1] ? second.baseAddress : nil,
                states[2] ? third.baseAddress : nil, start[4], length, &constants)
            }
          }
        }
        let after = [first, second, third]
        for i in 0..<length {
          let old = Double(before.p[i])
          let clipped = max(-0.75, min(0.75, Double(start[4][i])))
          let sign: Double = old > 0 ? 1 : old < 0 ? -1 : 0
          let decayed = old * Double(constants.parameter_scale)
          var element = Element(
            p: decayed, s: before.s.map { Double($0[i]) },
            g: clipped * 0.5 + old * Double(constants.l2) + sign * Double(constants.l1))
          definition(&element, states)
          // Centred variances may nearly cancel, and their root is divided by.
          let tolerance = name.hasPrefix("centred") ? 1e-4 : 1e-5
          #expect(abs(Double(p[i]) - element.p) < tolerance, "\(name), \(length), \(i)")
          for state in 0..<3 where states[state] {
            #expect(abs(Double(after[state][i]) - element.s[state]) < 1e-5, "\(name), state \(state), \(length), \(i)")
          }
        }
      }
    }
  }
}
