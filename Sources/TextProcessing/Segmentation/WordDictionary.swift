#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Words of a user for scripts that write no spaces: Chinese, Japanese, Thai, Lao, Khmer, Burmese.
///
/// A run of such a script is cut into the words whose probabilities have the largest product. A word of the list has that of
/// its frequency; a word that ICU has found costs as much as one that occurs a seventh of a time, and a character alone
/// costs as one that occurs a hundredth of a time for each of its parts. So a list of some terms changes only what they touch,
/// and a list with the frequencies of a corpus is a segmenter of its own.
struct WordDictionary: Sendable {
  private static let cost = (icu: 2.0, character: 4.6)

  private let trie: ByteTrie
  private let costs: [Double]
  private let total: Double

  /// - Parameter words: with their frequencies, 1 where nothing is known.
  init(_ words: [String: Int]) {
    var trie = ByteTrie()
    var costs: [Double] = []
    let sum = words.values.reduce(0.0) { $0 + Double(max(1, min($1, 1 << 40))) }
    for (word, frequency) in words.sorted(by: { $0.key < $1.key }) where !word.isEmpty {
      trie.insert(word.utf8, value: Int32(costs.count))
      costs.append(log(sum) - log(Double(max(1, min(frequency, 1 << 40)))))
    }
    self.trie = trie
    self.costs = costs
    total = log(max(sum, 1))
  }

  /// Cuts the runs among the segments of a text anew.
  func apply(to spans: SpanList, of text: UnsafeBufferPointer<UInt8>) {
    var result: [(range: Range<Int>, kind: TokenKind, isNonASCII: Bool)] = []
    result.reserveCapacity(spans.count)
    var changed = false
    var index = 0
    while index < spans.count {
      guard Self.isDense(spans, index, text) else {
        result.append((spans.range(at: index), spans.kind(at: index), spans.isNonASCII(at: index)))
        index += 1
        continue
      }
      var last = index
      while last + 1 < spans.count, spans.range(at: last + 1).lowerBound == spans.range(at: last).upperBound,
        Self.isDense(spans, last + 1, text)
      {
        last += 1
      }
      let tokens = (index...last).map { (spans.range(at: $0), spans.kind(at: $0)) }
      let cut = segment(tokens, of: text)
      if !cut.map(\.range).elementsEqual(tokens.map(\.0)) { changed = true }
      result += cut.map { ($0.range, $0.kind, true) }
      index = last + 1
    }
    if !changed { return }
    spans.removeAll()
    for token in result {
      spans.append(token.range.lowerBound, token.range.upperBound, token.kind, nonASCII: token.isNonASCII)
    }
  }

  /// The best way to cut a run of adjacent tokens.
  private func segment(
    _ tokens: [(range: Range<Int>, kind: TokenKind)], of text: UnsafeBufferPointer<UInt8>
  ) -> [(range: Range<Int>, kind: TokenKind)] {
    let start = tokens[0].range.lowerBound
    let size = tokens[tokens.count - 1].range.upperBound - start
    let run = UnsafeBufferPointer(rebasing: text[start..<start + size])
    var best = [Double](repeating: .infinity, count: size + 1)
    var from = [Int](repeating: 0, count: size + 1)
    // Where each of ICU's words ends that begins at a place.
    var ends = [Int](repeating: 0, count: size + 1)
    for token in tokens { ends[token.range.lowerBound - start] = token.range.upperBound - start }
    best[0] = 0
    func reach(_ end: Int, _ place: Int, _ cost: Double) {
      // Of equal ways the one with the longer last word stays.
      if best[place] + cost < best[end] { (best[end], from[end]) = (best[place] + cost, place) }
    }
    for place in 0..<size where best[place] < .infinity && (place == 0 || Self.begins(run, place)) {
      var node: Int32 = 0
      var end = place
      while end < size, let next = trie.step(from: node, run[end]) {
        node = next.node
        end += 1
        let word = next.value
        if word >= 0, end == size || Self.begins(run, end) { reach(end, place, costs[Int(word)]) }
      }
      if ends[place] > 0 { reach(ends[place], place, total + Self.cost.icu) }
      end = place + 1
      while end < size, !Self.begins(run, end) { end += 1 }
      reach(end, place, total + Self.cost.character)
    }
    var cuts = [size]
    while let last = cuts.last, last > 0 { cuts.append(from[last]) }
    cuts.reverse()
    var holder = 0
    return zip(cuts, cuts.dropFirst()).map { first, end in
      while holder + 1 < tokens.count, tokens[holder + 1].range.lowerBound <= start + first { holder += 1 }
      return (start + first..<start + end, tokens[holder].kind)
    }
  }

  /// Whether a character begins at a place, and not a mark.
  private static func begins(_ text: UnsafeBufferPointer<UInt8>, _ place: Int) -> Bool {
    guard text[place] & 0xC0 != 0x80 else { return false }
    return ScalarClasses.of(UTF8Decoding.scalar(in: text, at: place).scalar).isDisjoint(with: .mark)
  }

  /// Whether a token is of a script without spaces.
  private static func isDense(_ spans: SpanList, _ index: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    switch spans.kind(at: index) {
    case .cjk, .kana: return true
    case .word:
      guard spans.isNonASCII(at: index) else { return false }
      let scalar = UTF8Decoding.scalar(in: text, at: spans.range(at: index).lowerBound).scalar
      // Thai and Lao, Burmese, Khmer.
      return (0xE00...0xEFF).contains(scalar) || (0x1000...0x109F).contains(scalar)
        || (0x1780...0x17FF).contains(scalar)
    default: return false
    }
  }
}
