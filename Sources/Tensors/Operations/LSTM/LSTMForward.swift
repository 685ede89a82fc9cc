import CKernels

/// Sizes and packed weights of one direction.
struct LSTMDirection: Sendable {
  /// Blocks of 8 hidden units; the gates of a block stand side by side (see `lstm_step`).
  static let unitBlock = 8

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
    gateCount = (weights.hiddenSize + Self.unitBlock - 1) / Self.unitBlock * Self.unitBlock * 4
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
    for unit in stride(from: 0, to: hiddenSize, by: Self.unitBlock) {
      for gate in 0..<4 {
        body(4 * unit + Self.unitBlock * gate, gate * hiddenSize + unit, min(Self.unitBlock, hiddenSize - unit))
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
func forEachChunk(
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
final class LSTMForward: Sendable {
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
        let (row, rows, pastRow, rowsWithPast) = layout.rows(of: step, part: part, reversed: direction.isReversed)
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
