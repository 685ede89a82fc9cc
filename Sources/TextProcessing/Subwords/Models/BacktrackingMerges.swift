/// Byte-pair encoding of long words in linear time.
///
/// Tokens follow each other in an encoding if and only if each two neighbours are the encoding of what they spell together,
/// and just one sequence of tokens is so. It is found from left to right: the longest token that may follow the last one, or
/// a shorter one where that leads nowhere. Costs a walk through a trie for each token and a few look-ups of merges for each
/// two neighbours, and a bit of memory for each symbol.
struct BacktrackingMerges: Sendable {
  private struct Token {
    /// The merge that makes it; -1 for a symbol, -2 for what no merge ever makes, since other merges take its parts first.
    var rank: Int32 = -1
    /// What that merge joins.
    var left: Int32
    var right: Int32
    /// In symbols.
    var length: Int32 = 1
    /// The longest token that begins it; -1 for none.
    var shorter: Int32 = -1
  }

  /// Symbols of a token; with longer ones a word could cost its length times theirs.
  private static let longestToken = 1024

  private var tokens: [Token]
  private let pairs: PairTable
  /// Of the tokens that merges make, by their symbols.
  private var spellings: SpellingTrie

  /// Of merges in the order of their ranks.
  ///
  /// - Returns: `nil` where what is made is merged by an earlier merge (then ranks alone do not say what comes first), where
  ///   two tokens are spelt alike, or where tokens are so long that they would take more memory than a vocabulary should.
  init?(_ merges: [(left: Int32, right: Int32, id: Int32)], tokenCount: Int, _ pairs: PairTable) {
    self.pairs = pairs
    tokens = (0..<Int32(tokenCount)).map { Token(left: $0, right: $0) }
    guard let none = SpellingTrie([], of: [], symbolLimit: tokenCount) else { return nil }
    spellings = none
    var isUsed = [Bool](repeating: false, count: tokenCount)
    for merge in merges where tokens.indices.contains(Int(merge.id)) { tokens[Int(merge.id)].rank = -2 }
    // The symbols of each token that is made, one token behind the other.
    var symbols: [UInt32] = []
    var ranges = [Range<Int>?](repeating: nil, count: tokenCount)
    for (rank, merge) in merges.enumerated() {
      guard max(merge.left, merge.right, merge.id) < tokenCount, min(merge.left, merge.right, merge.id) >= 0 else {
        return nil
      }
      let (left, right, id) = (Int(merge.left), Int(merge.right), Int(merge.id))
      (isUsed[left], isUsed[right]) = (true, true)
      // Of a token that several merges make, one is at work: the others' parts never stand beside each other.
      guard pairs.merge(merge.left, merge.right)?.rank == Int32(rank), tokens[id].rank < 0,
        tokens[left].rank > -2, tokens[right].rank > -2, mayNeighbour(merge.left, merge.right, before: Int32(rank))
      else {
        continue
      }
      if isUsed[id] { return nil }
      let length = Int(tokens[left].length) + Int(tokens[right].length)
      guard length <= Self.longestToken, symbols.count + length <= 32 * tokenCount + 1 << 20 else { return nil }
      tokens[id] = Token(rank: Int32(rank), left: merge.left, right: merge.right, length: Int32(length))
      let start = symbols.count
      for part in [left, right] {
        guard let range = ranges[part] else {
          symbols.append(UInt32(part))
          continue
        }
        // One by one: a slice of the array itself would have all of it copied.
        for place in range { symbols.append(symbols[place]) }
      }
      ranges[id] = start..<start + length
    }
    let made = ranges.enumerated().compactMap { id, range in range.map { (range: $0, value: Int32(id)) } }
    guard let trie = SpellingTrie(made, of: symbols, symbolLimit: tokenCount) else { return nil }
    spellings = trie
    for (range, id) in made {
      let first = Int32(symbols[range.lowerBound])
      tokens[Int(id)].shorter = first
      var node = trie.root(first)
      for symbol in symbols[range].dropFirst().dropLast() {
        guard let next = trie.step(from: node, Int32(symbol)) else { break }
        node = next.node
        if next.value >= 0 { tokens[Int(id)].shorter = next.value }
      }
    }
  }

