import CKernels

/// What happens to a gradient before an optimiser reads it.
package struct GradientRule: Sendable {
  /// Elements are cut to [-limit, limit] first.
  package var limit = Float.infinity
  /// Multiplies what is left.
  package var scale: Float = 1
  /// What is added of the parameter.
  package var l2: Float = 0
  /// What is added of the parameter's sign.
  package var l1: Float = 0

  /// Leaves gradients as they are.
  package init() {}

  /// Whether the step reaches elements whose gradient is zero.
  package var hasPenalty: Bool { l1 != 0 || l2 != 0 }
}

/// One step of an optimiser for one parameter: a kernel and its constants.
package struct OptimizerStep: Sendable {
  private let kernel: optimizer_kernel
  private var constants = optimizer_step()
  /// The rate of a step whose kernel gives a direction only, which is then scaled for the parameter as a whole.
  private var layerwiseRate: Float?

  private init(_ kernel: optimizer_kernel) {
    self.kernel = kernel
    constants.parameter_scale = 1
    apply(GradientRule())
  }

  /// Takes over what happens to the gradient.
  package mutating func apply(_ rule: GradientRule) {
    constants.gradient_limit = rule.limit
    constants.gradient_scale = rule.scale
    constants.l1 = rule.l1
    constants.l2 = rule.l2
  }

  /// Shrinks the parameter before the step, by rate · decay of itself (Loshchilov & Hutter 2019).
  package mutating func decayParameter(rate: Float, decay: Float) {
    constants.parameter_scale = 1 - rate * decay
  }

  /// State: velocity, where there is momentum. `velocityShare` is what the velocity takes of the gradient.
  package static func gradientDescent(
    rate: Float, momentum: Float, velocityShare: Float, isNesterov: Bool
  ) -> OptimizerStep {
    var step = OptimizerStep(kernels.gradient_descent)
    step.constants.first_decay = momentum
    step.constants.velocity_share = velocityShare
    step.constants.rate = isNesterov ? rate * momentum : rate
    step.constants.gradient_rate = isNesterov || momentum == 0 ? rate : 0
    return step
  }

  /// State: Σ g².
  package static func adagrad(rate: Float, epsilon: Float) -> OptimizerStep {
    var step = OptimizerStep(kernels.adagrad)
    (step.constants.rate, step.constants.epsilon) = (rate, epsilon)
    return step
  }

  /// State: average of g², average of the squared changes.
  package static func adadelta(rate: Float, decay: Float, epsilon: Float) -> OptimizerStep {
    var step = OptimizerStep(kernels.adadelta)
    (step.constants.rate, step.constants.second_decay, step.constants.epsilon) = (rate, decay, epsilon)
    return step
  }

  /// State: average of g², velocity where there is momentum, average of g where the variance is centred.
  package static func rmsProp(rate: Float, decay: Float, momentum: Float, epsilon: Float) -> OptimizerStep {
    var step = OptimizerStep(kernels.rmsprop)
    (step.constants.rate, step.constants.second_decay, step.constants.epsilon) = (rate, decay, epsilon)
    step.constants.first_decay = momentum
    return step
  }

  /// State: average of g, average of g², and with AMSGrad the largest of those. `count` counts steps from 1.
  package static func adam(count: Int, rate: Float, beta1: Float, beta2: Float, epsilon: Float) -> OptimizerStep {
    var step = OptimizerStep(kernels.adam)
    step.setMoments(count: count, beta1: beta1, beta2: beta2, epsilon: epsilon)
    step.constants.rate = Float(Double(rate) / (1 - power(Double(beta1), count)))
    return step
  }

  /// State: average of g, the largest decayed |g|.
  package static func adamax(count: Int, rate: Float, beta1: Float, beta2: Float, epsilon: Float) -> OptimizerStep {
    var step = OptimizerStep(kernels.adamax)
    step.setMoments(count: count, beta1: beta1, beta2: beta2, epsilon: epsilon)
    step.constants.rate = Float(Double(rate) / (1 - power(Double(beta1), count)))
    return step
  }

  /// State: average of g, average of g². `momentum` and `nextMomentum` are μ of this step and of the next, `product` that
  /// of all until this one.
  package static func nadam(
    count: Int, rate: Float, beta1: Float, beta2: Float, epsilon: Float, momentum: Double, nextMomentum: Double,
    product: Double
  ) -> OptimizerStep {
    var step = OptimizerStep(kernels.nadam)
    step.setMoments(count: count, beta1: beta1, beta2: beta2, epsilon: epsilon)
    step.constants.gradient_rate = Float(Double(rate) * (1 - momentum) / (1 - product))
    step.constants.rate = Float(Double(rate) * nextMomentum / (1 - product * nextMomentum))
    return step
  }

  /// State: average of g, average of g². `decay` is what the direction takes of the parameter.
  package static func lamb(
    count: Int, rate: Float, beta1: Float, beta2: Float, epsilon: Float, decay: Float
  ) -> OptimizerStep {
    var step = OptimizerStep(kernels.lamb_direction)
    step.setMoments(count: count, beta1: beta1, beta2: beta2, epsilon: epsilon)
    step.constants.rate = Float(1 / (1 - power(Double(beta1), count)))
    step.constants.direction_decay = decay
    step.layerwiseRate = rate
    return step
  }

  private mutating func setMoments(count: Int, beta1: Float, beta2: Float, epsilon: Float) {
    (constants.first_decay, constants.second_decay, constants.epsilon) = (beta1, beta2, epsilon)
    constants.second_scale = Float(1 / (1 - power(Double(beta2), count)).squareRoot())
  }

  /// Changes a parameter and its state (`nil` where the optimiser goes without) in place; with a row-sparse gradient only
  /// the rows that it has.
  package func update(_ parameter: inout Tensor, state: inout [Tensor?], _ gradient: Gradient) {
    parameter.makeUnique()
    for index in state.indices { state[index]?.makeUnique() }
    let direction = layerwiseRate.map { _ in Tensor(uninitialized: parameter.shape) }
    let slots = state + (direction.map { [$0] } ?? [])
    let pointers = (0..<3).map { $0 < slots.count ? slots[$0]?.floats : nil }
    let (p, first, second, third) = (parameter.floats, pointers[0], pointers[1], pointers[2])
    withExtendedLifetime((parameter, slots)) {
      withUnsafePointer(to: constants) { constants in
        func run(_ at: Int, _ g: UnsafePointer<Float>, _ count: Int) {
          kernel(p + at, first.map { $0 + at }, second.map { $0 + at }, third.map { $0 + at }, g, count, constants)
        }
        switch gradient {
        case .dense(let gradient):
          let g = gradient.floats
          forEachTile(of: parameter.count) { run($0.lowerBound, g + $0.lowerBound, $0.count) }
        case .rows(let rows):
          let (g, width) = (rows.values.floats, rows.values.shape[1])
          rows.rows.withUnsafeBufferPointer { indices in
            let perTile = max(1, elementsPerTile / 4 / max(width, 1))
            parallelFor((indices.count + perTile - 1) / perTile) { tile in
              for position in tile * perTile..<min(indices.count, (tile + 1) * perTile) {
                run(Int(indices[position]) * width, g + position * width, width)
              }
            }
          }
        }
      }
    }
    if let direction, let layerwiseRate { parameter.moveLayerwise(along: direction, rate: layerwiseRate) }
  }
}

