import CKernels

/// The backward pass: gates become their gradients in place, from the last step to the first; the gradients of the
/// weights and of the input are matrix products over all rows afterwards.
struct RecurrentBackward {
  let forward: RecurrentForward
  let output: Tensor
  /// Of the outputs of all rows.
  let outputGradient: Tensor
  /// Of the final cells of each direction, [B, H], where somebody reads them.
  let cellGradients: [Tensor?]

  private var layout: SequenceLayout { forward.layout }

  /// What a direction leaves for the products.
  struct Direction {
    let forward: RecurrentForward.Direction
    /// Gradients of what the gates activate, row by row.
    let gates: Tensor
    /// Gradients of the state before the first step and of the cell, longest sequence first.
    let state: Tensor
    let cell: Tensor
  }

  /// The gradients of the input, of each direction's weights, of its initial outputs, and of its initial cells.
  func run(needsInputGradient: Bool, weights: [RecurrentWeights], hasInitial: Bool) -> [Gradient?] {
    let directions = forward.directions.indices.map(start)
    walkBack(directions, weights)
    let products = RecurrentGradientProducts(
      forward: forward, output: output, directions: directions, weights: weights,
      needsInputGradient: needsInputGradient)
    var gradients = products.compute()
    if hasInitial {
      for direction in directions {
        gradients.append(.dense(layout.unsorted(direction.state, width: direction.forward.packed.hiddenSize)))
      }
      for direction in directions where forward.layer.kind.hasCellState {
        gradients.append(.dense(layout.unsorted(direction.cell, width: direction.forward.packed.hiddenSize)))
      }
    }
    return gradients
  }

  private func start(_ index: Int) -> Direction {
    let direction = forward.directions[index]
    let (rows, stride) = (layout.rowCount, direction.stateStride)
    let zeros = { Tensor(zeros: [layout.batchSize, stride]) }
    return Direction(
      forward: direction,
      gates: direction.gates.count > 0 ? direction.gates : Tensor(uninitialized: [rows, direction.gateStride]),
      state: zeros(), cell: cellGradients[index].map { layout.sorted($0, stride: stride) } ?? zeros())
  }

  private func walkBack(_ directions: [Direction], _ weights: [RecurrentWeights]) {
    let recurrentWeights = zip(directions, weights).map { direction, weights in
      let gates = direction.forward.packed.gates
      return PackedMatrix(gates.ordered(weights.recurrent, for: gates.recurrentColumns))
    }
    let parts = forward.parts
    parallelFor(parts.count * directions.count) { task in
      let index = task % directions.count
      walkBack(directions[index], part: parts[task / directions.count], recurrentWeight: recurrentWeights[index])
    }
  }

  private func walkBack(_ direction: Direction, part: Range<Int>, recurrentWeight: PackedMatrix) {
    let packed = direction.forward.packed
    let active = layout.batchSizes.prefix { $0 > part.lowerBound }.count
    let firstRecurrent = packed.gates.recurrentColumns.lowerBound
    let gateStride = direction.forward.gateStride
    let backwardStep = forward.layer.kind.backwardStep
    for position in 0..<active {
      let step = packed.isReversed ? position : active - 1 - position
      let (row, rows, pastRow, rowsWithPast) = layout.rows(of: step, part: part, reversed: packed.isReversed)
      for (first, count) in [(0, rowsWithPast), (rowsWithPast, rows - rowsWithPast)] where count > 0 {
        let position = part.lowerBound + first
        let past = past(direction, position: position, pastRow: first < rowsWithPast ? pastRow : nil)
        var arguments = arguments(direction, row: row + first, count: count, position: position, past)
        backwardStep(&arguments)
        if past.output != nil {
          recurrentWeight.multiply(
            rows: count, arguments.gates + firstRecurrent, stride: gateStride, into: arguments.state_gradient,
            stride: direction.forward.stateStride, start: product_start_accumulate)
        }
      }
    }
  }

  /// The states before a step; without pointers they are zero.
  private struct Past {
    let output: UnsafePointer<Float>?
    let outputStride: Int
    let cell: UnsafePointer<Float>?
  }

  /// The previous state: of another row, the initial one, or none.
  private func past(_ direction: Direction, position: Int, pastRow: Int?) -> Past {
    let stride = direction.forward.stateStride
    guard let pastRow else {
      return Past(
        output: direction.forward.initialHidden.map { UnsafePointer($0.floats + position * stride) },
        outputStride: stride,
        cell: direction.forward.initialCell.map { UnsafePointer($0.floats + position * stride) })
    }
    return Past(
      output: UnsafePointer(output.floats + pastRow * forward.outputWidth + direction.forward.column),
      outputStride: forward.outputWidth,
      cell: forward.layer.kind.hasCellState
        ? UnsafePointer(direction.forward.cells.floats + pastRow * stride) : nil)
  }

  private func arguments(
    _ direction: Direction, row: Int, count: Int, position: Int, _ past: Past
  ) -> recurrent_step_gradient {
    let (width, stride) = (forward.outputWidth, direction.forward.stateStride)
    let column = direction.forward.column
    return recurrent_step_gradient(
      rows: Int32(count), hidden: Int32(direction.forward.packed.hiddenSize),
      output_gradient: outputGradient.floats + row * width + column, output_gradient_stride: width,
      state_gradient: direction.state.floats + position * stride,
      cell_gradient: direction.cell.floats + position * stride, state_stride: stride, past_output: past.output,
      past_output_stride: past.outputStride, output: output.floats + row * width + column, output_stride: width,
      past_cell: past.cell, past_cell_stride: stride,
      cell: forward.layer.kind.hasCellState ? direction.forward.cells.floats + row * stride : nil, cell_stride: stride,
      gates: direction.gates.floats + row * direction.forward.gateStride, gate_stride: direction.forward.gateStride)
  }
}
