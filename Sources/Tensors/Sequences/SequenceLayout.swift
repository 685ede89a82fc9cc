/// How a batch of sequences of different lengths lies in the rows of a matrix without any padding.
///
/// Time-major: first the first time steps of all sequences, then the second steps of those that have one, and so on,
/// longest sequence first, as PyTorch's `PackedSequence`. A finished sequence takes no more rows, so that the cost of a
/// recurrent layer follows the real number of time steps. B sequences, T the longest, N rows.
public struct SequenceLayout: Sendable, Hashable {
  /// Length of each sequence, in the order of the batch.
  public let lengths: [Int]
  /// The batch's index of each sequence, longest first; equal lengths in the order of the batch.
  public let order: [Int]
  /// How many sequences are still running at each time step (T values, falling).
  public let batchSizes: [Int]
  /// The first row of each time step, and N at the end (T + 1 values).
  public let rowOffsets: [Int]

  /// A layout for sequences of the given lengths, each at least 1.
  public init(lengths: [Int]) {
    precondition(lengths.allSatisfy { $0 > 0 }, "SequenceLayout: a length below 1 in \(lengths)")
    self.lengths = lengths
    order = lengths.indices.sorted { (-lengths[$0], $0) < (-lengths[$1], $1) }
    var sizes: [Int] = []
    var running = lengths.count
    for step in 0..<(lengths.max() ?? 0) {
      while running > 0, lengths[order[running - 1]] <= step { running -= 1 }
      sizes.append(running)
    }
    batchSizes = sizes
    rowOffsets = sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// B.
  public var batchSize: Int { lengths.count }
  /// T, the longest length.
  public var stepCount: Int { batchSizes.count }
  /// N, the sum of the lengths.
  public var rowCount: Int { rowOffsets[stepCount] }

  /// Values in the order of the batch (one sequence behind the other), in the order of the rows.
  public func packed(_ values: [Int32]) -> [Int32] {
    precondition(values.count == rowCount, "packed: \(values.count) values for \(rowCount) rows")
    let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    var result = [Int32](repeating: 0, count: rowCount)
    for step in 0..<stepCount {
      for position in 0..<batchSizes[step] {
        result[rowOffsets[step] + position] = values[starts[order[position]] + step]
      }
    }
    return result
  }

  /// The row of each sequence's last time step, in the order of the batch.
  var lastRows: [Int32] {
    var rows = [Int32](repeating: 0, count: batchSize)
    for (position, index) in order.enumerated() { rows[index] = Int32(rowOffsets[lengths[index] - 1] + position) }
    return rows
  }

  /// The row of each sequence's first time step, in the order of the batch.
  var firstRows: [Int32] {
    var rows = [Int32](repeating: 0, count: batchSize)
    for (position, index) in order.enumerated() { rows[index] = Int32(position) }
    return rows
  }

  /// For each row the one of the previous time step of the same sequence in reading direction; -1 where there is none.
  func pastRows(reversed: Bool) -> [Int32] {
    var past = [Int32](repeating: -1, count: rowCount)
    for step in 0..<stepCount {
      let neighbour = reversed ? step + 1 : step - 1
      guard neighbour >= 0, neighbour < stepCount else { continue }
      for position in 0..<min(batchSizes[step], batchSizes[neighbour]) {
        past[rowOffsets[step] + position] = Int32(rowOffsets[neighbour] + position)
      }
    }
    return past
  }

  /// Where some sequences (by position in `order`) have a time step, and the one before it in reading direction: the first
  /// row and how many there are. The first so many sequences have a step before; `pastRow` is of no meaning without.
  func rows(
    of step: Int, part: Range<Int>, reversed: Bool
  ) -> (row: Int, rows: Int, pastRow: Int, rowsWithPast: Int) {
    let row = rowOffsets[step] + part.lowerBound
    let rows = min(part.upperBound, batchSizes[step]) - part.lowerBound
    let past = reversed ? step + 1 : step - 1
    guard past >= 0, past < stepCount else { return (row, rows, row, 0) }
    return (row, rows, rowOffsets[past] + part.lowerBound, max(0, min(rows, batchSizes[past] - part.lowerBound)))
  }

  /// Cuts the sequences (by position in `order`) into consecutive ranges with about the same number of rows.
  func balancedParts(_ count: Int) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var first = 0
    var rows = 0
    var rowsBefore = 0
    for (position, index) in order.enumerated() {
      rows += lengths[index]
      let isLast = position == batchSize - 1
      if isLast || rows * count >= rowCount * (parts.count + 1), rows > rowsBefore {
        parts.append(first..<position + 1)
        first = position + 1
        rowsBefore = rows
      }
    }
    return parts
  }
}
