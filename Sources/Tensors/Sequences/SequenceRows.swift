/// Rows of a matrix that belong to one sequence each, one behind the other.
public struct SequenceRows: Sendable, Hashable {
  /// The first row of each sequence, and the number of rows at the end.
  public let starts: [Int]

  /// Sequences that take the given numbers of rows.
  public init(counts: [Int]) {
    starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// B.
  public var sequenceCount: Int { starts.count - 1 }
  /// N, of all sequences together.
  public var rowCount: Int { starts[sequenceCount] }
  /// Rows of a sequence.
  public func count(_ index: Int) -> Int { starts[index + 1] - starts[index] }
}
