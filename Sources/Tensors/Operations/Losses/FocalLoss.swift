import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Tensor {
  /// The focal loss -α · (1 - p)^γ · log p of the probability p = softmax(logits)[target] (Lin et al. 2017); logits [B, K].
  ///
  /// - Parameters:
  ///   - gamma: how much less a row counts that is classified well; 0 gives cross-entropy.
  ///   - alpha: [K], multiplies the losses of each class. The mean is over the rows that count, whatever the weights.
  ///   - ignoredTarget: rows with this target do not count. When no row counts, the loss is 0.
  public func focalLoss(
    targets: [Int32], gamma: Float = 2, alpha: [Float]? = nil, ignoredTarget: Int32? = nil,
    reduction: LossReduction = .mean
  ) -> Tensor {
    precondition(gamma >= 0, "focalLoss: gamma \(gamma) is below zero")
    let rows = ClassTargets("focalLoss", shape, targets, weights: alpha, ignored: ignoredTarget)
    let (classes, gamma) = (rows.classes, Double(gamma))
    let probabilities = Tensor(uninitialized: shape)
    /// 1 - p, as the sum of the other probabilities: exact where p is nearly 1.
    @Sendable func rest(_ row: Int, _ target: Int) -> Double {
      let p = probabilities.floats + row * classes
      return kernels.sum(p, target) + kernels.sum(p + target + 1, classes - target - 1)
    }
    var logProbabilities = [Double](repeating: 0, count: targets.count)
    let total = logProbabilities.withUnsafeMutableBufferPointer { logs in
      nonisolated(unsafe) let logs = logs
      return rows.sum { row, target, weight in
        let loss = withUnsafePointer(to: Int32(target)) {
          kernels.softmax_cross_entropy(
            floats + row * classes, 1, classes, $0, probabilities.floats + row * classes)
        }
        logs[row] = -loss
        return weight * pow(rest(row, target), gamma) * loss
      }
    }
    let divisor = reduction.divisor(Double(rows.count))
    return Tensor([Float(total / divisor)], shape: []).recorded("focalLoss", from: [self]) { [logProbabilities] above in
      let gradient = Tensor(uninitialized: probabilities.shape)
      rows.forEach(fillingIgnored: gradient) { row, target, weight in
        let (offset, rest) = (row * classes, rest(row, target))
        let p = Double(probabilities.floats[offset + target])
        // p · d/dp of (1 - p)^γ · log p; the power of γ - 1 grows without bound at p = 1 for γ < 1, its product does not.
        let slope = rest > 0 ? gamma * p * pow(rest, gamma - 1) * logProbabilities[row] : 0
        let factor = Double(above.scalar) / divisor * weight * (pow(rest, gamma) - slope)
        kernels.cross_entropy_gradient(
          probabilities.floats + offset, classes, target, Float(factor), 1, 0, nil, 1, gradient.floats + offset)
      }
      return [.dense(gradient)]
    }
  }
}
