/// What a recurrent layer gives.
public struct RecurrentOutput: Sendable {
  /// The outputs of all time steps, [N, D·H], the directions side by side.
  public let outputs: Tensor
  /// The cells of an LSTM after the last step of each sequence, for each direction [B, H]; empty unless they were asked for.
  public let finalCells: [Tensor]
}

extension Tensor {
  /// One recurrent layer over a batch of sequences, one operation on the tape for all time steps and both directions.
  ///
  /// - Parameters:
  ///   - kind: the cell.
  ///   - layout: of the N rows; `self` is [N, I].
  ///   - directions: the weights of the forward direction and, perhaps, of the backward one.
  ///   - initial: the states before the first step; zeros without them.
  ///   - packed: the same weights in the kernels' layout, where they have been kept.
  ///   - wantsFinalCells: whether the cells after the last steps are returned too.
  public func recurrent(
    _ kind: RecurrentCellKind, layout: SequenceLayout, directions: [RecurrentWeights],
    initial: RecurrentStates? = nil, packed: PackedRecurrentLayer? = nil, wantsFinalCells: Bool = false
  ) -> RecurrentOutput {
    recurrentLayer(
      kind, input: self, inputRows: nil, layout: layout, directions: directions, initial: initial, packed: packed,
      wantsFinalCells: wantsFinalCells)
  }
}

extension IndexedRows {
  /// One recurrent layer over sequences of repeating rows; see ``Tensor/recurrent(_:layout:directions:initial:packed:wantsFinalCells:)``.
  /// The products with the input, forwards and backwards, are formed for the distinct rows only.
  public func recurrent(
    _ kind: RecurrentCellKind, layout: SequenceLayout, directions: [RecurrentWeights],
    initial: RecurrentStates? = nil, packed: PackedRecurrentLayer? = nil, wantsFinalCells: Bool = false
  ) -> RecurrentOutput {
    recurrentLayer(
      kind, input: repeatsOften ? rows : expanded, inputRows: repeatsOften ? indices : nil, layout: layout,
      directions: directions, initial: initial, packed: packed, wantsFinalCells: wantsFinalCells)
  }
}

extension Tensor {
  /// One recurrent layer by weights that have been packed, in bytes or not; nothing is recorded.
  public func recurrent(
    _ layer: PackedRecurrentLayer, layout: SequenceLayout, initial: RecurrentStates? = nil,
    wantsFinalCells: Bool = false
  ) -> RecurrentOutput {
    layer.outputs(of: self, inputRows: nil, layout, initial, wantsFinalCells: wantsFinalCells)
  }
}

extension IndexedRows {
  /// The same over sequences of repeating rows.
  public func recurrent(
    _ layer: PackedRecurrentLayer, layout: SequenceLayout, initial: RecurrentStates? = nil,
    wantsFinalCells: Bool = false
  ) -> RecurrentOutput {
    layer.outputs(
      of: repeatsOften ? rows : expanded, inputRows: repeatsOften ? indices : nil, layout, initial,
      wantsFinalCells: wantsFinalCells)
  }
}

extension PackedRecurrentLayer {
  fileprivate func outputs(
    of input: Tensor, inputRows: [Int32]?, _ layout: SequenceLayout, _ initial: RecurrentStates?, wantsFinalCells: Bool
  ) -> RecurrentOutput {
    precondition(
      input.rank == 2 && input.shape[1] == directions[0].inputSize
        && (inputRows?.count ?? input.shape[0]) == layout.rowCount,
      "\(kind.rawValue): an input of the shape \(input.shape) for \(layout.rowCount) rows")
    initial?.check(
      kind, directions: directions.count, batchSize: layout.batchSize, hiddenSize: directions[0].hiddenSize)
    let pass = RecurrentForward(
      input: input.detached, inputRows: inputRows, layout: layout, layer: self, initial: initial?.detached,
      keepsActivations: false)
    let output = pass.run()
    return RecurrentOutput(
      outputs: output, finalCells: wantsFinalCells && kind.hasCellState ? directions.indices.map(pass.finalCells) : [])
  }
}

private func recurrentLayer(
  _ kind: RecurrentCellKind, input: Tensor, inputRows: [Int32]?, layout: SequenceLayout,
  directions: [RecurrentWeights], initial: RecurrentStates?, packed: PackedRecurrentLayer?, wantsFinalCells: Bool
) -> RecurrentOutput {
  precondition(
    input.rank == 2 && (inputRows?.count ?? input.shape[0]) == layout.rowCount,
    "\(kind.rawValue): an input of the shape \(input.shape) for \(layout.rowCount) rows")
  for weights in directions { weights.check(kind, inputSize: input.shape[1]) }
  initial?.check(
    kind, directions: directions.count, batchSize: layout.batchSize, hiddenSize: directions[0].hiddenSize)
  let inputs = [input] + directions.flatMap(\.tensors) + (initial?.tensors ?? [])
  let isRecorded = GradientTape.current != nil && inputs.contains { $0.needsGradient }
  let pass = RecurrentForward(
    input: input.detached, inputRows: inputRows, layout: layout,
    layer: packed ?? PackedRecurrentLayer(kind, directions),
    initial: initial?.detached, keepsActivations: isRecorded)
  let output = pass.run()
  let finalCells = wantsFinalCells && kind.hasCellState ? directions.indices.map(pass.finalCells) : []
  guard isRecorded else { return RecurrentOutput(outputs: output, finalCells: finalCells) }
  let needsInputGradient = input.needsGradient
  let weights = directions.map { direction in
    RecurrentWeights(
      input: direction.input.detached, recurrent: direction.recurrent.detached,
      inputBias: direction.inputBias?.detached, recurrentBias: direction.recurrentBias?.detached)
  }
  let recorded = Tensor.recorded("recurrent", [output] + finalCells, from: inputs) { gradients in
    let cellGradients = finalCells.isEmpty ? weights.map { _ in nil } : Array(gradients.dropFirst())
    return RecurrentBackward(
      forward: pass, output: output, outputGradient: gradients[0] ?? Tensor(zeros: output.shape),
      cellGradients: cellGradients
    ).run(needsInputGradient: needsInputGradient, weights: weights, hasInitial: initial != nil)
  }
  return RecurrentOutput(outputs: recorded[0], finalCells: Array(recorded.dropFirst()))
}
