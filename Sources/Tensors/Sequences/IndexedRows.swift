/// N rows that repeat a few distinct ones, such as the vectors of the words of a batch: what is computed once for each
/// distinct row need not be computed again where it repeats.
public struct IndexedRows: Sendable {
  /// The distinct rows, [D, E].
  public let rows: Tensor
  /// Which of them each of the N rows is.
  public let indices: [Int32]

  /// Rows by number; each number is one of 0..<D.
  public init(rows: Tensor, indices: [Int32]) {
    precondition(
      rows.rank == 2 && indices.allSatisfy { $0 >= 0 && $0 < rows.shape[0] },
      "IndexedRows: an index is outside of rows of the shape \(rows.shape)")
    self.rows = rows
    self.indices = indices
  }

  /// All N rows written out, [N, E].
  public var expanded: Tensor { rows.gatherRows(indices) }

  /// Dropout of the numbers of each distinct row, the same ones wherever it repeats (Gal & Ghahramani 2016 drop word types).
  public func dropout(_ rate: Float) -> IndexedRows {
    IndexedRows(rows: rows.dropout(rate), indices: indices)
  }

  /// Whether so many rows repeat that it pays to compute with the distinct ones.
  var repeatsOften: Bool { 4 * rows.shape[0] <= 3 * indices.count }
}

extension Tensor {
  /// The rows of a table [V, E] with the given numbers, each distinct one once. A number below zero stands for zeros.
  public func indexedRows(_ numbers: [Int32]) -> IndexedRows {
    let groups = RowGroups(numbers.map { $0 + 1 }, groupCount: shape[0] + 1)
    let distinct = groups.numbers.map { $0 - 1 }
    return IndexedRows(rows: gatherRows(distinct), indices: groups.groupOfPosition)
  }
}

/// Positions 0..<N by the number that stands at each: a counting sort that keeps the order of first appearance.
struct RowGroups: Sendable {
  /// The distinct numbers, in the order in which they appear first.
  private(set) var numbers: [Int32] = []
  /// Which of `numbers` each position has; -1 where the number is below zero.
  private(set) var groupOfPosition: [Int32] = []
  /// Where the positions of each group begin in `positions`.
  private(set) var starts: [Int32] = []
  /// Positions group by group, each group in rising order.
  private(set) var positions: [Int32] = []

  /// Groups of numbers below `groupCount`.
  init(_ values: [Int32], groupCount: Int) {
    var groupOfNumber = [Int32](repeating: -1, count: groupCount)
    var counts: [Int32] = []
    groupOfPosition.reserveCapacity(values.count)
    for value in values {
      guard value >= 0 else {
        groupOfPosition.append(-1)
        continue
      }
      var group = groupOfNumber[Int(value)]
      if group < 0 {
        group = Int32(numbers.count)
        groupOfNumber[Int(value)] = group
        numbers.append(value)
        counts.append(0)
      }
      counts[Int(group)] += 1
      groupOfPosition.append(group)
    }
    starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    var next = starts
    positions = [Int32](repeating: 0, count: Int(starts[counts.count]))
    for (position, group) in groupOfPosition.enumerated() where group >= 0 {
      positions[Int(next[Int(group)])] = Int32(position)
      next[Int(group)] += 1
    }
  }

  /// The sum of the rows of each group, in their order: [groups, width]. Row i lies at `rows + i · stride`.
  func sums(of rows: UnsafePointer<Float>, stride: Int, width: Int) -> Tensor {
    let result = Tensor(uninitialized: [numbers.count, width])
    let to = result.floats
    let perTile = max(1, elementsPerTile / 4 / max(width, 1))
    starts.withUnsafeBufferPointer { starts in
      positions.withUnsafeBufferPointer { positions in
        let count = starts.count - 1
        parallelFor((count + perTile - 1) / perTile) { tile in
          for group in tile * perTile..<min(count, (tile + 1) * perTile) {
            let sum = to + group * width
            let range = Int(starts[group])..<Int(starts[group + 1])
            sum.update(from: rows + Int(positions[range.lowerBound]) * stride, count: width)
            for position in range.dropFirst() {
              kernels.add_scaled(rows + Int(positions[position]) * stride, 1, sum, width)
            }
          }
        }
      }
    }
    return result
  }
}
