import CKernels

extension Tensor {
  /// The softmax of the scores of each sequence by itself: `self` is [N], as is the result.
  public func softmaxOverTime(layout: SequenceLayout) -> Tensor {
    precondition(shape == [layout.rowCount], "softmaxOverTime: the shape \(shape) for \(layout.rowCount) rows")
    let result = Tensor(uninitialized: shape)
    layout.withRuns(of: self) { scores, position, count in
      kernels.softmax(scores, 1, count, scores)
      layout.putRun(scores, position, count, into: result)
    }
    let output = result.detached
    return result.recorded("softmaxOverTime", from: [self]) { gradient in
      // dx = y · (dy - Σ y·dy) within each sequence.
      let inputGradient = Tensor(uninitialized: output.shape)
      let products = output * gradient.detached
      for position in 0..<layout.batchSize {
        let length = layout.lengths[layout.order[position]]
        var sum: Float = 0
        for step in 0..<length { sum += products.floats[layout.rowOffsets[step] + position] }
        for step in 0..<length {
          let row = layout.rowOffsets[step] + position
          inputGradient.floats[row] = output.floats[row] * (gradient.floats[row] - sum)
        }
      }
      withExtendedLifetime(products) {}
      return [.dense(inputGradient)]
    }
  }

  /// The sum over the time steps of each sequence, each row times its weight: [B, F] of [N, F] and [N].
  public func weightedSumOverTime(_ weights: Tensor, layout: SequenceLayout) -> Tensor {
    precondition(
      rank == 2 && shape[0] == layout.rowCount && weights.shape == [layout.rowCount],
      "weightedSumOverTime: the shapes \(shape) and \(weights.shape) for \(layout.rowCount) rows")
    let width = shape[1]
    let result = Tensor(zeros: [layout.batchSize, width])
    let (x, w, to) = (floats, weights.floats, result.floats)
    parallelFor(layout.batchSize) { position in
      let index = layout.order[position]
      for step in 0..<layout.lengths[index] {
        let row = layout.rowOffsets[step] + position
        kernels.add_scaled(x + row * width, w[row], to + index * width, width)
      }
    }
    let (rows, factors) = (detached, weights.detached)
    return result.recorded("weightedSumOverTime", from: [self, weights]) { gradient in
      let rowGradient = Tensor(uninitialized: rows.shape)
      let weightGradient = Tensor(uninitialized: factors.shape)
      let (x, w, g) = (rows.floats, factors.floats, gradient.floats)
      parallelFor(layout.batchSize) { position in
        let own = g + layout.order[position] * width
        for step in 0..<layout.lengths[layout.order[position]] {
          let row = layout.rowOffsets[step] + position
          kernels.scale(own, w[row], rowGradient.floats + row * width, width)
          weightGradient.floats[row] = kernels.dot(own, x + row * width, width)
        }
      }
      return [.dense(rowGradient), .dense(weightGradient)]
    }
  }
}

extension SequenceLayout {
  /// Calls `body` with a copy of the numbers of each sequence, one behind the other, and its position in `order`.
  fileprivate func withRuns(of values: Tensor, _ body: (UnsafeMutablePointer<Float>, Int, Int) -> Void) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(stepCount, 1)) { run in
      guard let run = run.baseAddress else { return }
      for position in 0..<batchSize {
        let length = lengths[order[position]]
        for step in 0..<length { run[step] = values.floats[rowOffsets[step] + position] }
        body(run, position, length)
      }
    }
  }

  fileprivate func putRun(_ run: UnsafePointer<Float>, _ position: Int, _ count: Int, into result: Tensor) {
    for step in 0..<count { result.floats[rowOffsets[step] + position] = run[step] }
  }
}
