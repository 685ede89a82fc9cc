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
  /// Pieces of a text that are worked on side by side, whatever the number of processors, so that sums are the same.
  private static let partCount = 4

  private let pieces: [UnigramPiece]
  private let trie: SymbolTrie
  /// Natural logarithm of what each symbol is multiplied by.
  private let scale: Double

  init(_ pieces: [UnigramPiece]) {
    self.pieces = pieces
    var trie = SymbolTrie()
    for (index, piece) in pieces.enumerated() { trie.insert(piece.symbols, value: Int32(index)) }
    self.trie = trie
    // What a symbol costs when pieces are drawn by their probabilities.
    var (bits, symbols) = (0.0, 0.0)
    for piece in pieces {
      let probability = exp(piece.score)
      bits -= probability * piece.score
      symbols += probability * Double(piece.symbols.count)
    }
    scale = symbols > 0 ? bits / symbols : 0
  }

  /// For each piece how often it is expected to occur.
  func expectedCounts(_ text: SymbolText) -> [Double] {
    let factors = pieces.map { exp($0.score + scale * Double($0.symbols.count)) }
    return sum(text) { word, count, counts, scratch in
      let size = word.count
      scratch.edges.removeAll(keepingCapacity: true)
      scratch.forward[0] = 1
      for end in 1...size { scratch.forward[end] = 0 }
      for start in 0..<size where scratch.forward[start] > 0 {
        let here = scratch.forward[start]
        trie.forEachMatch(in: word, from: start) { end, piece in
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
  func bestCounts(_ text: SymbolText) -> [Double] {
    sum(text) { word, count, counts, scratch in
      best(word, leavingOut: -1, &scratch)
      var end = word.count
      while end > 0, scratch.pieces[end] >= 0 {
        counts[Int(scratch.pieces[end])] += count
        end = scratch.starts[end]
      }
    }
  }

  /// The pieces that make the same string as a piece in the most probable way without it; nil where they are more probable
  /// than the piece itself, or there are none.
  func alternative(to index: Int) -> [Int32]? {
    var scratch = Scratch()
    let word = pieces[index].symbols
    let score = word.withUnsafeBufferPointer { best($0, leavingOut: Int32(index), &scratch) }
    guard score > -.infinity, score <= pieces[index].score else { return nil }
    var result: [Int32] = []
    var end = word.count
    while end > 0 {
      result.append(scratch.pieces[end])
      end = scratch.starts[end]
    }
    return result
  }

  @discardableResult
  private func best(_ word: UnsafeBufferPointer<Int32>, leavingOut: Int32, _ scratch: inout Scratch) -> Double {
    scratch.forward[0] = 0
    for end in 1...word.count {
      scratch.forward[end] = -.infinity
      scratch.pieces[end] = -1
    }
    for start in 0..<word.count where scratch.forward[start] > -.infinity {
      let here = scratch.forward[start]
      trie.forEachMatch(in: word, from: start) { end, piece in
        let score = here + pieces[Int(piece)].score
        if piece != leavingOut, score > scratch.forward[end] {
          scratch.forward[end] = score
          scratch.pieces[end] = piece
          scratch.starts[end] = start
        }
      }
    }
    return scratch.forward[word.count]
  }

  /// Memory for one word.
  private struct Scratch {
    var forward = [Double](repeating: 0, count: UnigramLattice.longestWord + 1)
    var backward = [Double](repeating: 0, count: UnigramLattice.longestWord + 1)
    var pieces = [Int32](repeating: -1, count: UnigramLattice.longestWord + 1)
    var starts = [Int](repeating: 0, count: UnigramLattice.longestWord + 1)
    var edges: [(start: Int32, end: Int32, piece: Int32)] = []
  }

  /// Adds up what `body` adds to the counts of the pieces for each word.
  private func sum(
    _ text: SymbolText,
    _ body:
      @Sendable (
        _ word: UnsafeBufferPointer<Int32>, _ count: Double, _ counts: inout [Double], _ scratch: inout Scratch
      ) -> Void
  ) -> [Double] {
    let results = Mutex([[Double]](repeating: [], count: Self.partCount))
    let words = text.sizes.count
    DispatchQueue.concurrentPerform(iterations: Self.partCount) { part in
      var counts = [Double](repeating: 0, count: pieces.count)
      var scratch = Scratch()
      text.symbols.withUnsafeBufferPointer { symbols in
        for word in words * part / Self.partCount..<words * (part + 1) / Self.partCount {
          let own = symbols[text.starts[word]..<text.starts[word] + Int(text.sizes[word])]
          body(UnsafeBufferPointer(rebasing: own), Double(text.counts[word]), &counts, &scratch)
        }
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
