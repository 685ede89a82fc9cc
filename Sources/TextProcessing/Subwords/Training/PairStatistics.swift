/// Which pairs of symbols there are, how often, and in which words.
struct PairStatistics {
  /// A pair.
  private struct Record {
    let key: UInt64
    var count: Int64
    /// Its first list of words; -1 for none.
    var list: Int32
  }

  /// Words that have a pair, consecutive in `words`.
  private struct List {
    var start: Int
    var count: Int32
    /// The pair's next list; -1 for none.
    var next: Int32
  }

  /// A pair that may be merged next. Its count may have fallen since.
  private struct Candidate {
    var count: Int64
    var record: Int32
  }

  private var records: [Record] = []
  /// Record + 1 of each slot of an open-addressing table; 0 is free.
  private var slots = [Int32](repeating: 0, count: 1 << 16)
  private var lists: [List] = []
  private var words: [Int32] = []
  /// Words on lists that are still needed.
  private var liveWords = 0
  /// A binary heap.
  private var queue: [Candidate] = []

  /// Counts the pairs of some words and lists where they are.
  ///
  /// - Parameter minimumCount: pairs that are rarer are forgotten.
  init(_ text: SymbolText, minimumCount: Int64) {
    // The record of the pair that begins at each place, so that pairs are looked up once.
    var found = [Int32](repeating: -1, count: text.symbols.count)
    var sizes: [Int32] = []
    for word in text.sizes.indices {
      let start = Int(text.starts[word])
      for place in start..<start + Int(text.sizes[word]) - 1 {
        let record = insert(Self.key(text.symbols[place], text.symbols[place + 1]))
        if record == sizes.count { sizes.append(0) }
        records[record].count += text.counts[word]
        sizes[record] += 1
        found[place] = Int32(truncatingIfNeeded: record)
      }
    }
    lists.reserveCapacity(records.count)
    var start = 0
    for (record, size) in sizes.enumerated() where records[record].count >= minimumCount {
      records[record].list = Int32(truncatingIfNeeded: lists.count)
      lists.append(List(start: start, count: 0, next: -1))
      start += Int(size)
    }
    words = [Int32](repeating: 0, count: start)
    for word in text.sizes.indices {
      let start = Int(text.starts[word])
      for place in start..<start + Int(text.sizes[word]) - 1 {
        let list = Int(records[Int(found[place])].list)
        guard list >= 0 else { continue }
        let end = lists[list].start + Int(lists[list].count)
        // A word that has the pair twice is listed once.
        if lists[list].count > 0, words[end - 1] == Int32(truncatingIfNeeded: word) { continue }
        words[end] = Int32(truncatingIfNeeded: word)
        lists[list].count += 1
        liveWords += 1
      }
    }
    for (record, entry) in records.enumerated() where entry.count >= minimumCount {
      push(Candidate(count: entry.count, record: Int32(truncatingIfNeeded: record)))
    }
  }

  /// Takes the most frequent pair, of equal ones that with the smaller ids, with the words that have it; nil where there
  /// is none left.
  mutating func popBest() -> (left: Int32, right: Int32, count: Int64, words: [Int32])? {
    while let candidate = pop() {
      let record = Int(candidate.record)
      let count = records[record].count
      if candidate.count > count {
        if count > 0 { push(Candidate(count: count, record: candidate.record)) }
        continue
      }
      // Another entry of a pair that grew has taken it, or is about to.
      if candidate.count < count || count == 0 { continue }
      let key = records[record].key
      var own: [Int32] = []
      var list = Int(records[record].list)
      while list >= 0 {
        own += words[lists[list].start..<lists[list].start + Int(lists[list].count)]
        list = Int(lists[list].next)
      }
      liveWords -= own.count
      records[record].count = 0
      records[record].list = -1
      return (Int32(truncatingIfNeeded: key >> 32), Int32(truncatingIfNeeded: key & 0xFFFF_FFFF), count, own)
    }
    return nil
  }

