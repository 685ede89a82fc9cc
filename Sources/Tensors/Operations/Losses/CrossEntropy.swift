import CKernels

extension Tensor {
  /// -log softmax(logits)[target], as `torch.nn.functional.cross_entropy`; logits [B, K].
  ///
  /// - Parameters:
  ///   - targets: for each row one of 0..<K, or `ignoredTarget`.
  ///   - classWeights: [K], multiplies the losses of each class; the mean is over the weights then.
  ///   - labelSmoothing: the share of [0, 1] that a target gives to all classes alike (Szegedy et al. 2016).
  ///   - ignoredTarget: rows with this target do not count. When no row counts, the loss is 0.
  public func softmaxCrossEntropy(
    targets: [Int32], classWeights: [Float]? = nil, labelSmoothing: Float = 0, ignoredTarget: Int32? = nil,
    reduction: LossReduction = .mean
  ) -> Tensor {
    let rows = ClassTargets("softmaxCrossEntropy", shape, targets, weights: classWeights, ignored: ignoredTarget)
    precondition(
      labelSmoothing >= 0 && labelSmoothing <= 1, "softmaxCrossEntropy: smoothing \(labelSmoothing) is not in [0, 1]")
    let classes = rows.classes
    let (own, spread) = (1 - Double(labelSmoothing), Double(labelSmoothing) / Double(max(classes, 1)))
    let totalWeight = classWeights.map { $0.reduce(0.0) { $0 + Double($1) } } ?? Double(classes)
    let probabilities = Tensor(uninitialized: shape)
    let total = rows.sum { row, target, weight in
      let logits = floats + row * classes
      let loss = withUnsafePointer(to: Int32(target)) {
        kernels.softmax_cross_entropy(logits, 1, classes, $0, probabilities.floats + row * classes)
      }
      guard spread > 0 else { return weight * loss }
      // Σ w · (log Σ e^x - x) over all classes.
      let sum = classWeights.map { Double(kernels.dot(logits, $0, classes)) } ?? kernels.sum(logits, classes)
      return own * weight * loss + spread * (totalWeight * (loss + Double(logits[target])) - sum)
    }
    let divisor = reduction.divisor(rows.totalWeight)
    return Tensor([Float(total / divisor)], shape: []).recorded("softmaxCrossEntropy", from: [self]) { above in
      let gradient = Tensor(uninitialized: probabilities.shape)
      rows.forEach(fillingIgnored: gradient) { row, target, weight in
        let offset = row * classes
        kernels.cross_entropy_gradient(
          probabilities.floats + offset, classes, target, Float(Double(above.scalar) / divisor),
          Float(own * weight + spread * totalWeight), Float(spread), classWeights, Float(own * weight),
          gradient.floats + offset)
      }
      return [.dense(gradient)]
    }
  }

  /// -input[target] for rows of log-probabilities [B, K], as `torch.nn.functional.nll_loss`; see
  /// ``softmaxCrossEntropy(targets:classWeights:labelSmoothing:ignoredTarget:reduction:)``.
  public func negativeLogLikelihood(
    targets: [Int32], classWeights: [Float]? = nil, ignoredTarget: Int32? = nil, reduction: LossReduction = .mean
  ) -> Tensor {
    let rows = ClassTargets("negativeLogLikelihood", shape, targets, weights: classWeights, ignored: ignoredTarget)
    let (classes, shape) = (rows.classes, shape)
    let total = rows.sum { row, target, weight in -weight * Double(floats[row * classes + target]) }
    let divisor = reduction.divisor(rows.totalWeight)
    return Tensor([Float(total / divisor)], shape: []).recorded("negativeLogLikelihood", from: [self]) { above in
      let gradient = Tensor(zeros: shape)
      rows.forEach(fillingIgnored: nil) { row, target, weight in
        gradient.floats[row * classes + target] = -Float(Double(above.scalar) / divisor * weight)
      }
      return [.dense(gradient)]
    }
  }
}
