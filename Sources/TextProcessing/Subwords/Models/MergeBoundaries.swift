/// Where no merge of a byte-pair model can reach across, so that a long word falls into parts.
///
/// A merge joins the last symbol of its left token with the first of its right one. Two symbols that no merge joins so stand
/// in two tokens, whatever is around them.
struct MergeBoundaries: Sendable {
  /// Symbols by pairs: those that a merge joins.
  private let joined: PairTable
  /// Whether each token is made by one merge. Then what a merge makes is merged further by later ones alone.
  let isEachMadeOnce: Bool

  /// Of merges in the order of their ranks; `nil` where a token is used before the merge that makes it, or where two merges
  /// make one of other symbols at its ends.
  init?(_ merges: [(left: Int32, right: Int32, id: Int32)], tokenCount: Int) {
    var first = (0..<Int32(tokenCount)).map { $0 }
    var last = first
    var isUsed = [Bool](repeating: false, count: tokenCount)
    var isMade = isUsed
    var joined = PairTable(capacity: merges.count)
    var isEachMadeOnce = true
    for (left, right, id) in merges {
      guard max(left, right, id) < tokenCount, min(left, right, id) >= 0 else { return nil }
      let (left, right, id) = (Int(left), Int(right), Int(id))
      (isUsed[left], isUsed[right]) = (true, true)
      if isMade[id] {
        guard first[id] == first[left], last[id] == last[right] else { return nil }
        isEachMadeOnce = false
      } else if isUsed[id] {
        return nil
      }
      isMade[id] = true
      (first[id], last[id]) = (first[left], last[right])
      joined.insert(last[left], first[right], PairTable.Merge(rank: 0, id: 0))
    }
    self.joined = joined
    self.isEachMadeOnce = isEachMadeOnce
  }

  /// Whether two neighbouring symbols of a word may become parts of one token.
  func mayJoin(_ left: Int32, _ right: Int32) -> Bool { joined.merge(left, right) != nil }
}

extension MergeScratch {
  /// Pieces from which on a part of a word is merged by passes over all of it.
  private static let passLimit = 1 << 16
  /// Passes after which a queue takes over: words in which so many ranks occur.
  private static let mostPasses = 48

  /// Merges the pieces of a long word from a place on, part by part: memory and time of a queue are those of a part.
  mutating func merge(
    _ pieces: inout [SubwordPiece], from first: Int, _ pairs: PairTable, within boundaries: MergeBoundaries
  ) {
    var (read, write) = (first, first)
    var part: [SubwordPiece] = []
    while read < pieces.count {
      var end = read + 1
      while end < pieces.count, boundaries.mayJoin(pieces[end - 1].id, pieces[end].id) { end += 1 }
      if end == read + 1 {
        pieces[write] = pieces[read]
        write += 1
      } else if read == first, end == pieces.count {
        // Nothing is cut: no copy either.
        return mergePart(&pieces, from: first, pairs, boundaries)
      } else {
        part.removeAll(keepingCapacity: true)
        part.append(contentsOf: pieces[read..<end])
        mergePart(&part, from: 0, pairs, boundaries)
        for piece in part {
          pieces[write] = piece
          write += 1
        }
      }
      read = end
    }
    pieces.removeSubrange(write...)
  }

  /// Merges a part that is not cut. In a very long one with few kinds of pairs, such as a letter that repeats, all pairs of
  /// the lowest rank are merged at once, then those of the next, and so on. What a pass makes is merged by later ones only,
  /// as a queue would do it.
  private mutating func mergePart(
    _ pieces: inout [SubwordPiece], from first: Int, _ pairs: PairTable, _ boundaries: MergeBoundaries
  ) {
    var passes = boundaries.isEachMadeOnce ? 0 : Self.mostPasses
    while pieces.count - first >= Self.passLimit, passes < Self.mostPasses {
      var rank = Int32.max
      for index in first..<pieces.count - 1 {
        if let pair = pairs.merge(pieces[index].id, pieces[index + 1].id) { rank = min(rank, pair.rank) }
      }
      if rank == .max { return }
      var (read, write) = (first, first)
      while read < pieces.count {
        if read + 1 < pieces.count, let pair = pairs.merge(pieces[read].id, pieces[read + 1].id), pair.rank == rank {
          pieces[write] = SubwordPiece(id: pair.id, end: pieces[read + 1].end)
          read += 2
        } else {
          pieces[write] = pieces[read]
          read += 1
        }
        write += 1
      }
      pieces.removeSubrange(write...)
      passes += 1
    }
    merge(&pieces, from: first, pairs)
  }
}
