/// States of one recurrent layer between two time steps: for each direction [B, H], sequences in the order of the batch.
public struct RecurrentStates: Sendable {
  /// The last outputs.
  public var hidden: [Tensor]
  /// The cells of an LSTM; empty for other kinds.
  public var cell: [Tensor]

  /// States of one or two directions.
  public init(hidden: [Tensor], cell: [Tensor] = []) {
    self.hidden = hidden
    self.cell = cell
  }

  /// The states before the first step of any sequence.
  public init(zerosFor kind: RecurrentCellKind, directions: Int, batchSize: Int, hiddenSize: Int) {
    let zeros = Array(repeating: Tensor(zeros: [batchSize, hiddenSize]), count: directions)
    self.init(hidden: zeros, cell: kind.hasCellState ? zeros : [])
  }

  /// The same numbers without the memory of how they were made, so that a gradient ends here: for states that go from one
  /// batch to the next (truncated backpropagation through time).
  public var detached: RecurrentStates {
    RecurrentStates(hidden: hidden.map(\.detached), cell: cell.map(\.detached))
  }

  var tensors: [Tensor] { hidden + cell }

  func check(_ kind: RecurrentCellKind, directions: Int, batchSize: Int, hiddenSize: Int) {
    precondition(
      hidden.count == directions && cell.count == (kind.hasCellState ? directions : 0)
        && tensors.allSatisfy { $0.shape == [batchSize, hiddenSize] },
      "\(kind.rawValue): states \(tensors.map(\.shape)) for \(directions) directions of [\(batchSize), \(hiddenSize)]")
  }
}

extension SequenceLayout {
  /// Rows in the order of the batch, longest sequence first, each with room for `stride` numbers.
  func sorted(_ batch: Tensor, stride: Int) -> Tensor {
    let width = batch.shape[1]
    let result = Tensor(zeros: [batchSize, stride])
    withExtendedLifetime(batch) {
      for (position, index) in order.enumerated() {
        (result.floats + position * stride).update(from: batch.floats + index * width, count: width)
      }
    }
    return result
  }

  /// The first `width` numbers of rows that stand longest sequence first, in the order of the batch.
  func unsorted(_ rows: Tensor, width: Int) -> Tensor {
    let stride = rows.shape[1]
    let result = Tensor(uninitialized: [batchSize, width])
    withExtendedLifetime(rows) {
      for (position, index) in order.enumerated() {
        (result.floats + index * width).update(from: rows.floats + position * stride, count: width)
      }
    }
    return result
  }
}
