/// Memory in which the pieces of a word are merged, used again from word to word.
struct MergeScratch {
  /// Pieces up to which looking through all of them for the best merge is faster than a queue.
  static let shortLimit = 48

  /// Rank of the merge of a piece with the next one.
  private var ranks: [Int32] = []
  private var merged: [Int32] = []
  private var previous: [Int32] = []
  private var next: [Int32] = []
  /// Pairs that may be merged, each by its rank and, below that, the place of its left piece: the lowest rank comes first,
  /// of equal ones the pair further left.
  private var queue: [UInt64] = []

  /// Merges the pieces from a place on until no pair is a merge.
  mutating func merge(_ pieces: inout [SubwordPiece], from first: Int, _ pairs: PairTable) {
    let count = pieces.count - first
    if count < 2 { return }
    if count > Self.shortLimit {
      var random = DropoutRandom()
      return merge(&pieces, from: first, pairs, dropout: 0, &random)
    }
    ranks.removeAll(keepingCapacity: true)
    merged.removeAll(keepingCapacity: true)
    for index in first..<pieces.count {
      let pair = index + 1 < pieces.count ? pairs.merge(pieces[index].id, pieces[index + 1].id) : nil
      ranks.append(pair?.rank ?? .max)
      merged.append(pair?.id ?? 0)
    }
    while true {
      var (best, rank) = (-1, Int32.max)
      for index in 0..<ranks.count where ranks[index] < rank { (best, rank) = (index, ranks[index]) }
      if best < 0 { return }
      let place = first + best
      pieces[place] = SubwordPiece(id: merged[best], end: pieces[place + 1].end)
      pieces.remove(at: place + 1)
      ranks.remove(at: best + 1)
      merged.remove(at: best + 1)
      update(best, pieces, first, pairs)
      if best > 0 { update(best - 1, pieces, first, pairs) }
    }
  }

  private mutating func update(_ index: Int, _ pieces: [SubwordPiece], _ first: Int, _ pairs: PairTable) {
    let place = first + index
    let pair = place + 1 < pieces.count ? pairs.merge(pieces[place].id, pieces[place + 1].id) : nil
    ranks[index] = pair?.rank ?? .max
    merged[index] = pair?.id ?? 0
  }

  /// The same with a queue: O(n log n) for n pieces.
  ///
  /// - Parameter dropout: the probability that a merge is passed over for the next one.
  mutating func merge(
    _ pieces: inout [SubwordPiece], from first: Int, _ pairs: PairTable, dropout: Float,
    _ random: inout DropoutRandom
  ) {
    let count = Int32(pieces.count - first)
    if count < 2 { return }
    previous.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    for index in 0..<count {
      previous.append(index - 1)
      next.append(index + 1 < count ? index + 1 : -1)
    }
    queue.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 { push(index, pieces, first, pairs) }
    var passedOver: [UInt64] = []
    while let top = pop() {
      if dropout > 0, Float.random(in: 0..<1, using: &random) < dropout {
        passedOver.append(top)
        continue
      }
      for candidate in passedOver { add(candidate) }
      passedOver.removeAll(keepingCapacity: true)
      let left = Int(top & 0xFFFF_FFFF)
      // What was merged away is its own neighbour.
      guard next[left] != left, next[left] >= 0 else { continue }
      let right = Int(next[left])
      guard let pair = pairs.merge(pieces[first + left].id, pieces[first + right].id),
        UInt64(UInt32(bitPattern: pair.rank)) == top >> 32
      else {
        continue
      }
      pieces[first + left] = SubwordPiece(id: pair.id, end: pieces[first + right].end)
      let after = next[right]
      next[left] = after
      if after >= 0 { previous[Int(after)] = Int32(left) }
      next[right] = Int32(right)
      if previous[left] >= 0 { push(previous[left], pieces, first, pairs) }
      if after >= 0 { push(Int32(left), pieces, first, pairs) }
    }
    var (index, place) = (Int32(0), first)
    while index >= 0 {
      pieces[place] = pieces[first + Int(index)]
      place += 1
      index = next[Int(index)]
    }
    pieces.removeSubrange(place...)
  }

  private mutating func push(_ index: Int32, _ pieces: [SubwordPiece], _ first: Int, _ pairs: PairTable) {
    let right = next[Int(index)]
    guard let pair = pairs.merge(pieces[first + Int(index)].id, pieces[first + Int(right)].id) else { return }
    add(UInt64(UInt32(bitPattern: pair.rank)) << 32 | UInt64(UInt32(bitPattern: index)))
  }

  private mutating func add(_ candidate: UInt64) {
    queue.append(candidate)
    var child = queue.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard queue[child] < queue[parent] else { return }
      queue.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() -> UInt64? {
    guard !queue.isEmpty else { return nil }
    let top = queue[0]
    let last = queue.removeLast()
    let count = queue.count
    if count == 0 { return top }
    // The gap at the front sinks to where the last one fits.
    var parent = 0
    while true {
      var child = 2 * parent + 1
      if child >= count { break }
      if child + 1 < count, queue[child + 1] < queue[child] { child += 1 }
      guard queue[child] < last else { break }
      queue[parent] = queue[child]
      parent = child
    }
    queue[parent] = last
    return top
  }
}
