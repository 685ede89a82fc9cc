import CKernels

/// The matrix products behind the time steps: dX = dGates · W, dW = dGatesᵀ · X, dR = dGatesᵀ · previous outputs, and the
/// sums of dGates for the biases.
///
/// Where the rows of the input repeat, dGates are summed by distinct row first, and both products with the input take
/// these sums. The products do not wait for each other: one loop for all of their tiles.
struct RecurrentGradientProducts {
  private let forward: RecurrentForward
  private let directions: [DirectionProducts]
  private let needsInputGradient: Bool

  init(
    forward: RecurrentForward, output: Tensor, directions: [RecurrentBackward.Direction],
    weights: [RecurrentWeights], needsInputGradient: Bool
  ) {
    self.forward = forward
    self.needsInputGradient = needsInputGradient
    let groups = forward.inputRows.map { RowGroups($0, groupCount: forward.input.shape[0]) }
    self.directions = zip(directions, weights).map { direction, weights in
      DirectionProducts(
        forward, output: output, direction: direction, weights: weights, groups: groups,
        needsInputGradient: needsInputGradient)
    }
  }

  /// Of the input, then of each direction's weights.
  func compute() -> [Gradient?] {
    let (rows, inputs) = (forward.input.shape[0], forward.input.shape[1])
    let rowsPerTile = 96
    let inputGradient = needsInputGradient ? Tensor(uninitialized: [rows, inputs]) : .empty
    let inputTiles = needsInputGradient ? (rows + rowsPerTile - 1) / rowsPerTile : 0
    let weightTiles = directions.flatMap { direction in direction.tiles.map { (direction, columns: $0) } }
    parallelFor(weightTiles.count + inputTiles) { task in
      if task < weightTiles.count {
        weightTiles[task].0.computeWeights(weightTiles[task].columns)
      } else {
        let first = (task - weightTiles.count) * rowsPerTile
        for (index, direction) in directions.enumerated() {
          direction.computeInput(
            rows: first..<min(rows, first + rowsPerTile), into: inputGradient.floats, isFirst: index == 0)
        }
      }
    }
    return [needsInputGradient ? .dense(inputGradient) : nil] + directions.flatMap(\.gradients)
  }
}

/// The products of one direction.
private struct DirectionProducts {
  private let gates: GateLayout
  private let hasBias: Bool
  /// Gradients of the gates, row by row.
  private let gateGradients: Tensor
  private let gateStride: Int
  /// The same, of the input's columns alone, summed by distinct row of the input.
  private let summedGradients: Tensor?
  private let inputSize: Int
  private let inputWeight: PackedMatrix?
  /// The input, and beside it the previous outputs where both have a row for each row of gates.
  private let packedInput: PackedRows
  /// The previous outputs alone, where the rows of the input repeat.
  private let packedPast: PackedRows?
  private let input: Tensor
  private let recurrent: Tensor
  private let inputBias: Tensor
  private let recurrentBias: Tensor
  /// Ranges of gate columns: large ones read the packed rows less often, small ones share short work better.
  let tiles: [Range<Int>]

  init(
    _ forward: RecurrentForward, output: Tensor, direction: RecurrentBackward.Direction, weights: RecurrentWeights,
    groups: RowGroups?, needsInputGradient: Bool
  ) {
    let packed = direction.forward.packed
    let gates = packed.gates
    self.gates = gates
    hasBias = weights.inputBias != nil
    gateGradients = direction.gates
    gateStride = direction.forward.gateStride
    inputSize = packed.inputSize
    let rowCount = forward.layout.rowCount
    tiles = gates.tiles(ofMost: rowCount < 4096 ? 96 : 192)
    inputWeight = needsInputGradient ? PackedMatrix(gates.ordered(weights.input, for: gates.inputColumns)) : nil
    let inputs = PackedRows.Columns(floats: forward.input.floats, stride: inputSize, count: inputSize)
    let states = PreviousStates(forward, output: output, direction: direction.forward)
    if let groups {
      summedGradients = groups.sums(
        of: direction.gates.floats + gates.inputColumns.lowerBound, stride: direction.forward.gateStride,
        width: gates.inputColumns.count)
      packedInput = PackedRows([inputs], rowCount: forward.input.shape[0])
      packedPast = PackedRows([states.columns], rowCount: rowCount)
    } else {
      summedGradients = nil
      packedInput = PackedRows([inputs, states.columns], rowCount: rowCount)
      packedPast = nil
    }
    withExtendedLifetime((states, forward)) {}
    let rows = gates.kind.gateCount * packed.hiddenSize
    input = Tensor(uninitialized: [rows, inputSize])
    recurrent = Tensor(uninitialized: [rows, packed.hiddenSize])
    inputBias = Tensor(uninitialized: [rows])
    recurrentBias = Tensor(uninitialized: [rows])
  }

