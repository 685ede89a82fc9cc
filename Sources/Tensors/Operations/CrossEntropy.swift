import CKernels

extension Tensor {
  /// Softmax along the last dimension.
  public func softmax() -> Tensor {
    precondition(rank >= 1, "softmax: a scalar has no last dimension")
    let classes = shape[rank - 1]
    let rows = count / max(classes, 1)
    let result = Tensor(uninitialized: shape)
    if count > 0 { kernels.softmax(floats, rows, classes, result.floats) }
    let output = result
    return result.recorded("softmax", from: [self]) { gradient in
      let inputGradient = Tensor(uninitialized: output.shape)
      for row in 0..<rows {
        let (y, g, to) = (
          output.floats + row * classes, gradient.floats + row * classes, inputGradient.floats + row * classes
        )
        let product = kernels.dot(y, g, classes)
        for index in 0..<classes { to[index] = y[index] * (g[index] - product) }
      }
      return [.dense(inputGradient)]
    }
  }

  /// The mean over rows of -log softmax(logits)[target]; logits [B, K], a target of 0..<K for each row.
  public func softmaxCrossEntropy(targets: [Int32]) -> Tensor {
    precondition(
      rank == 2 && targets.count == shape[0],
      "softmaxCrossEntropy: \(targets.count) targets for logits of the shape \(shape)")
    let (rows, classes) = (shape[0], shape[1])
    precondition(
      targets.allSatisfy { $0 >= 0 && $0 < classes },
      "softmaxCrossEntropy: a target is outside of the \(classes) classes")
    let probabilities = Tensor(uninitialized: shape)
    let total = kernels.softmax_cross_entropy(floats, rows, classes, targets, probabilities.floats)
    return Tensor([Float(total / Double(max(rows, 1)))], shape: []).recorded("softmaxCrossEntropy", from: [self]) {
      let scale = $0.scalar / Float(max(rows, 1))
      var gradient = probabilities
      gradient.withUnsafeMutableElements { elements in
        for row in 0..<rows { elements[row * classes + Int(targets[row])] -= 1 }
        if let base = elements.baseAddress { kernels.scale(base, scale, base, elements.count) }
      }
      return [.dense(gradient)]
    }
  }
}