  /// Takes over what the merge of a pair to a symbol has changed.
  mutating func apply(
    _ changes: inout PairChanges, left: Int32, right: Int32, id: Int32, minimumCount: Int64
  ) {
    let merged = Self.key(left, right)
    // What a merge makes, the next one in the same word may take away again: so first the one and then the other.
    changes.before.forEach { symbol, side in raise(Self.key(symbol, id), symbol, &side, minimumCount) }
    place(&changes.before)
    changes.after.forEach { symbol, side in raise(Self.key(id, symbol), symbol, &side, minimumCount) }
    place(&changes.after)
    changes.before.forEach { symbol, side in
      lower(Self.key(symbol, left), by: side.lost[Int(symbol)], except: merged)
    }
    changes.after.forEach { symbol, side in
      lower(Self.key(right, symbol), by: side.lost[Int(symbol)], except: merged)
    }
    if words.count > 2 * liveWords + (1 << 20) { compact() }
  }

  private mutating func lower(_ key: UInt64, by count: Int64, except merged: UInt64) {
    guard count > 0, key != merged, let record = record(of: key) else { return }
    records[record].count = max(0, records[record].count - count)
  }

  /// Makes a list for the words of a pair that has become more frequent; `side` learns where it begins.
  private mutating func raise(_ key: UInt64, _ symbol: Int32, _ side: inout PairChanges.Side, _ minimumCount: Int64) {
    let count = side.won[Int(symbol)]
    side.places[Int(symbol)] = -1
    guard count > 0 else { return }
    let known = record(of: key)
    // Counts fall from here on, so that this one will never be merged.
    guard known != nil || count >= minimumCount else { return }
    let record = known ?? insert(key)
    let size = side.sizes[Int(symbol)]
    side.places[Int(symbol)] = words.count
    lists.append(List(start: words.count, count: size, next: records[record].list))
    records[record].list = Int32(truncatingIfNeeded: lists.count - 1)
    records[record].count += count
    words.append(contentsOf: repeatElement(0, count: Int(size)))
    liveWords += Int(size)
    push(Candidate(count: records[record].count, record: Int32(truncatingIfNeeded: record)))
  }

  private mutating func place(_ side: inout PairChanges.Side) {
    for (symbol, word) in side.entries where side.places[Int(symbol)] >= 0 {
      words[side.places[Int(symbol)]] = word
      side.places[Int(symbol)] += 1
    }
  }

  /// Takes out the words of pairs that were merged.
  private mutating func compact() {
    var kept: [Int32] = []
    kept.reserveCapacity(liveWords + liveWords / 4)
    var keptLists: [List] = []
    for record in records.indices where records[record].list >= 0 {
      let start = kept.count
      var list = Int(records[record].list)
      while list >= 0 {
        kept += words[lists[list].start..<lists[list].start + Int(lists[list].count)]
        list = Int(lists[list].next)
      }
      records[record].list = Int32(truncatingIfNeeded: keptLists.count)
      keptLists.append(List(start: start, count: Int32(kept.count - start), next: -1))
    }
    words = kept
    lists = keptLists
  }
}

