import Dispatch
import Synchronization

/// Where the pieces of a vocabulary stand in a text. They are looked up once: training only drops pieces, so that each step
/// reads what is left from the first symbol to the last, in place of a table that no cache holds.
struct UnigramMatches: Sendable {
  /// Parts of a text that are worked on side by side, whatever the number of processors, so that sums are the same.
  static let partCount = 4

  /// Those of the words of a part.
  struct Part: Sendable {
    /// For each symbol how many pieces begin at it.
    fileprivate(set) var counts: [UInt8] = []
    /// These pieces, shorter ones first, and of how many symbols each is.
    fileprivate(set) var pieces: [Int32] = []
    fileprivate(set) var lengths: [UInt8] = []
  }

  private(set) var parts: [Part]

  /// The pieces of a trie in a text, whose words have no more symbols than 255.
  init(_ text: SymbolText, _ trie: SymbolTrie) {
    let found = Mutex([Part](repeating: Part(), count: Self.partCount))
    DispatchQueue.concurrentPerform(iterations: Self.partCount) { index in
      var part = Part()
      text.symbols.withUnsafeBufferPointer { symbols in
        for word in Self.words(text, index) {
          let own = UnsafeBufferPointer(
            rebasing: symbols[text.starts[word]..<text.starts[word] + Int(text.sizes[word])])
          for start in own.indices {
            let first = part.pieces.count
            trie.forEachMatch(in: own, from: start) { end, piece in
              part.pieces.append(piece)
              part.lengths.append(UInt8(truncatingIfNeeded: end - start))
            }
            part.counts.append(UInt8(truncatingIfNeeded: part.pieces.count - first))
          }
        }
      }
      found.withLock { [part] in $0[index] = part }
    }
    parts = found.withLock { $0 }
  }

  /// The words of a part.
  static func words(_ text: SymbolText, _ part: Int) -> Range<Int> {
    text.sizes.count * part / partCount..<text.sizes.count * (part + 1) / partCount
  }

  /// Gives the pieces other numbers; below 0 they are dropped.
  mutating func renumber(_ numbers: [Int32]) {
    let done = Mutex(parts)
    // Each is taken out, so that it is changed where it stands.
    parts = []
    DispatchQueue.concurrentPerform(iterations: Self.partCount) { index in
      var part = done.withLock { parts in
        let part = parts[index]
        parts[index] = Part()
        return part
      }
      part.renumber(numbers)
      done.withLock { [part] in $0[index] = part }
    }
    parts = done.withLock { $0 }
  }

  /// Goes through the matches of a part, symbol by symbol.
  struct Cursor {
    private let part: Part
    private var symbol = 0
    private var match = 0

    init(_ part: Part) { self.part = part }

    /// Calls `body` with the length and the number of each piece that begins at the next symbol.
    @inline(__always)
    mutating func forEach(_ body: (_ length: Int, _ piece: Int32) -> Void) {
      let end = match + Int(part.counts[symbol])
      while match < end {
        body(Int(part.lengths[match]), part.pieces[match])
        match += 1
      }
      symbol += 1
    }
  }
}

extension UnigramMatches.Part {
  fileprivate mutating func renumber(_ numbers: [Int32]) {
    var (match, kept) = (0, 0)
    for symbol in counts.indices {
      let end = match + Int(counts[symbol])
      let first = kept
      while match < end {
        let number = numbers[Int(pieces[match])]
        if number >= 0 {
          pieces[kept] = number
          lengths[kept] = lengths[match]
          kept += 1
        }
        match += 1
      }
      counts[symbol] = UInt8(truncatingIfNeeded: kept - first)
    }
    pieces.removeLast(pieces.count - kept)
    lengths.removeLast(lengths.count - kept)
  }
}
