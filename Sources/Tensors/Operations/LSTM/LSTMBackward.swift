import CKernels

/// The backward pass: gates become their gradients in place, from the last step to the first; the gradients of the
/// weights and of the input are matrix products over all rows afterwards.
struct LSTMBackward {
  let forward: LSTMForward
  let output: Tensor
  let outputGradient: Tensor

  private var layout: SequenceLayout { forward.layout }

  func run(needsInputGradient: Bool) -> [Gradient?] {
    let directions = forward.directions
    let recurrentWeights = directions.map { PackedMatrix($0.gateRecurrentWeight) }
    let parts = forward.parts
    parallelFor(parts.count * directions.count) { task in
      let direction = task % directions.count
      walkBack(direction: direction, part: parts[task / directions.count], recurrentWeight: recurrentWeights[direction])
    }
    // The gradients of the input and of all weights do not wait for each other: one loop for all of their tiles.
    let inputGradient = needsInputGradient ? Tensor(uninitialized: forward.input.shape) : .empty
    let inputWeights = needsInputGradient ? directions.map { PackedMatrix($0.gateInputWeight) } : []
    let inputTiles = needsInputGradient ? (layout.rowCount + rowsPerTile - 1) / rowsPerTile : 0
    let weights = directions.indices.map { LSTMWeightGradients(self, direction: $0) }
    let weightTiles = weights.flatMap { gradients in (0..<gradients.tileCount).map { (gradients, tile: $0) } }
    parallelFor(weightTiles.count + inputTiles) { task in
      if task < weightTiles.count {
        weightTiles[task].0.compute(tile: weightTiles[task].tile)
      } else {
        computeInputGradient(tile: task - weightTiles.count, inputWeights, into: inputGradient.floats)
      }
    }
    return [needsInputGradient ? .dense(inputGradient) : nil] + weights.flatMap(\.all)
  }

  private func walkBack(direction index: Int, part: Range<Int>, recurrentWeight: PackedMatrix) {
    let direction = forward.directions[index]
    let column = index == 0 ? 0 : forward.directions[0].hiddenSize
    let (width, cellStride, gateStride) = (forward.outputWidth, forward.cellStride, forward.gateStride)
    let (cells, gates) = (forward.cells[index].floats, forward.gates[index].floats)
    let recurrentGradient = Tensor(zeros: [part.count, cellStride])
    let cellGradient = Tensor(zeros: [part.count, cellStride])
    let active = layout.batchSizes.prefix { $0 > part.lowerBound }.count
    for position in 0..<active {
      let step = direction.isReversed ? position : active - 1 - position
      let (row, rows, pastRow, rowsWithPast) = layout.rows(of: step, part: part, reversed: direction.isReversed)
      var arguments = lstm_step_gradient(
        rows: Int32(rows), rows_with_past: Int32(rowsWithPast), hidden: Int32(direction.hiddenSize),
        output_gradient: outputGradient.floats + row * width + column, output_stride: width,
        recurrent_gradient: recurrentGradient.floats, cell_gradient: cellGradient.floats,
        past_cell: cells + pastRow * cellStride, cell: cells + row * cellStride, cell_stride: cellStride,
        gates: gates + row * gateStride, gate_stride: gateStride)
      kernels.lstm_backward_step(&arguments)
      if rowsWithPast > 0 {
        recurrentWeight.multiply(
          rows: rowsWithPast, gates + row * gateStride, stride: gateStride, into: recurrentGradient.floats,
          stride: cellStride, start: product_start_zero)
      }
    }
  }

  private var rowsPerTile: Int { 96 }

  /// dX = Σ over directions of dGates · W, for some rows.
  private func computeInputGradient(
    tile: Int, _ weights: [PackedMatrix], into result: UnsafeMutablePointer<Float>
  ) {
    let first = tile * rowsPerTile
    let rows = min(rowsPerTile, layout.rowCount - first)
    for (index, weight) in weights.enumerated() {
      weight.multiply(
        rows: rows, forward.gates[index].floats + first * forward.gateStride, stride: forward.gateStride,
        into: result + first * weight.n, stride: weight.n,
        start: index == 0 ? product_start_zero : product_start_accumulate)
    }
  }
}

/// dW = dGatesᵀ · input, dR = dGatesᵀ · previous outputs, and for both biases the sums of dGates; of one direction, in
/// tiles of hidden units.
struct LSTMWeightGradients {
  private let direction: LSTMDirection
  private let gates: Tensor
  private let gateStride: Int
  /// The input and the previous outputs side by side.
  private let rows: PackedRows
  private let input: Tensor
  private let recurrent: Tensor
  private let bias: Tensor
  /// 96 or 192 gate columns, whole blocks of the micro-kernel: large tiles read the packed rows less often, small ones
  /// share short work better.
  private let unitsPerTile: Int

  init(_ backward: LSTMBackward, direction index: Int) {
    let forward = backward.forward
    let direction = forward.directions[index]
    self.direction = direction
    unitsPerTile = forward.layout.rowCount < 4096 ? 24 : 48
    gates = forward.gates[index]
    gateStride = forward.gateStride
    let (inputs, hidden) = (direction.inputSize, direction.hiddenSize)
    let column = index == 0 ? 0 : forward.directions[0].hiddenSize
    rows = withExtendedLifetime((forward, backward)) {
      PackedRows(
        [
          .init(floats: forward.input.floats, stride: inputs, count: inputs),
          .init(
            floats: backward.output.floats + column, stride: forward.outputWidth, count: hidden,
            rows: forward.layout.pastRows(reversed: direction.isReversed)),
        ], rowCount: forward.layout.rowCount)
    }
    input = Tensor(uninitialized: [4 * hidden, inputs])
    recurrent = Tensor(uninitialized: [4 * hidden, hidden])
    bias = Tensor(uninitialized: [4 * hidden])
  }

  var tileCount: Int { (direction.hiddenSize + unitsPerTile - 1) / unitsPerTile }

  /// In the order of ``LSTMWeights``.
  var all: [Gradient?] { [.dense(input), .dense(recurrent), .dense(bias), .dense(bias)] }

  func compute(tile: Int) {
    let (inputs, hidden) = (direction.inputSize, direction.hiddenSize)
    let first = tile * unitsPerTile
    let units = min(unitsPerTile, hidden - first)
    let gateCount = (units + LSTMDirection.unitBlock - 1) / LSTMDirection.unitBlock * LSTMDirection.unitBlock * 4
    withUnsafeTemporaryAllocation(of: Float.self, capacity: gateCount) { sums in
      guard let sums = sums.baseAddress else { return }
      let products = withExtendedLifetime(gates) {
        rows.multiply(
          transposing: gates.floats + 4 * first, stride: gateStride, count: gateCount, columnSums: sums)
      }
      // Back from gate columns to PyTorch's rows.
      LSTMDirection.forEachRun(hiddenSize: units) { column, row, count in
        let target = row / units * hidden + first + row % units
        for unit in 0..<count {
          let from = products.floats + (column + unit) * rows.width
          (input.floats + (target + unit) * inputs).update(from: from + rows.offsets[0], count: inputs)
          (recurrent.floats + (target + unit) * hidden).update(from: from + rows.offsets[1], count: hidden)
        }
        (bias.floats + target).update(from: sums + column, count: count)
      }
    }
  }
}