// The table of pairs.
extension PairStatistics {
  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 24) }

  @inline(__always)
  private func record(of key: UInt64) -> Int? {
    var slot = Self.hash(key) & (slots.count - 1)
    while slots[slot] != 0 {
      let record = Int(slots[slot]) - 1
      if records[record].key == key { return record }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  @inline(__always)
  private mutating func insert(_ key: UInt64) -> Int {
    var slot = Self.hash(key) & (slots.count - 1)
    while slots[slot] != 0 {
      let record = Int(slots[slot]) - 1
      if records[record].key == key { return record }
      slot = (slot + 1) & (slots.count - 1)
    }
    records.append(Record(key: key, count: 0, list: -1))
    slots[slot] = Int32(truncatingIfNeeded: records.count)
    if 2 * records.count > slots.count { growTable() }
    return records.count - 1
  }

  private mutating func growTable() {
    let mask = 2 * slots.count - 1
    slots = [Int32](repeating: 0, count: mask + 1)
    for record in records.indices {
      var slot = Self.hash(records[record].key) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(truncatingIfNeeded: record + 1)
    }
  }
}

// The queue.
extension PairStatistics {
  private func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
    a.count != b.count ? a.count > b.count : records[Int(a.record)].key < records[Int(b.record)].key
  }

  private mutating func push(_ candidate: Candidate) {
    var place = queue.count
    queue.append(candidate)
    while place > 0 {
      let parent = (place - 1) / 2
      guard precedes(candidate, queue[parent]) else { break }
      queue[place] = queue[parent]
      place = parent
    }
    queue[place] = candidate
  }

  private mutating func pop() -> Candidate? {
    guard let best = queue.first else { return nil }
    let last = queue.removeLast()
    guard !queue.isEmpty else { return best }
    var place = 0
    while true {
      var child = 2 * place + 1
      guard child < queue.count else { break }
      if child + 1 < queue.count, precedes(queue[child + 1], queue[child]) { child += 1 }
      guard precedes(queue[child], last) else { break }
      queue[place] = queue[child]
      place = child
    }
    queue[place] = last
    return best
  }
}

/// What one merge does to the pairs around it: which symbols stood before and behind, how often, and in which words.
struct PairChanges {
  /// Symbols on one side of the merged pairs.
  struct Side {
    /// By symbol: how often its pair with the old neighbour is gone,
    fileprivate(set) var lost: [Int64] = []
    /// how often its pair with the new symbol has come,
    fileprivate(set) var won: [Int64] = []
    /// in how many words, the last of them, and where their list begins.
    fileprivate(set) var sizes: [Int32] = []
    fileprivate var lastWords: [Int32] = []
    fileprivate var places: [Int] = []
    fileprivate var touched: [Int32] = []
    /// Words with new pairs.
    fileprivate(set) var entries: [(symbol: Int32, word: Int32)] = []

    fileprivate mutating func begin(symbols: Int) {
      for symbol in touched {
        (lost[Int(symbol)], won[Int(symbol)], sizes[Int(symbol)], lastWords[Int(symbol)]) = (0, 0, 0, -1)
      }
      touched.removeAll(keepingCapacity: true)
      entries.removeAll(keepingCapacity: true)
      let missing = symbols - lost.count
      guard missing > 0 else { return }
      lost += repeatElement(0, count: missing)
      won += repeatElement(0, count: missing)
      sizes += repeatElement(0, count: missing)
      lastWords += repeatElement(-1, count: missing)
      places += repeatElement(-1, count: missing)
    }

    @inline(__always)
    fileprivate mutating func add(_ symbol: Int32, _ count: Int64, _ word: Int, isNew: Bool) {
      let index = Int(symbol)
      if lost[index] == 0 { touched.append(symbol) }
      lost[index] += count
      guard isNew else { return }
      won[index] += count
      let word = Int32(truncatingIfNeeded: word)
      if lastWords[index] == word { return }
      lastWords[index] = word
      sizes[index] += 1
      entries.append((symbol, word))
    }

    fileprivate mutating func forEach(_ body: (Int32, inout Side) -> Void) {
      for symbol in touched { body(symbol, &self) }
    }
  }

  fileprivate(set) var before = Side()
  fileprivate(set) var after = Side()

  /// Another merge, with so many symbols.
  mutating func begin(symbols: Int) {
    before.begin(symbols: symbols)
    after.begin(symbols: symbols)
  }

  /// A pair of a word was merged, and this symbol stands before it.
  @inline(__always)
  mutating func add(before symbol: Int32, _ count: Int64, _ word: Int, isNew: Bool) {
    before.add(symbol, count, word, isNew: isNew)
  }

  /// A pair of a word was merged, and this symbol stands behind it.
  @inline(__always)
  mutating func add(after symbol: Int32, _ count: Int64, _ word: Int, isNew: Bool) {
    after.add(symbol, count, word, isNew: isNew)
  }
}
