/// The words of a corpus as symbols, each distinct word once.
struct SymbolText {
  private let wordLimit: Int
  private let pieceSize: Int
  private let shortest: Int
  /// One word behind the other, at the places where they began.
  fileprivate(set) var symbols: [Int32] = []
  private(set) var starts: [Int] = []
  fileprivate(set) var sizes: [Int32] = []
  /// How often each word occurs.
  private(set) var counts: [Int64] = []

  /// - Parameters:
  ///   - wordLimit: longer words are cut, since a merge goes through the whole of each word that it visits,
  ///   - pieceSize: into pieces of so many symbols.
  ///   - shortest: symbols of a word, at least; one alone has nothing to merge with.
  init(wordLimit: Int = 4096, pieceSize: Int = 512, shortest: Int = 2) {
    self.wordLimit = wordLimit
    self.pieceSize = pieceSize
    self.shortest = shortest
  }

  /// Adds a word.
  mutating func append(_ word: [Int32], count: Int64) {
    var first = 0
    let size = word.count > wordLimit ? pieceSize : word.count
    while word.count - first >= shortest {
      let end = min(first + size, word.count)
      starts.append(symbols.count)
      symbols += word[first..<end]
      sizes.append(Int32(end - first))
      counts.append(count)
      first = end
    }
  }
}

/// Finds the merges of byte-pair encoding: again and again the most frequent pair of neighbours becomes one symbol, of
/// equally frequent pairs the one with the smaller ids. The merges are those of `tokenizers`.
///
/// Counts of pairs are kept up to date, and for each pair the words that have it are listed, so that a merge visits those
/// words alone.
struct BytePairTrainer {
  private let minimumCount: Int64
  private let maximumLength: Int32
  private let prefix: [UInt8]
  private var text: SymbolText
  /// Special tokens, alphabet, and what was merged.
  private(set) var tokens: SymbolTable
  private(set) var merges: [(left: Int32, right: Int32)] = []

  /// - Parameters:
  ///   - text: words of the alphabet's symbols.
  ///   - tokens: special tokens and alphabet.
  ///   - prefix: of symbols that do not begin a word.
  init(_ text: consuming SymbolText, tokens: SymbolTable, prefix: String, minimumCount: Int, maximumLength: Int?) {
    self.text = text
    self.tokens = tokens
    self.prefix = Array(prefix.utf8)
    self.minimumCount = Int64(max(1, minimumCount))
    self.maximumLength = Int32(clamping: maximumLength ?? .max)
  }

  /// Makes merges until there are so many tokens or no pair is frequent enough.
  ///
  /// - Parameter report: told the number of tokens now and then; false ends training.
  mutating func run(vocabularySize: Int, report: (Int) -> Bool) {
    var statistics = PairStatistics(text, minimumCount: minimumCount)
    var changes = PairChanges()
    while tokens.count < vocabularySize, let pair = statistics.popBest(), pair.count >= minimumCount {
      let id = tokens.merge(pair.left, pair.right, dropping: prefix)
      merges.append((pair.left, pair.right))
      changes.begin(symbols: tokens.count)
      // As in `tokenizers`, a token stays below the limit, but for the first pairs.
      let longest = maximumLength == .max ? Int32.max : maximumLength - tokens.length(of: id)
      for word in pair.words { merge(Int(word), pair.left, pair.right, id, longest: longest, &changes) }
      statistics.apply(&changes, left: pair.left, right: pair.right, id: id, minimumCount: minimumCount)
      if merges.count % 256 == 0, !report(tokens.count) { return }
    }
  }

  /// Merges a pair in a word.
  @inline(__always)
  private mutating func merge(
    _ word: Int, _ left: Int32, _ right: Int32, _ id: Int32, longest: Int32, _ changes: inout PairChanges
  ) {
    let start = text.starts[word]
    let size = Int(text.sizes[word])
    let count = text.counts[word]
    let tokens = tokens
    text.sizes[word] = text.symbols.withUnsafeMutableBufferPointer { symbols -> Int32 in
      let own = UnsafeMutableBufferPointer(rebasing: symbols[start..<start + size])
      var (from, to) = (0, 0)
      while from < size {
        guard own[from] == left, from + 1 < size, own[from + 1] == right else {
          own[to] = own[from]
          from += 1
          to += 1
          continue
        }
        if to > 0 {
          changes.add(before: own[to - 1], count, word, isNew: tokens.length(of: own[to - 1]) < longest)
        }
        own[to] = id
        to += 1
        from += 2
        if from < size { changes.add(after: own[from], count, word, isNew: tokens.length(of: own[from]) < longest) }
      }
      return Int32(to)
    }
  }
}
