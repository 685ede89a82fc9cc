import CKernels

/// The weights of one direction of an LSTM layer, with PyTorch's shapes and its order of gates (i, f, g, o).
public struct LSTMWeights: Sendable {
  /// [4H, I]
  public let input: Tensor
  /// [4H, H]
  public let recurrent: Tensor
  /// [4H]
  public let inputBias: Tensor
  /// [4H]
  public let recurrentBias: Tensor

  /// Weights as they stand in a checkpoint: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`.
  public init(input: Tensor, recurrent: Tensor, inputBias: Tensor, recurrentBias: Tensor) {
    self.input = input
    self.recurrent = recurrent
    self.inputBias = inputBias
    self.recurrentBias = recurrentBias
  }

  /// H.
  public var hiddenSize: Int { recurrent.shape[1] }
  /// I.
  public var inputSize: Int { input.shape[1] }

  fileprivate var tensors: [Tensor] { [input, recurrent, inputBias, recurrentBias] }
}

extension Tensor {
  /// One LSTM layer over a batch of sequences (Hochreiter & Schmidhuber 1997, as PyTorch defines it), one operation on
  /// the tape for all time steps and both directions. States start from zero.
  ///
  ///     i = σ(Wᵢx + Rᵢh), f = σ(W_f x + R_f h), g = tanh(W_g x + R_g h), o = σ(Wₒx + Rₒh), biases left out here;
  ///     c' = f·c + i·g, h' = o·tanh(c')
  ///
  /// The batch is shared among the threads once for the whole layer; within a part the input products of some time
  /// steps are one matrix product, and the recurrent product and the gates of a step are one pass over the packed weight.
  ///
  /// - Parameters:
  ///   - layout: of the N rows.
  ///   - directions: the weights of the forward direction and, perhaps, of the backward one.
  /// - Returns: the hidden states, [N, D·H], the directions side by side. `self` is [N, I].
  public func lstm(layout: SequenceLayout, directions: [LSTMWeights]) -> Tensor {
    precondition(
      rank == 2 && shape[0] == layout.rowCount, "lstm: an input of the shape \(shape) for \(layout.rowCount) rows")
    precondition(directions.count == 1 || directions.count == 2, "lstm: \(directions.count) directions")
    for weights in directions {
      let h = weights.hiddenSize
      precondition(
        weights.input.shape == [4 * h, shape[1]] && weights.recurrent.shape == [4 * h, h]
          && weights.inputBias.shape == [4 * h] && weights.recurrentBias.shape == [4 * h],
        "lstm: an input of the shape \(shape), weights \(weights.tensors.map(\.shape))")
    }
    let inputs = [self] + directions.flatMap(\.tensors)
    let isRecorded = GradientTape.current != nil && inputs.contains { $0.needsGradient }
    let pass = LSTMForward(input: detached, layout: layout, directions: directions, keepsActivations: isRecorded)
    let output = pass.run()
    guard isRecorded else { return output }
    let needsInputGradient = needsGradient
    return output.recorded("lstm", from: inputs) { gradient in
      LSTMBackward(forward: pass, output: output, outputGradient: gradient).run(needsInputGradient: needsInputGradient)
    }
  }
}

/// Blocks of 8 hidden units; the gates of a block stand side by side (see `lstm_step`).
private let unitBlock = 8

/// Sizes and packed weights of one direction.
private struct LSTMDirection: Sendable {
  let isReversed: Bool
  let hiddenSize: Int
  let inputSize: Int
  /// Gate columns: 4H with H rounded up to whole unit blocks.
  let gateCount: Int
  let inputWeight: PackedMatrix
  let recurrentWeight: PackedMatrix
  let bias: Tensor
  /// The weights with their rows in the order of the gate columns, for the backward pass.
  let gateInputWeight: Tensor
  let gateRecurrentWeight: Tensor

