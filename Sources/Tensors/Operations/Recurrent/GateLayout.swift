/// How the gates of one row lie for the kernels (see lstm.inc.h, gru.inc.h, rnn.inc.h), and which rows of PyTorch's weights
/// their columns come from.
struct GateLayout: Sendable {
  /// Consecutive columns that come from consecutive rows of the weights.
  struct Run: Sendable {
    let column: Int
    /// Row of `weight_ih` and `weight_hh`.
    let row: Int
    let count: Int
  }

  let kind: RecurrentCellKind
  /// H.
  let hiddenSize: Int
  /// Units that a kernel computes at once.
  let unitBlock: Int
  /// H rounded up to whole blocks of units.
  let paddedSize: Int
  let columnCount: Int
  /// The columns that the input joins, and those that the previous output joins.
  let inputColumns: Range<Int>
  let recurrentColumns: Range<Int>
  /// By column.
  let runs: [Run]

  init(_ kind: RecurrentCellKind, hiddenSize: Int) {
    let block = kind == .lstm ? 8 : 16
    let padded = (hiddenSize + block - 1) / block * block
    self.kind = kind
    self.hiddenSize = hiddenSize
    unitBlock = block
    paddedSize = padded
    var runs: [Run] = []
    for unit in stride(from: 0, to: hiddenSize, by: block) {
      let count = min(block, hiddenSize - unit)
      switch kind {
      case .lstm:
        for gate in 0..<4 {
          runs.append(Run(column: 4 * unit + block * gate, row: gate * hiddenSize + unit, count: count))
        }
      case .gru:
        runs.append(Run(column: unit, row: 2 * hiddenSize + unit, count: count))
        runs.append(Run(column: padded + 2 * unit, row: unit, count: count))
        runs.append(Run(column: padded + 2 * unit + block, row: hiddenSize + unit, count: count))
        runs.append(Run(column: 3 * padded + unit, row: 2 * hiddenSize + unit, count: count))
      case .tanhRNN, .reluRNN:
        runs.append(Run(column: unit, row: unit, count: count))
      }
    }
    self.runs = runs.sorted { $0.column < $1.column }
    switch kind {
    case .lstm: (columnCount, inputColumns, recurrentColumns) = (4 * padded, 0..<4 * padded, 0..<4 * padded)
    case .gru: (columnCount, inputColumns, recurrentColumns) = (4 * padded, 0..<3 * padded, padded..<4 * padded)
    case .tanhRNN, .reluRNN: (columnCount, inputColumns, recurrentColumns) = (padded, 0..<padded, 0..<padded)
    }
  }

  /// Columns of the gates that a step works on at once where there are many rows.
  var columnsPerBlock: Int {
    switch kind {
    case .lstm: 32
    case .gru: 64
    case .tanhRNN, .reluRNN: 16
    }
  }

  /// The rows of a weight in the order of some columns, zeros where a column has none: [columns.count, width].
  func ordered(_ weight: Tensor, for columns: Range<Int>) -> Tensor {
    let width = weight.count / max(weight.shape[0], 1)
    let isPadded = paddedSize > hiddenSize
    let shape = [columns.count, width]
    let result = isPadded ? Tensor(zeros: shape) : Tensor(uninitialized: shape)
    withExtendedLifetime(weight) {
      for run in runs where columns.contains(run.column) {
        (result.floats + (run.column - columns.lowerBound) * width).update(
          from: weight.floats + run.row * width, count: run.count * width)
      }
    }
    return result
  }

  /// The same of a weight in bytes, packed.
  func packed(_ weight: QuantizedTensor, for columns: Range<Int>) -> PackedByteMatrix {
    let width = weight.width
    var bytes = [Int8](repeating: 0, count: columns.count * width)
    var scales = [Float](repeating: 0, count: columns.count)
    return bytes.withUnsafeMutableBufferPointer { bytes in
      weight.withBytes { from in
        for run in runs where columns.contains(run.column) {
          let column = run.column - columns.lowerBound
          if let to = bytes.baseAddress {
            (to + column * width).update(from: from + run.row * width, count: run.count * width)
          }
          for index in 0..<run.count { scales[column + index] = weight.scales[run.row + index] }
        }
      }
      // There is memory: a layer has at least one unit and one input.
      guard let start = bytes.baseAddress else { return PackedByteMatrix([], k: width, scales: scales) }
      return PackedByteMatrix(start, k: width, scales: scales)
    }
  }

  /// The biases of the input's columns, plus those of the recurrent columns where both join the same sum.
  func sharedSums(_ input: Tensor, _ recurrent: Tensor) -> Tensor {
    var sums = input.scalars
    let more = recurrent.scalars
    for column in inputColumns.clamped(to: recurrentColumns) {
      sums[column - inputColumns.lowerBound] += more[column - recurrentColumns.lowerBound]
    }
    return Tensor(sums)
  }

  /// Ranges of columns that cover all of them, none of which crosses the border of `inputColumns` or
  /// `recurrentColumns`; `most` is a multiple of 32.
  func tiles(ofMost most: Int) -> [Range<Int>] {
    let borders = Set([
      inputColumns.lowerBound, inputColumns.upperBound, recurrentColumns.lowerBound, recurrentColumns.upperBound,
    ]).sorted()
    return zip(borders, borders.dropFirst()).flatMap { first, end in
      stride(from: first, to: end, by: most).map { $0..<min(end, $0 + most) }
    }
  }
}