  /// In the order of ``RecurrentWeights/tensors``.
  var gradients: [Gradient?] {
    [.dense(input), .dense(recurrent)] + (hasBias ? [.dense(inputBias), .dense(recurrentBias)] : [])
  }

  /// Gradients of the weights that some columns of gates come from.
  func computeWeights(_ columns: Range<Int>) {
    let hasInput = gates.inputColumns.contains(columns.lowerBound)
    let hasPast = gates.recurrentColumns.contains(columns.lowerBound)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: columns.count) { sums in
      guard let sums = sums.baseAddress else { return }
      if let packedPast, let summedGradients {
        if hasInput {
          let from = summedGradients.floats + (columns.lowerBound - gates.inputColumns.lowerBound)
          let product = packedInput.multiply(
            transposing: from, stride: summedGradients.shape[1], count: columns.count, columnSums: sums)
          scatter(product, columns, from: 0, to: input, sums: sums, inputBias)
        }
        if hasPast {
          let product = packedPast.multiply(
            transposing: gateGradients.floats + columns.lowerBound, stride: gateStride, count: columns.count,
            columnSums: sums)
          scatter(product, columns, from: 0, to: recurrent, sums: sums, recurrentBias)
        }
      } else {
        let wanted = packedInput.columns(of: (hasInput ? 0 : 1)..<(hasPast ? 2 : 1))
        let product = packedInput.multiply(
          transposing: gateGradients.floats + columns.lowerBound, stride: gateStride, count: columns.count,
          columns: wanted, columnSums: sums)
        if hasInput { scatter(product, columns, from: 0, to: input, sums: sums, inputBias) }
        if hasPast {
          scatter(
            product, columns, from: hasInput ? packedInput.offsets[1] : 0, to: recurrent, sums: sums, recurrentBias)
        }
      }
    }
    withExtendedLifetime((gateGradients, summedGradients)) {}
  }

  /// From columns of gates, which are rows of the product, back to PyTorch's rows.
  private func scatter(
    _ product: Tensor, _ columns: Range<Int>, from first: Int, to result: Tensor,
    sums: UnsafePointer<Float>, _ bias: Tensor
  ) {
    let (stride, width) = (product.shape[1], result.shape[1])
    for run in gates.runs where columns.contains(run.column) {
      for unit in 0..<run.count {
        (result.floats + (run.row + unit) * width).update(
          from: product.floats + (run.column - columns.lowerBound + unit) * stride + first, count: width)
      }
      (bias.floats + run.row).update(from: sums + (run.column - columns.lowerBound), count: run.count)
    }
    withExtendedLifetime(product) {}
  }

  /// dX for some rows of the input; the sum over the directions grows from the first on.
  func computeInput(rows: Range<Int>, into result: UnsafeMutablePointer<Float>, isFirst: Bool) {
    guard let inputWeight else { return }
    let (from, stride) =
      summedGradients.map { ($0.floats, $0.shape[1]) }
      ?? (gateGradients.floats + gates.inputColumns.lowerBound, gateStride)
    inputWeight.multiply(
      rows: rows.count, from + rows.lowerBound * stride, stride: stride, into: result + rows.lowerBound * inputSize,
      stride: inputSize, start: isFirst ? product_start_zero : product_start_accumulate)
    withExtendedLifetime((gateGradients, summedGradients)) {}
  }
}

/// The outputs that each row's recurrent product read.
private struct PreviousStates {
  let columns: PackedRows.Columns
  private let owner: Tensor

  init(_ forward: RecurrentForward, output: Tensor, direction: RecurrentForward.Direction) {
    let (layout, hidden, width) = (forward.layout, direction.packed.hiddenSize, forward.outputWidth)
    var rows = layout.pastRows(reversed: direction.packed.isReversed)
    guard let initial = direction.initialHidden else {
      owner = output
      columns = PackedRows.Columns(floats: output.floats + direction.column, stride: width, count: hidden, rows: rows)
      return
    }
    // The initial states behind the outputs, so that both are rows of one matrix.
    let count = layout.rowCount
    let both = Tensor(uninitialized: [count + layout.batchSize, hidden])
    for row in 0..<count {
      (both.floats + row * hidden).update(from: output.floats + row * width + direction.column, count: hidden)
    }
    for position in 0..<layout.batchSize {
      (both.floats + (count + position) * hidden).update(
        from: initial.floats + position * direction.stateStride, count: hidden)
    }
    for step in 0..<layout.stepCount {
      for position in 0..<layout.batchSizes[step] where rows[layout.rowOffsets[step] + position] < 0 {
        rows[layout.rowOffsets[step] + position] = Int32(count + position)
      }
    }
    owner = both
    columns = PackedRows.Columns(floats: both.floats, stride: hidden, count: hidden, rows: rows)
  }
}
