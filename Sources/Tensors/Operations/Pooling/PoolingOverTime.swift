import CKernels

extension Tensor {
  /// The state after the last token of each sequence: of the forward half of the columns at the last time step and, with
  /// two directions, of the backward half at the first. `self` is [N, F]; the result is [B, F].
  public func lastStates(layout: SequenceLayout, directions: Int) -> Tensor {
    let states = finalStates(layout: layout, directions: directions)
    return states.count == 1 ? states[0] : Tensor.concatenated(states, axis: 1)
  }

  /// The same for each direction by itself: D tensors [B, F / D].
  public func finalStates(layout: SequenceLayout, directions: Int) -> [Tensor] {
    precondition(
      rank == 2 && shape[0] == layout.rowCount, "finalStates: the shape \(shape) for \(layout.rowCount) rows")
    precondition(directions == 1 || (directions == 2 && shape[1] % 2 == 0), "finalStates: \(directions) directions")
    let width = shape[1] / directions
    return (0..<directions).map { direction in
      block(
        rows: direction == 0 ? layout.lastRows : layout.firstRows, columns: direction * width..<(direction + 1) * width)
    }
  }

  /// Some columns of some rows, each row at most once.
  private func block(rows: [Int32], columns: Range<Int>) -> Tensor {
    let shape = shape
    let result = Tensor(uninitialized: [rows.count, columns.count])
    for (index, row) in rows.enumerated() {
      (result.floats + index * columns.count).update(
        from: floats + Int(row) * shape[1] + columns.lowerBound, count: columns.count)
    }
    return result.recorded("block", from: [self]) { gradient in
      let inputGradient = Tensor(zeros: shape)
      for (index, row) in rows.enumerated() {
        (inputGradient.floats + Int(row) * shape[1] + columns.lowerBound).update(
          from: gradient.floats + index * columns.count, count: columns.count)
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
