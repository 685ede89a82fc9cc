import CKernels

/// The forward pass of one layer, and what the backward pass needs of it.
///
/// The batch is shared among the threads once for the whole layer. Within a part the input products of some time steps
/// are one matrix product (or were formed once for each distinct row of the input), and the recurrent product and the
/// gates of a step are one pass over the packed weight.
final class RecurrentForward: Sendable {
  /// [N, I], or the distinct rows [D, I].
  let input: Tensor
  /// Which row of `input` each of the N rows reads; without it all in order.
  let inputRows: [Int32]?
  let layout: SequenceLayout
  let layer: PackedRecurrentLayer
  let keepsActivations: Bool
  /// Of all directions side by side.
  let outputWidth: Int
  let directions: [Direction]

  /// What a direction reads and writes.
  struct Direction: Sendable {
    let packed: PackedRecurrentLayer.Direction
    /// First column in the output.
    let column: Int
    /// States before the first step, longest sequence first: [B, H'].
    let initialHidden: Tensor?
    let initialCell: Tensor?
    /// Activated gates of every row; empty in inference and where the output tells all.
    let gates: Tensor
    let gateStride: Int
    /// Cells of every row; in inference the running cells of each sequence, longest first.
    let cells: Tensor
    /// H'.
    let stateStride: Int
  }

  init(
    input: Tensor, inputRows: [Int32]?, layout: SequenceLayout, layer: PackedRecurrentLayer,
    initial: RecurrentStates?, keepsActivations: Bool
  ) {
    self.input = input
    self.inputRows = inputRows
    self.layout = layout
    self.layer = layer
    self.keepsActivations = keepsActivations
    outputWidth = layer.outputSize
    let keepsGates = keepsActivations && layer.kind.keepsGates
    var column = 0
    directions = layer.directions.enumerated().map { index, packed in
      defer { column += packed.hiddenSize }
      let stride = packed.gates.paddedSize
      // One cache line more than the gates: rows at a distance of a power of two would share cache sets.
      let gateStride = packed.gates.columnCount + 16
      let rows = keepsActivations ? layout.rowCount : layout.batchSize
      return Direction(
        packed: packed, column: column, initialHidden: initial.map { layout.sorted($0.hidden[index], stride: stride) },
        initialCell: initial.flatMap { $0.cell.isEmpty ? nil : layout.sorted($0.cell[index], stride: stride) },
        gates: keepsGates ? Tensor(uninitialized: [layout.rowCount, gateStride]) : .empty, gateStride: gateStride,
        cells: layer.kind.hasCellState ? Tensor(uninitialized: [rows, stride]) : .empty, stateStride: stride)
    }
  }

  /// Ranges of sequences for the threads; with two directions those share the threads first.
  var parts: [Range<Int>] {
    layout.balancedParts(max(1, ThreadPool.threads / directions.count))
  }

  /// So few sequences leave a thread without work, or stream the whole weight through each: then the threads share the
  /// units of every step instead.
  private var sharesUnits: Bool { directions.count == 1 && layout.batchSize <= 4 && ThreadPool.threads > 1 }

  /// The outputs of all rows, [N, D·H].
  func run() -> Tensor {
    let output = Tensor(uninitialized: [layout.rowCount, outputWidth])
    let products = inputRows.map { _ in directions.map(inputProducts) }
    if sharesUnits {
      RecurrentForwardPart(self, direction: 0, part: 0..<layout.batchSize, products: products?[0], output: output)
        .runSharingUnits()
    } else {
      let parts = parts
      parallelFor(parts.count * directions.count) { task in
        let direction = task % directions.count
        RecurrentForwardPart(
          self, direction: direction, part: parts[task / directions.count], products: products?[direction],
          output: output
        ).run()
      }
    }
    return output
  }

  /// Input products of the distinct rows.
  private func inputProducts(_ direction: Direction) -> Tensor {
    let weight = direction.packed.inputWeight
    let result = Tensor(uninitialized: [input.shape[0], weight.n + 16])
    withExtendedLifetime((input, direction.packed.bias)) {
      weight.multiplyInParallel(
        rows: input.shape[0], input.floats, stride: input.shape[1], into: result.floats, stride: weight.n + 16,
        start: product_start_bias, bias: direction.packed.bias.floats)
    }
    return result
  }

  /// The cells of an LSTM after the last step of each sequence, [B, H] in the order of the batch.
  func finalCells(_ index: Int) -> Tensor {
    let direction = directions[index]
    guard keepsActivations else { return layout.unsorted(direction.cells, width: direction.packed.hiddenSize) }
    let width = direction.packed.hiddenSize
    let result = Tensor(uninitialized: [layout.batchSize, width])
    for (index, row) in (direction.packed.isReversed ? layout.firstRows : layout.lastRows).enumerated() {
      (result.floats + index * width).update(
        from: direction.cells.floats + Int(row) * direction.stateStride, count: width)
    }
    return result
  }
}

extension RecurrentCellKind {
  /// Whether the backward pass needs more than the outputs.
  var keepsGates: Bool { self == .lstm || self == .gru }
}
