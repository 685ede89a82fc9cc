import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// All ways to make words of the pieces of a vocabulary.
///
/// Probabilities are multiplied as they are, without logarithms: words are short, and each symbol is scaled by the same
/// factor, so that numbers stay near 1.
struct UnigramLattice: Sendable {
  /// Symbols of a word, at most: 32 symbols of probability e⁻²⁰ are still a number.
  static let longestWord = 32

  private let pieces: [UnigramPiece]
  /// Natural logarithm of what each symbol is multiplied by.
  private let scale: Double

  init(_ pieces: [UnigramPiece]) {
    self.pieces = pieces
    // What a symbol costs when pieces are drawn by their probabilities.
    var (bits, symbols) = (0.0, 0.0)
    for piece in pieces {
      let probability = exp(piece.score)
      bits -= probability * piece.score
      symbols += probability * Double(piece.symbols.count)
    }
    scale = symbols > 0 ? bits / symbols : 0
  }

  /// A trie of the pieces.
  func makeTrie() -> SymbolTrie {
    var trie = SymbolTrie()
    for (index, piece) in pieces.enumerated() { trie.insert(piece.symbols, value: Int32(index)) }
    return trie
  }

  /// For each piece how often it is expected to occur.
  ///
  /// - Parameter matches: those of the pieces in the text.
  func expectedCounts(_ text: SymbolText, _ matches: UnigramMatches) -> [Double] {
    let factors = pieces.map { exp($0.score + scale * Double($0.symbols.count)) }
    return sum(text, matches) { size, count, own, counts, scratch in
      scratch.edges.removeAll(keepingCapacity: true)
      scratch.forward[0] = 1
      for end in 1...size { scratch.forward[end] = 0 }
      for start in 0..<size {
        let here = scratch.forward[start]
        own.forEach { length, piece in
          guard here > 0 else { return }
          let end = start + length
          scratch.forward[end] += here * factors[Int(piece)]
          scratch.edges.append((Int32(start), Int32(end), piece))
        }
      }
      let total = scratch.forward[size]
      guard total > 0, total.isFinite else { return }
      for start in 0..<size { scratch.backward[start] = 0 }
      scratch.backward[size] = count / total
      for (start, end, piece) in scratch.edges.reversed() {
        let rest = factors[Int(piece)] * scratch.backward[Int(end)]
        scratch.backward[Int(start)] += rest
        counts[Int(piece)] += scratch.forward[Int(start)] * rest
      }
    }
  }

  /// For each piece how often it occurs where each word is made in the most probable way.
  func bestCounts(_ text: SymbolText, _ matches: UnigramMatches) -> [Double] {
    sum(text, matches) { size, count, own, counts, scratch in
      scratch.clear(size)
      for start in 0..<size {
        own.forEach { length, piece in
          scratch.offer(start, start + length, piece, pieces[Int(piece)].score)
        }
      }
      var end = size
      while end > 0, scratch.pieces[end] >= 0 {
        counts[Int(scratch.pieces[end])] += count
        end = scratch.starts[end]
      }
    }
  }

  /// The pieces that make the same string as a piece in the most probable way without it; nil where they are more probable
  /// than the piece itself, or there are none.
  ///
  /// - Parameter trie: of the pieces.
  func alternative(to index: Int, _ trie: SymbolTrie) -> [Int32]? {
    var scratch = Scratch()
    let word = pieces[index].symbols
    scratch.clear(word.count)
    word.withUnsafeBufferPointer { word in
      for start in word.indices {
        trie.forEachMatch(in: word, from: start) { end, piece in
          if piece != Int32(index) { scratch.offer(start, end, piece, pieces[Int(piece)].score) }
        }
      }
    }
    let score = scratch.forward[word.count]
    guard score > -.infinity, score <= pieces[index].score else { return nil }
    var result: [Int32] = []
    var end = word.count
    while end > 0 {
      result.append(scratch.pieces[end])
      end = scratch.starts[end]
    }
    return result
  }

  /// Memory for one word.
  private struct Scratch {
    var forward = [Double](repeating: 0, count: UnigramLattice.longestWord + 1)
    var backward = [Double](repeating: 0, count: UnigramLattice.longestWord + 1)
    var pieces = [Int32](repeating: -1, count: UnigramLattice.longestWord + 1)
    var starts = [Int](repeating: 0, count: UnigramLattice.longestWord + 1)
    var edges: [(start: Int32, end: Int32, piece: Int32)] = []

    /// Begins to look for the best way through a word of some symbols.
    mutating func clear(_ size: Int) {
      forward[0] = 0
      for end in 1...size {
        forward[end] = -.infinity
        pieces[end] = -1
      }
    }

    /// Takes a piece from a place that can be reached if it is the best way to its end.
    @inline(__always)
    mutating func offer(_ start: Int, _ end: Int, _ piece: Int32, _ score: Double) {
      guard forward[start] > -.infinity, forward[start] + score > forward[end] else { return }
      forward[end] = forward[start] + score
      pieces[end] = piece
      starts[end] = start
    }
  }

  /// Adds up what `body` adds to the counts of the pieces for each word. It calls `forEach` of the matches once for each symbol.
  private func sum(
    _ text: SymbolText, _ matches: UnigramMatches,
    _ body:
      @Sendable (
        _ size: Int, _ count: Double, _ own: inout UnigramMatches.Cursor, _ counts: inout [Double],
        _ scratch: inout Scratch
      ) -> Void
  ) -> [Double] {
    let results = Mutex([[Double]](repeating: [], count: UnigramMatches.partCount))
    DispatchQueue.concurrentPerform(iterations: UnigramMatches.partCount) { part in
      var counts = [Double](repeating: 0, count: pieces.count)
      var scratch = Scratch()
      var cursor = UnigramMatches.Cursor(matches.parts[part])
      for word in UnigramMatches.words(text, part) {
        body(Int(text.sizes[word]), Double(text.counts[word]), &cursor, &counts, &scratch)
      }
      results.withLock { $0[part] = counts }
    }
    return results.withLock { parts in
      var sum = parts[0]
      for part in parts.dropFirst() { for index in sum.indices { sum[index] += part[index] } }
      return sum
    }
  }
}

/// A trie over strings of symbols with a value for each.
struct SymbolTrie: Sendable {
  private var table = NodeTable()
  private var values: [Int32] = [-1]

  mutating func insert(_ symbols: [Int32], value: Int32) {
    var node: Int32 = 0
    for symbol in symbols {
      if let next = table.node(node, symbol) {
        node = next
      } else {
        let next = Int32(values.count)
        values.append(-1)
        table.insert(node, symbol, next)
        node = next
      }
    }
    values[Int(node)] = value
  }

  /// Calls `body` for each string that begins at a place of a word, with its end and value.
  @inline(__always)
  func forEachMatch(in word: UnsafeBufferPointer<Int32>, from start: Int, _ body: (Int, Int32) -> Void) {
    var node: Int32 = 0
    var end = start
    while end < word.count, let next = table.node(node, word[end]) {
      node = next
      end += 1
      if values[Int(node)] >= 0 { body(end, values[Int(node)]) }
    }
  }
}