/// `base` to a whole power: squares, so that it is the same wherever it is computed.
private func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, base, exponent) = (1.0, base, exponent)
  while exponent > 0 {
    if exponent & 1 == 1 { result *= base }
    base *= base
    exponent >>= 1
  }
  return result
}

extension Tensor {
  /// Copies the storage if somebody else holds it.
  fileprivate mutating func makeUnique() {
    withUnsafeMutableElements { _ in }
  }

  /// self -= rate · ‖self‖ / ‖direction‖ · direction; the ratio is 1 where a norm is zero (You et al. 2020).
  fileprivate mutating func moveLayerwise(along direction: Tensor, rate: Float) {
    let (own, other) = (sumOfSquares.squareRoot(), direction.sumOfSquares.squareRoot())
    let ratio = own > 0 && other > 0 ? own / other : 1
    let (p, step) = (floats, Float(-Double(rate) * ratio))
    forEachTile(of: count) { tile in
      kernels.add_scaled(direction.floats + tile.lowerBound, step, p + tile.lowerBound, tile.count)
    }
  }

  /// Scales each row (all dimensions but the first) down to a norm of at most `maximum`, as `torch.renorm` does; of
  /// `rows` only, where they are given.
  package mutating func limitRowNorms(to maximum: Float, rows: [Int32]? = nil) {
    let width = count / max(shape.first ?? 1, 1)
    let rowCount = rows?.count ?? (shape.first ?? 0)
    guard rank >= 2, width > 0 else { return }
    withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let perTile = max(1, elementsPerTile / width)
      parallelFor((rowCount + perTile - 1) / perTile) { tile in
        for position in tile * perTile..<min(rowCount, (tile + 1) * perTile) {
          let row = base + (rows.map { Int($0[position]) } ?? position) * width
          let norm = Float(kernels.sum_of_squares(row, width).squareRoot())
          // The 1e-7 is PyTorch's.
          if norm > maximum { kernels.scale(row, maximum / (norm + 1e-7), row, width) }
        }
      }
    }
  }

  /// Σ x², in double precision: sums of tiles, in their order.
  private var sumOfSquares: Double {
    var sums = [Double](repeating: 0, count: (count + elementsPerTile - 1) / elementsPerTile)
    sums.withUnsafeMutableBufferPointer { sums in
      forEachTile(of: count) {
        sums[$0.lowerBound / elementsPerTile] = kernels.sum_of_squares(floats + $0.lowerBound, $0.count)
      }
    }
    return sums.reduce(0, +)
  }
}