  /// Whether two tokens beside each other stay two: whether no merge joined their parts, while they were made, before it
  /// joined others.
  ///
  /// - Parameter limit: merges from this rank on are not looked at.
  @inline(__always)
  private func mayNeighbour(_ left: Int32, _ right: Int32, before limit: Int32 = .max) -> Bool {
    var (left, right, limit) = (left, right, limit)
    while true {
      if let merge = pairs.merge(left, right), merge.rank < limit { return false }
      // Back to before the last merge on either side. Of equal merges the one further left came first.
      let (leftToken, rightToken) = (tokens[Int(left)], tokens[Int(right)])
      if leftToken.rank > rightToken.rank {
        limit = leftToken.rank
        left = leftToken.right
      } else if rightToken.rank >= 0 {
        limit = rightToken.rank + 1
        right = rightToken.left
      } else {
        return true
      }
    }
  }

  /// Merges the pieces of a word from a place on.
  ///
  /// - Parameter scratch: memory that is used again.
  /// - Returns: false, and nothing is changed, where a piece is a token that merges make.
  func merge(_ pieces: inout [SubwordPiece], from first: Int, _ scratch: inout Scratch) -> Bool {
    let count = pieces.count - first
    for index in first..<pieces.count where tokens[Int(pieces[index].id)].rank != -1 { return false }
    scratch.reset(count)
    var position = 0
    var token = longest(pieces, from: first)
    while position < count {
      while true {
        let end = position + Int(tokens[Int(token)].length)
        if !scratch.isDeadEnd(end), scratch.encoded.last.map({ mayNeighbour($0, token) }) ?? true {
          scratch.encoded.append(token)
          position = end
          if end < count { token = longest(pieces, from: first + end) }
          break
        }
        token = tokens[Int(token)].shorter
        if token >= 0 { continue }
        // The last token was one too long.
        scratch.setDeadEnd(position)
        guard let last = scratch.encoded.popLast() else { return false }
        position -= Int(tokens[Int(last)].length)
        token = last
      }
    }
    var end = first
    for (index, token) in scratch.encoded.enumerated() {
      end += Int(tokens[Int(token)].length)
      pieces[first + index] = SubwordPiece(id: token, end: pieces[end - 1].end)
    }
    pieces.removeSubrange((first + scratch.encoded.count)...)
    return true
  }

  /// The longest token that begins at a place: at least the symbol there.
  @inline(__always)
  private func longest(_ pieces: [SubwordPiece], from start: Int) -> Int32 {
    var found = pieces[start].id
    var node = spellings.root(found)
    var index = start + 1
    while node != 0, index < pieces.count {
      guard let next = spellings.step(from: node, pieces[index].id) else { break }
      node = next.node
      index += 1
      if next.value >= 0 { found = next.value }
    }
    return found
  }

  /// What is known of a word.
  struct Scratch {
    /// The tokens up to a place.
    fileprivate var encoded: [Int32] = []
    /// A bit for each place: whether the rest from there on cannot be encoded behind what is before it.
    private var deadEnds: [UInt64] = []

    fileprivate mutating func reset(_ count: Int) {
      encoded.removeAll(keepingCapacity: count < 1 << 20)
      deadEnds.removeAll(keepingCapacity: count < 1 << 20)
      deadEnds.append(contentsOf: repeatElement(0, count: count / 64 + 1))
    }

    @inline(__always)
    fileprivate func isDeadEnd(_ place: Int) -> Bool { deadEnds[place >> 6] >> UInt64(place & 63) & 1 == 1 }

    fileprivate mutating func setDeadEnd(_ place: Int) { deadEnds[place >> 6] |= 1 << UInt64(place & 63) }
  }
}
