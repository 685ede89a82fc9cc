import CKernels

extension Tensor {
  /// The state after the last token of each sequence: of the forward half of the columns at the last time step and, with
  /// two directions, of the backward half at the first. `self` is [N, F]; the result is [B, F].
  public func lastStates(layout: SequenceLayout, directions: Int) -> Tensor {
    precondition(rank == 2 && shape[0] == layout.rowCount, "lastStates: the shape \(shape) for \(layout.rowCount) rows")
    precondition(directions == 1 || (directions == 2 && shape[1] % 2 == 0), "lastStates: \(directions) directions")
    let width = shape[1]
    let half = width / directions
    let rows = [layout.lastRows, layout.firstRows]
    let result = Tensor(uninitialized: [layout.batchSize, width])
    for direction in 0..<directions {
      for (index, row) in rows[direction].enumerated() {
        (result.floats + index * width + direction * half).update(
          from: floats + Int(row) * width + direction * half, count: half)
      }
    }
    let rowCount = layout.rowCount
    return result.recorded("lastStates", from: [self]) { gradient in
      let inputGradient = Tensor(zeros: [rowCount, width])
      for direction in 0..<directions {
        for (index, row) in rows[direction].enumerated() {
          (inputGradient.floats + Int(row) * width + direction * half).update(
            from: gradient.floats + index * width + direction * half, count: half)
        }
      }
      return [.dense(inputGradient)]
    }
  }

  /// The mean over the time steps of each sequence: [B, F] of [N, F].
  public func meanOverTime(layout: SequenceLayout) -> Tensor {
    precondition(
      rank == 2 && shape[0] == layout.rowCount, "meanOverTime: the shape \(shape) for \(layout.rowCount) rows")
    let width = shape[1]
    let result = Tensor(zeros: [layout.batchSize, width])
    let (from, to) = (floats, result.floats)
    parallelFor(layout.batchSize) { position in
      let index = layout.order[position]
      let sum = to + index * width
      for step in 0..<layout.lengths[index] {
        kernels.add_scaled(from + (layout.rowOffsets[step] + position) * width, 1, sum, width)
      }
      kernels.scale(sum, 1 / Float(layout.lengths[index]), sum, width)
    }
    return result.recorded("meanOverTime", from: [self]) { gradient in
      let inputGradient = Tensor(uninitialized: [layout.rowCount, width])
      let (from, to) = (gradient.floats, inputGradient.floats)
      parallelFor(layout.batchSize) { position in
        let index = layout.order[position]
        for step in 0..<layout.lengths[index] {
          kernels.scale(
            from + index * width, 1 / Float(layout.lengths[index]), to + (layout.rowOffsets[step] + position) * width,
            width)
        }
      }
      return [.dense(inputGradient)]
    }
  }

  /// The largest value of each column over the time steps of each sequence: [B, F] of [N, F].
  public func maxOverTime(layout: SequenceLayout) -> Tensor {
    precondition(
      rank == 2 && shape[0] == layout.rowCount, "maxOverTime: the shape \(shape) for \(layout.rowCount) rows")
    let width = shape[1]
    let result = Tensor(repeating: -.infinity, shape: [layout.batchSize, width])
    let (from, to) = (floats, result.floats)
    var rows = [Int32](repeating: 0, count: layout.batchSize * width)
    rows.withUnsafeMutableBufferPointer { rows in
      guard let rows = rows.baseAddress else { return }
      parallelFor(layout.batchSize) { position in
        let index = layout.order[position]
        for step in 0..<layout.lengths[index] {
          let row = layout.rowOffsets[step] + position
          kernels.running_maximum(from + row * width, Int32(row), to + index * width, rows + index * width, width)
        }
      }
    }
    return result.recorded("maxOverTime", from: [self]) { [rows] gradient in
      let inputGradient = Tensor(zeros: [layout.rowCount, width])
      gradient.withUnsafeElements { gradient in
        for (element, row) in rows.enumerated() {
          inputGradient.floats[Int(row) * width + element % width] += gradient[element]
        }
      }
      return [.dense(inputGradient)]
    }
  }
}