  init(_ weights: LSTMWeights, isReversed: Bool) {
    self.isReversed = isReversed
    hiddenSize = weights.hiddenSize
    inputSize = weights.inputSize
    gateCount = (weights.hiddenSize + unitBlock - 1) / unitBlock * unitBlock * 4
    gateInputWeight = Self.inGateOrder(weights.input, hiddenSize: hiddenSize, gateCount: gateCount)
    gateRecurrentWeight = Self.inGateOrder(weights.recurrent, hiddenSize: hiddenSize, gateCount: gateCount)
    inputWeight = PackedMatrix(transposing: gateInputWeight)
    recurrentWeight = PackedMatrix(transposing: gateRecurrentWeight)
    bias = Self.inGateOrder(
      (weights.inputBias.detached + weights.recurrentBias.detached).reshaped([4 * hiddenSize, 1]),
      hiddenSize: hiddenSize, gateCount: gateCount)
  }

  /// Calls `body` with each run of gate columns and the rows of PyTorch's weights that they come from.
  static func forEachRun(hiddenSize: Int, _ body: (_ column: Int, _ row: Int, _ count: Int) -> Void) {
    for unit in stride(from: 0, to: hiddenSize, by: unitBlock) {
      for gate in 0..<4 {
        body(4 * unit + unitBlock * gate, gate * hiddenSize + unit, min(unitBlock, hiddenSize - unit))
      }
    }
  }

  private static func inGateOrder(_ weight: Tensor, hiddenSize: Int, gateCount: Int) -> Tensor {
    let width = weight.shape[1]
    let isPadded = gateCount > 4 * hiddenSize
    let result = isPadded ? Tensor(zeros: [gateCount, width]) : Tensor(uninitialized: [gateCount, width])
    withExtendedLifetime(weight) {
      forEachRun(hiddenSize: hiddenSize) { column, row, count in
        (result.floats + column * width).update(from: weight.floats + row * width, count: count * width)
      }
    }
    return result
  }
}

/// Some consecutive time steps whose input products are formed together.
private func forEachChunk(
  of layout: SequenceLayout, part: Range<Int>, reversed: Bool, _ body: (ArraySlice<Int>) -> Void
) {
  let active = layout.batchSizes.prefix { $0 > part.lowerBound }.count
  let steps = reversed ? Array((0..<active).reversed()) : Array(0..<active)
  let rowsPerChunk = 128
  var first = 0
  while first < steps.count {
    var end = first
    var rows = 0
    while end < steps.count, rows < rowsPerChunk {
      rows += min(part.upperBound, layout.batchSizes[steps[end]]) - part.lowerBound
      end += 1
    }
    body(steps[first..<end])
    first = end
  }
}

/// The forward pass, and what the backward pass needs of it.
private final class LSTMForward: Sendable {
  let input: Tensor
  let layout: SequenceLayout
  let directions: [LSTMDirection]
  let keepsActivations: Bool
  let outputWidth: Int
  /// Activated gates of every row, for each direction; empty in inference.
  let gates: [Tensor]
  let gateStride: Int
  let cells: [Tensor]
  let cellStride: Int

  init(input: Tensor, layout: SequenceLayout, directions: [LSTMWeights], keepsActivations: Bool) {
    self.input = input
    self.layout = layout
    self.keepsActivations = keepsActivations
    let prepared = directions.enumerated().map { LSTMDirection($0.element, isReversed: $0.offset == 1) }
    self.directions = prepared
    outputWidth = prepared.reduce(0) { $0 + $1.hiddenSize }
    // One cache line more than the gates: rows at a distance of a power of two would share cache sets.
    gateStride = (prepared.map(\.gateCount).max() ?? 0) + 16
    cellStride = (prepared.map(\.gateCount).max() ?? 0) / 4
    let rows = layout.rowCount
    let stride = (gateStride, cellStride)
    gates = keepsActivations ? prepared.map { _ in Tensor(uninitialized: [rows, stride.0]) } : []
    cells = prepared.map { _ in Tensor(uninitialized: [rows, stride.1]) }
  }

  /// Ranges of sequences for the threads; with two directions those share the threads first.
  var parts: [Range<Int>] {
    layout.balancedParts(max(1, ThreadPool.threads / directions.count))
  }

  func run() -> Tensor {
    let output = Tensor(uninitialized: [layout.rowCount, outputWidth])
    let parts = parts
    parallelFor(parts.count * directions.count) { task in
      run(direction: task % directions.count, part: parts[task / directions.count], output: output.floats)
    }
    return output
  }

