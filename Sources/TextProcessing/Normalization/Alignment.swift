/// Where the bytes of a normalised text come from: the pieces that changed, in order. All between them is the same in
/// the source and in the result, only shifted.
struct Alignment {
  /// A piece that changed.
  struct Change: Equatable {
    var source: Range<Int>
    var result: Range<Int>
  }

  /// Bytes that were taken off the start of the source before it was normalised.
  var skipped = 0
  private(set) var changes: [Change] = []

  mutating func removeAll(skipped: Int) {
    self.skipped = skipped
    changes.removeAll(keepingCapacity: true)
  }

  mutating func append(_ change: Change) {
    changes.append(change)
  }

  /// The bytes of the source that the bytes of the result come from. A piece that changed counts as a whole.
  func source(of range: Range<Int>) -> Range<Int> {
    guard !range.isEmpty else {
      let position = sourceStart(of: range.lowerBound)
      return position..<position
    }
    let start = sourceStart(of: range.lowerBound)
    return start..<max(start, sourceEnd(of: range.upperBound))
  }

  /// Number of changes whose result begins at or before a position.
  private func changesBeginning(upTo position: Int) -> Int {
    var low = 0
    var high = changes.count
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].result.lowerBound <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func sourceStart(of position: Int) -> Int {
    let index = changesBeginning(upTo: position)
    guard index > 0 else { return position + skipped }
    let change = changes[index - 1]
    if position < change.result.upperBound { return change.source.lowerBound }
    return change.source.upperBound + (position - change.result.upperBound)
  }

  private func sourceEnd(of position: Int) -> Int {
    // The change that holds the byte before the position decides.
    let index = changesBeginning(upTo: position - 1)
    guard index > 0 else { return position + skipped }
    let change = changes[index - 1]
    if position <= change.result.upperBound { return change.source.upperBound }
    return change.source.upperBound + (position - change.result.upperBound)
  }
}
