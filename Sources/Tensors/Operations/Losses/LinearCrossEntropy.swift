import CKernels

extension Tensor {
  /// The mean cross-entropy of the softmax of x·Wᵀ + b: ``linear(weight:bias:)`` and
  /// ``softmaxCrossEntropy(targets:classWeights:labelSmoothing:ignoredTarget:reduction:)`` as one operation, for the many
  /// classes of a vocabulary.
  ///
  /// The scores of some rows at a time become their own gradients while they are in the cache, so that a step holds N·V
  /// numbers once and not three times, and inference holds a few rows of them.
  ///
  /// - Parameters:
  ///   - weight: [V, H]; `self` is [N, H].
  ///   - bias: [V].
  ///   - targets: for each of the N rows one of 0..<V.
  /// - Returns: a tensor of one element.
  public func linearCrossEntropy(weight: Tensor, bias: Tensor, targets: [Int32]) -> Tensor {
    precondition(
      rank == 2 && weight.rank == 2 && shape[1] == weight.shape[1] && bias.shape == [weight.shape[0]],
      "linearCrossEntropy: an input of the shape \(shape), a weight of \(weight.shape), a bias of \(bias.shape)")
    let (rows, inputs, classes) = (shape[0], shape[1], weight.shape[0])
    precondition(
      targets.count == rows && targets.allSatisfy { $0 >= 0 && $0 < classes },
      "linearCrossEntropy: \(targets.count) targets of \(classes) classes for \(rows) rows")
    let isRecorded = GradientTape.current != nil && (needsGradient || weight.needsGradient || bias.needsGradient)
    let scale = 1 / Float(max(rows, 1))
    let packed = PackedMatrix(transposing: weight)
    // Whole blocks of the micro-kernel.
    let rowsPerTile = 48
    let tiles = (rows + rowsPerTile - 1) / rowsPerTile
    let gradients = isRecorded ? Tensor(uninitialized: [rows, classes]) : .empty
    var losses = [Double](repeating: 0, count: tiles)
    losses.withUnsafeMutableBufferPointer { losses in
      parallelFor(tiles) { tile in
        let first = tile * rowsPerTile
        let count = min(rowsPerTile, rows - first)
        let scratch = isRecorded ? .empty : Tensor(uninitialized: [count, classes])
        let scores = isRecorded ? gradients.floats + first * classes : scratch.floats
        packed.multiply(
          rows: count, floats + first * inputs, stride: inputs, into: scores, stride: classes,
          start: product_start_bias, bias: bias.floats)
        for row in 0..<count {
          let own = scores + row * classes
          let target = targets[first + row]
          losses[tile] += withUnsafePointer(to: target) { kernels.softmax_cross_entropy(own, 1, classes, $0, own) }
          if isRecorded {
            own[Int(target)] -= 1
            kernels.scale(own, scale, own, classes)
          }
        }
        withExtendedLifetime((scratch, gradients)) {}
      }
    }
    withExtendedLifetime((self, weight, bias)) {}
    let loss = Tensor([Float(losses.reduce(0, +) / Double(max(rows, 1)))], shape: [])
    let (x, w) = (detached, weight.detached)
    let needs = (input: needsGradient, weight: weight.needsGradient)
    return loss.recorded("linearCrossEntropy", from: [self, weight, bias]) { above in
      let own = above.scalar == 1 ? gradients : gradients * above.scalar
      return linearGradients(own, x: x, weight: w, rows: rows, needs: needs)
    }
  }
}
