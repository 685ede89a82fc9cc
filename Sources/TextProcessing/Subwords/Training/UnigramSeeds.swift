#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The substrings of words that occur more than once, found length by length: a substring is counted only where both the
/// one without its last and the one without its first symbol occur more than once.
struct UnigramSeeds {
  private struct Node {
    let parent: Int32
    let symbol: Int32
    let length: Int32
    var count: Int64
    /// The largest count of a longer string that begins with this one.
    var longerCount: Int64
  }

  private var nodes: [Node] = []
  private let alphabetSize: Int

  init(_ text: SymbolText, alphabetSize: Int, longest: Int) {
    self.alphabetSize = alphabetSize
    nodes = (0..<alphabetSize).map {
      Node(parent: -1, symbol: Int32($0), length: 1, count: 0, longerCount: 0)
    }
    // For each place the node of the string of the current length that begins there; -1 for none.
    var current = text.symbols
    for word in text.sizes.indices {
      for place in text.starts[word]..<text.starts[word] + Int(text.sizes[word]) {
        nodes[Int(text.symbols[place])].count += text.counts[word]
      }
    }
    var places: [(place: Int32, word: Int32)] = []
    for word in text.sizes.indices where text.sizes[word] > 1 {
      for place in text.starts[word]..<text.starts[word] + Int(text.sizes[word]) - 1 {
        places.append((Int32(place), Int32(word)))
      }
    }
    for length in stride(from: 2, through: longest, by: 1) {
      let first = nodes.count
      var table = NodeTable()
      var found: [(place: Int32, word: Int32, node: Int32)] = []
      found.reserveCapacity(places.count)
      for (place, word) in places {
        let end = text.starts[Int(word)] + Int(text.sizes[Int(word)])
        let last = Int(place) + length - 1
        guard last < end, current[Int(place)] >= 0, current[Int(place) + 1] >= 0 else { continue }
        let parent = current[Int(place)]
        let node: Int32
        if let known = table.node(parent, text.symbols[last]) {
          node = known
        } else {
          node = Int32(nodes.count)
          nodes.append(
            Node(parent: parent, symbol: text.symbols[last], length: Int32(length), count: 0, longerCount: 0))
          table.insert(parent, text.symbols[last], node)
        }
        nodes[Int(node)].count += text.counts[Int(word)]
        found.append((place, word, node))
      }
      if found.isEmpty { break }
      // Strings that occur once are dropped, and the numbers of the others close up.
      var numbers = [Int32](repeating: -1, count: nodes.count - first)
      var kept = first
      for index in first..<nodes.count where nodes[index].count > 1 {
        numbers[index - first] = Int32(kept)
        nodes[kept] = nodes[index]
        let parent = Int(nodes[kept].parent)
        nodes[parent].longerCount = max(nodes[parent].longerCount, nodes[kept].count)
        kept += 1
      }
      nodes.removeLast(nodes.count - kept)
      for (place, _) in places { current[Int(place)] = -1 }
      // The last place of each word has no string of this length.
      var next: [(place: Int32, word: Int32)] = []
      next.reserveCapacity(found.count)
      for (place, word, node) in found {
        let number = numbers[Int(node) - first]
        current[Int(place)] = number
        if number >= 0 { next.append((place, word)) }
      }
      for word in text.sizes.indices where Int(text.sizes[word]) >= 1 {
        current[text.starts[word] + Int(text.sizes[word]) - 1] = -1
      }
      places = next
    }
  }

  /// All characters, and the strings that cover most symbols. Strings that are always followed by the same symbol are left
  /// to the longer ones.
  func pieces(limit: Int) -> [UnigramPiece] {
    var chosen = (alphabetSize..<nodes.count).filter { nodes[$0].longerCount < nodes[$0].count }
    func weight(_ index: Int) -> Int64 { nodes[index].count * Int64(nodes[index].length) }
    chosen.sort { weight($0) != weight($1) ? weight($0) > weight($1) : $0 < $1 }
    let all = Array(0..<alphabetSize) + chosen.prefix(max(0, limit - alphabetSize))
    let total = log(Double(all.reduce(0) { $0 + max(1, weight($1)) }))
    return all.map { index in
      UnigramPiece(symbols: symbols(of: index), score: log(Double(max(1, weight(index)))) - total)
    }
  }

  private func symbols(of node: Int) -> [Int32] {
    var symbols: [Int32] = []
    var node = Int32(node)
    while node >= 0 {
      symbols.append(nodes[Int(node)].symbol)
      node = nodes[Int(node)].parent
    }
    return symbols.reversed()
  }
}

/// Nodes by their parent and symbol: an open-addressing table.
struct NodeTable {
  private var keys = [UInt64](repeating: .max, count: 1 << 12)
  private var nodes = [Int32](repeating: 0, count: 1 << 12)
  private var count = 0

  @inline(__always)
  private static func key(_ parent: Int32, _ symbol: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: parent)) << 32 | UInt64(UInt32(bitPattern: symbol))
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 24) }

  @inline(__always)
  func node(_ parent: Int32, _ symbol: Int32) -> Int32? {
    let key = Self.key(parent, symbol)
    let mask = keys.count - 1
    var slot = Self.hash(key) & mask
    while keys[slot] != .max {
      if keys[slot] == key { return nodes[slot] }
      slot = (slot + 1) & mask
    }
    return nil
  }

  mutating func insert(_ parent: Int32, _ symbol: Int32, _ node: Int32) {
    if 2 * (count + 1) > keys.count {
      let (oldKeys, oldNodes) = (keys, nodes)
      keys = [UInt64](repeating: .max, count: 2 * oldKeys.count)
      nodes = [Int32](repeating: 0, count: keys.count)
      for (key, node) in zip(oldKeys, oldNodes) where key != .max { place(key, node) }
    }
    count += 1
    place(Self.key(parent, symbol), node)
  }

  private mutating func place(_ key: UInt64, _ node: Int32) {
    let mask = keys.count - 1
    var slot = Self.hash(key) & mask
    while keys[slot] != .max { slot = (slot + 1) & mask }
    keys[slot] = key
    nodes[slot] = node
  }
}
