import CKernels

/// The constants of one step of Adam.
package struct AdamStep: Sendable {
  fileprivate let constants: adam_step

  /// `step` counts from 1.
  package init(
    step: Int, learningRate: Float, beta1: Float, beta2: Float, epsilon: Float, gradientScale: Float,
    weightDecay: Float
  ) {
    let firstCorrection = 1 - power(Double(beta1), step)
    let secondCorrection = 1 - power(Double(beta2), step)
    constants = adam_step(
      beta1: beta1, beta2: beta2, step_size: Float(Double(learningRate) / firstCorrection),
      second_moment_scale: Float(1 / secondCorrection.squareRoot()), epsilon: epsilon, gradient_scale: gradientScale,
      weight_decay: weightDecay)
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, base, exponent) = (1.0, base, exponent)
  while exponent > 0 {
    if exponent & 1 == 1 { result *= base }
    base *= base
    exponent >>= 1
  }
  return result
}

/// The moments of one parameter.
package struct AdamState: Sendable {
  package var firstMoment: Tensor
  package var secondMoment: Tensor

  package init(shape: [Int]) {
    firstMoment = Tensor(zeros: shape)
    secondMoment = Tensor(zeros: shape)
  }

  /// Changes the parameter and the moments in place; of a row-sparse gradient only the rows that it has.
  package mutating func update(_ parameter: inout Tensor, _ gradient: Gradient, _ step: AdamStep) {
    var constants = step.constants
    parameter.withUnsafeMutableElements { parameter in
      firstMoment.withUnsafeMutableElements { first in
        secondMoment.withUnsafeMutableElements { second in
          guard let p = parameter.baseAddress, let m = first.baseAddress, let v = second.baseAddress else { return }
          switch gradient {
          case .dense(let gradient):
            let g = gradient.floats
            withUnsafePointer(to: &constants) { constants in
              forEachTile(of: parameter.count) { tile in
                let at = tile.lowerBound
                kernels.adam(p + at, m + at, v + at, g + at, tile.count, constants)
              }
            }
          case .rows(let rows):
            // A penalty would have to reach all rows.
            constants.weight_decay = 0
            let width = rows.values.shape[1]
            let g = rows.values.floats
            withUnsafePointer(to: &constants) { constants in
              rows.rows.withUnsafeBufferPointer { indices in
                let perTile = max(1, elementsPerTile / 4 / max(width, 1))
                parallelFor((indices.count + perTile - 1) / perTile) { tile in
                  for position in tile * perTile..<min(indices.count, (tile + 1) * perTile) {
                    let at = Int(indices[position]) * width
                    kernels.adam(p + at, m + at, v + at, g + position * width, width, constants)
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

extension Tensor {
  /// velocity = momentum · velocity + gradient; self -= rate · velocity
  package mutating func takeMomentumStep(
    _ velocity: inout Tensor, _ gradient: Tensor, rate: Float, momentum: Float, gradientScale: Float,
    weightDecay: Float
  ) {
    let g = gradient.floats
    withUnsafeMutableElements { parameter in
      velocity.withUnsafeMutableElements { velocity in
        guard let p = parameter.baseAddress, let v = velocity.baseAddress else { return }
        forEachTile(of: parameter.count) { tile in
          let at = tile.lowerBound
          kernels.momentum(p + at, v + at, g + at, tile.count, rate, momentum, gradientScale, weightDecay)
        }
      }
    }
  }
}
