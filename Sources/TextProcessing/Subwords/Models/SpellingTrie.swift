/// A trie over strings of symbols with values, packed so that a walk stays in the processor's caches: nodes of 16 bytes, the
/// children of one side by side in the order of their symbols.
struct SpellingTrie: Sendable {
  private struct Node {
    /// That leads to it; `noSymbol` for a gap.
    var symbol: UInt32
    /// Its first child.
    var first: Int32 = 0
    /// Places of its children, gaps among them; below 0 the number of its children where those have no gaps and are
    /// searched.
    var span: Int32 = 0
    /// Of the string up to here; -1 for none.
    var value: Int32 = -1
  }

  private static let noSymbol = UInt32.max

  private var nodes = [Node(symbol: noSymbol)]
  /// The node of each symbol that begins a string; 0 for the others.
  private var roots: [Int32]

  /// - Parameters:
  ///   - strings: parts of `symbols`, none of them empty.
  ///   - symbolLimit: above all symbols.
  /// - Returns: `nil` where two strings are equal.
  init?(_ strings: [(range: Range<Int>, value: Int32)], of symbols: [UInt32], symbolLimit: Int) {
    let sorted = strings.sorted { symbols[$0.range].lexicographicallyPrecedes(symbols[$1.range]) }
    for (one, next) in zip(sorted, sorted.dropFirst()) where symbols[one.range] == symbols[next.range] { return nil }
    roots = [Int32](repeating: 0, count: symbolLimit)
    // Nodes whose children are still to come, level by level, with the strings that go through them.
    var open = [(node: 0, strings: 0..<sorted.count, depth: 0)]
    var next = 0
    while next < open.count {
      let (node, range, depth) = open[next]
      next += 1
      var rest = range
      if depth > 0, let one = rest.first, sorted[one].range.count == depth {
        nodes[node].value = sorted[one].value
        rest = rest.dropFirst()
      }
      func symbol(_ string: Int) -> UInt32 { symbols[sorted[string].range.lowerBound + depth] }
      var children: [(symbol: UInt32, strings: Range<Int>)] = []
      for string in rest {
        if let last = children.last, last.symbol == symbol(string) {
          children[children.count - 1].strings = last.strings.lowerBound..<string + 1
        } else {
          children.append((symbol(string), string..<string + 1))
        }
      }
      guard let least = children.first?.symbol, let most = children.last?.symbol else { continue }
      let first = nodes.count
      let span = Int(most - least) + 1
      let hasGaps = span <= 2 * children.count + 4
      nodes += repeatElement(Node(symbol: Self.noSymbol), count: hasGaps ? span : children.count)
      nodes[node].first = Int32(first)
      nodes[node].span = hasGaps ? Int32(span) : -Int32(children.count)
      for (index, child) in children.enumerated() {
        let place = first + (hasGaps ? Int(child.symbol - least) : index)
        nodes[place].symbol = child.symbol
        if depth == 0 { roots[Int(child.symbol)] = Int32(place) }
        open.append((place, child.strings, depth + 1))
      }
    }
  }

  /// The node of a string of one symbol; 0 where no string begins with it.
  @inline(__always)
  func root(_ symbol: Int32) -> Int32 { roots[Int(symbol)] }

  /// Where a symbol leads from a node, and the value of the string up to there, -1 for none; `nil` where it leads nowhere.
  @inline(__always)
  func step(from node: Int32, _ symbol: Int32) -> (node: Int32, value: Int32)? {
    let (symbol, parent) = (UInt32(bitPattern: symbol), nodes[Int(node)])
    var place = Int(parent.first)
    if parent.span > 0 {
      let least = nodes[place].symbol
      guard symbol >= least, symbol - least < UInt32(parent.span) else { return nil }
      place += Int(symbol - least)
    } else {
      var count = Int(-parent.span)
      while count > 1 {
        let half = count / 2
        if nodes[place + half].symbol <= symbol { place += half }
        count -= half
      }
      if parent.span == 0 { return nil }
    }
    let child = nodes[place]
    return child.symbol == symbol ? (Int32(place), child.value) : nil
  }
}
