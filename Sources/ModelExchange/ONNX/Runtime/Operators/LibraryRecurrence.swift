import Tensors

/// A recurrent operator on the library's recurrent layers: sequences packed without their padding.
struct LibraryRecurrence: Sendable {
  private let kind: RecurrentCellKind
  private let form: RecurrentForm
  private let weights: [RecurrentWeights]
  private let packed: PackedRecurrentLayer
  private let hiddenSize: Int
  private let inputSize: Int

  init(_ kind: RecurrentCellKind, _ form: RecurrentForm, _ operands: RecurrentOperands) {
    (self.kind, self.form) = (kind, form)
    weights = form.reversed.indices.map { operands.library($0, kind) }
    packed = PackedRecurrentLayer(kind, weights)
    (hiddenSize, inputSize) = (operands.hiddenSize, operands.inputSize)
  }

  func run(_ sequences: RecurrentSequences, _ operands: Operands) throws(OperatorFault) -> [ONNXValue] {
    try sequences.check(hiddenSize: hiddenSize, inputSize: inputSize)
    let (steps, batch, directions) = (sequences.steps, sequences.batch, form.reversed.count)
    // The layout has no place for sequences without any step: they are left out, and give zeros and their first states.
    let present = sequences.lengths.indices.filter { sequences.lengths[$0] > 0 }
    guard !present.isEmpty else {
      let zeros = Tensor(zeros: [directions, batch, hiddenSize])
      return try sequences.results(
        Tensor(zeros: [steps, directions, batch, hiddenSize]),
        [sequences.initialHidden ?? zeros] + (kind.hasCellState ? [sequences.initialCell ?? zeros] : []))
    }
    let layout = SequenceLayout(lengths: present.map { sequences.lengths[$0] })
    // A single backward direction is a forward one of the steps in reverse.
    let isFlipped = form.reversed == [true]
    var rows = [Int32](repeating: 0, count: layout.rowCount)
    for step in 0..<layout.stepCount {
      for position in 0..<layout.batchSizes[step] {
        let place = layout.order[position]
        let time = isFlipped ? layout.lengths[place] - 1 - step : step
        rows[layout.rowOffsets[step] + position] = Int32(time * batch + present[place])
      }
    }
    let all = sequences.input.reshaped([steps * batch, inputSize])
    let isWhole = rows.count == steps * batch && rows.enumerated().allSatisfy { $0.offset == Int($0.element) }
    let input = isWhole ? all : all.gatherRows(rows)
    var initial: RecurrentStates?
    if sequences.initialHidden != nil || sequences.initialCell != nil {
      let hidden = state(sequences.initialHidden, present)
      initial = RecurrentStates(
        hidden: hidden, cell: kind.hasCellState ? state(sequences.initialCell, present) : [])
    }
    let wantsCells = kind.hasCellState && operands.outputCount > 2
    let output = input.recurrent(
      kind, layout: layout, directions: weights, initial: initial, packed: packed, wantsFinalCells: wantsCells)
    let outputs = scattered(output.outputs, rows: rows, steps: steps, batch: batch)
    guard operands.outputCount > 1 else { return try sequences.results(outputs, []) }
    var states = [finalHidden(output.outputs, layout, present, sequences)]
    if wantsCells {
      states.append(spread(output.finalCells, present, else: sequences.initialCell, batch: batch))
    }
    return try sequences.results(outputs, states)
  }

  /// The states [D, B, H] of the sequences that are there, one [B', H] for each direction; zeros without any.
  private func state(_ state: Tensor?, _ present: [Int]) -> [Tensor] {
    let batch = state.map { $0.shape[1] } ?? 0
    return form.reversed.indices.map { direction in
      guard let state else { return Tensor(zeros: [present.count, hiddenSize]) }
      return state.reshaped([state.count / hiddenSize, hiddenSize])
        .gatherRows(present.map { Int32(direction * batch + $0) })
    }
  }

  /// [T, D, B, H] of the packed rows [N, D·H], zeros where a sequence has ended.
  private func scattered(_ packed: Tensor, rows: [Int32], steps: Int, batch: Int) -> Tensor {
    let directions = form.reversed.count
    let isWhole = rows.count == steps * batch
    if directions == 1, isWhole, rows.enumerated().allSatisfy({ $0.offset == Int($0.element) }) {
      return packed.reshaped([steps, 1, batch, hiddenSize])
    }
    var result =
      isWhole
      ? Tensor(uninitialized: [steps, directions, batch, hiddenSize])
      : Tensor(zeros: [steps, directions, batch, hiddenSize])
    result.withUnsafeMutableElements { to in
      packed.withUnsafeElements { from in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        for (row, place) in rows.enumerated() {
          let (time, index) = (Int(place) / batch, Int(place) % batch)
          for direction in 0..<directions {
            (to + ((time * directions + direction) * batch + index) * hiddenSize).update(
              from: from + (row * directions + direction) * hiddenSize, count: hiddenSize)
          }
        }
      }
    }
    return result
  }

  /// The outputs after the last step of each sequence in reading direction, [D, B, H].
  private func finalHidden(
    _ outputs: Tensor, _ layout: SequenceLayout, _ present: [Int], _ sequences: RecurrentSequences
  ) -> Tensor {
    let directions = form.reversed.count
    let rows = outputs.reshaped([layout.rowCount * directions, hiddenSize])
    let finals = (0..<directions).map { direction in
      var numbers = [Int32](repeating: 0, count: present.count)
      for (position, place) in layout.order.enumerated() {
        // The second direction ends at the first step.
        let row = direction == 1 ? position : layout.rowOffsets[layout.lengths[place] - 1] + position
        numbers[place] = Int32(row * directions + direction)
      }
      return rows.gatherRows(numbers)
    }
    return spread(finals, present, else: sequences.initialHidden, batch: sequences.batch)
  }

  /// [D, B, H] of the states [B', H] of the sequences that are there.
  private func spread(_ states: [Tensor], _ present: [Int], else initial: Tensor?, batch: Int) -> Tensor {
    let shape = [states.count, batch, hiddenSize]
    if present.count == batch {
      return Tensor.concatenated(states, axis: 0).reshaped(shape)
    }
    var result = initial ?? Tensor(zeros: shape)
    result.withUnsafeMutableElements { to in
      for (direction, state) in states.enumerated() {
        state.withUnsafeElements { from in
          guard let from = from.baseAddress, let to = to.baseAddress else { return }
          for (row, index) in present.enumerated() {
            (to + (direction * batch + index) * hiddenSize).update(from: from + row * hiddenSize, count: hiddenSize)
          }
        }
      }
    }
    return result
  }
}
