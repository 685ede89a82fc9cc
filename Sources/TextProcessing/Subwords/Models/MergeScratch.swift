/// Memory in which the pieces of a word are merged, used again from word to word.
struct MergeScratch {
  /// Pieces up to which looking through all of them for the best merge is faster than a queue.
  static let shortLimit = 48

  /// Rank of the merge of a piece with the next one.
  private var ranks: [Int32] = []
  private var merged: [Int32] = []
  private var previous: [Int32] = []
  private var next: [Int32] = []
  private var queue: [Candidate] = []

  /// A pair that may be merged.
  private struct Candidate {
    var rank: Int32
    var position: Int32
    var id: Int32

    /// Lower ranks come first, of equal ones the pair further left.
    static func < (a: Self, b: Self) -> Bool { a.rank != b.rank ? a.rank < b.rank : a.position < b.position }
  }

  /// Merges the pieces from a place on until no pair is a merge.
  mutating func merge(_ pieces: inout [SubwordPiece], from first: Int, _ pairs: PairTable) {
    let count = pieces.count - first
    if count < 2 { return }
    if count > Self.shortLimit {
      var random: any RandomNumberGenerator = SystemRandomNumberGenerator()
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
    _ random: inout any RandomNumberGenerator
  ) {
    let count = Int32(pieces.count - first)
    if count < 2 { return }
    previous = Array(-1..<count - 1)
    next = Array(1..<count) + [-1]
    queue.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 { push(index, pieces, first, pairs) }
    var passedOver: [Candidate] = []
    while let top = pop() {
      if dropout > 0, Float.random(in: 0..<1, using: &random) < dropout {
        passedOver.append(top)
        continue
      }
      for candidate in passedOver { add(candidate) }
      passedOver.removeAll(keepingCapacity: true)
      let left = Int(top.position)
      // What was merged away is its own neighbour.
      guard next[left] != top.position, next[left] >= 0 else { continue }
      let right = Int(next[left])
      guard let pair = pairs.merge(pieces[first + left].id, pieces[first + right].id), pair.id == top.id else {
        continue
      }
      pieces[first + left] = SubwordPiece(id: pair.id, end: pieces[first + right].end)
      let after = next[right]
      next[left] = after
      if after >= 0 { previous[Int(after)] = top.position }
      next[right] = Int32(right)
      if previous[left] >= 0 { push(previous[left], pieces, first, pairs) }
      if after >= 0 { push(top.position, pieces, first, pairs) }
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
    add(Candidate(rank: pair.rank, position: index, id: pair.id))
  }

  private mutating func add(_ candidate: Candidate) {
    queue.append(candidate)
    var child = queue.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard queue[child] < queue[parent] else { return }
      queue.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() -> Candidate? {
    guard let top = queue.first, let last = queue.popLast() else { return nil }
    if queue.isEmpty { return top }
    queue[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < queue.count && queue[child] < queue[least] {
        least = child
      }
      if least == parent { return top }
      queue.swapAt(parent, least)
      parent = least
    }
  }
}