  private func run(direction index: Int, part: Range<Int>, output: UnsafeMutablePointer<Float>) {
    let direction = directions[index]
    let column = index == 0 ? 0 : directions[0].hiddenSize
    let cells = cells[index].floats
    // In inference the gates live for one chunk only.
    var scratch = Tensor.empty
    forEachChunk(of: layout, part: part, reversed: direction.isReversed) { steps in
      let lowest = min(steps[steps.startIndex], steps[steps.endIndex - 1])
      let highest = max(steps[steps.startIndex], steps[steps.endIndex - 1])
      let firstRow = layout.rowOffsets[lowest]
      let gates: UnsafeMutablePointer<Float>
      if keepsActivations {
        gates = self.gates[index].floats
      } else {
        let needed = (layout.rowOffsets[highest + 1] - firstRow) * gateStride
        if scratch.count < needed { scratch = Tensor(uninitialized: [needed]) }
        gates = scratch.floats - firstRow * gateStride
      }
      multiplyInputs(direction, steps, part, into: gates)
      for step in steps {
        let rows = min(part.upperBound, layout.batchSizes[step]) - part.lowerBound
        let row = layout.rowOffsets[step] + part.lowerBound
        let past = direction.isReversed ? step + 1 : step - 1
        var rowsWithPast = 0
        var pastRow = row
        if past >= 0, past < layout.stepCount {
          rowsWithPast = max(0, min(rows, layout.batchSizes[past] - part.lowerBound))
          pastRow = layout.rowOffsets[past] + part.lowerBound
        }
        var arguments = lstm_step(
          rows: Int32(rows), rows_with_past: Int32(rowsWithPast), hidden: Int32(direction.hiddenSize),
          past_output: output + pastRow * outputWidth + column, output_stride: outputWidth,
          past_cell: cells + pastRow * cellStride, cell_stride: cellStride,
          gates: gates + row * gateStride, gate_stride: gateStride, cell: cells + row * cellStride,
          output: output + row * outputWidth + column)
        kernels.lstm_forward_step(&arguments, direction.recurrentWeight.pointer)
      }
    }
    withExtendedLifetime(scratch) {}
  }

  /// Gates = input · Wᵀ + bias for the rows of some steps.
  private func multiplyInputs(
    _ direction: LSTMDirection, _ steps: ArraySlice<Int>, _ part: Range<Int>, into gates: UnsafeMutablePointer<Float>
  ) {
    let blocks = rowBlocks(steps, part)
    kernels.multiply_panels(
      blocks, blocks.count, direction.inputSize, input.floats, direction.inputSize, direction.inputWeight.pointer,
      direction.gateCount, 0, direction.inputWeight.panelCount, gates, gateStride, product_start_bias,
      direction.bias.floats)
  }

  private func rowBlocks(_ steps: ArraySlice<Int>, _ part: Range<Int>) -> [row_block] {
    let height = Int(KERNEL_ROW_BLOCK)
    var blocks: [row_block] = []
    for step in steps {
      let row = layout.rowOffsets[step] + part.lowerBound
      let rows = min(part.upperBound, layout.batchSizes[step]) - part.lowerBound
      for first in stride(from: 0, to: rows, by: height) {
        blocks.append(row_block(first: Int32(row + first), count: Int32(min(height, rows - first))))
      }
    }
    return blocks
  }
}

/// The backward pass: gates become their gradients in place, from the last step to the first; the gradients of the
/// weights and of the input are matrix products over all rows afterwards.
private struct LSTMBackward {
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
      let rows = min(part.upperBound, layout.batchSizes[step]) - part.lowerBound
      let row = layout.rowOffsets[step] + part.lowerBound
      let past = direction.isReversed ? step + 1 : step - 1
      var rowsWithPast = 0
      var pastRow = row
      if past >= 0, past < layout.stepCount {
        rowsWithPast = max(0, min(rows, layout.batchSizes[past] - part.lowerBound))
        pastRow = layout.rowOffsets[past] + part.lowerBound
      }
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
private struct LSTMWeightGradients {
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
    let gateCount = (units + unitBlock - 1) / unitBlock * unitBlock * 4
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
