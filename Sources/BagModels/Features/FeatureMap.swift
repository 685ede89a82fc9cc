import VocabularyStore

/// From tokens to rows: the words of the vocabulary first, then the n-grams that are kept.
struct FeatureMap: Sendable {
  /// Reserved words at the start of the vocabulary. The third stands at the end of each text: it learns what all texts
  /// have in common, and tells n-grams what a text ends with.
  static let reservedTokens = ["<pad>", "<unk>", "</s>"]
  static let endID: Int32 = 2
  static let endHash: UInt64 = 0x8F1B_BCDC_5BE0_CD19

  let options: FeatureOptions
  let vocabulary: Vocabulary
  let buckets: BucketIndex
  /// The rows of the character n-grams of each word, one word behind the other; empty without character n-grams.
  let subwords: [Int32]
  /// Where those of each word begin, and where the last ones end.
  let subwordStarts: [Int32]

  /// R
  var rowCount: Int { vocabulary.count + buckets.keptCount }

  init(options: FeatureOptions, vocabulary: Vocabulary, buckets: BucketIndex) {
    self.options = options
    self.vocabulary = vocabulary
    self.buckets = buckets
    var subwords: [Int32] = []
    var starts: [Int32] = []
    if let lengths = options.characterNgrams {
      starts.append(0)
      for entry in vocabulary.entries {
        if !entry.isReserved {
          let first = Int32(vocabulary.count)
          FeatureHash.forEachCharacterNgram(of: entry.token.span.bytes, lengths: lengths) { hash in
            if let place = buckets.place(of: hash) { subwords.append(first + place) }
          }
        }
        starts.append(Int32(subwords.count))
      }
    }
    self.subwords = subwords
    subwordStarts = starts
  }

  /// Whether a word has rows beside its own.
  var hasSubwords: Bool { !subwordStarts.isEmpty }

  /// The row of an n-gram of words, if it is kept.
  @inline(__always)
  func row(ofNgram hash: UInt64) -> Int32? {
    buckets.place(of: hash).map { Int32(truncatingIfNeeded: vocabulary.count) + $0 }
  }

  /// Appends the rows of a token: its own, where it has one, and those of its character n-grams.
  func appendRows(of token: Span<UInt8>, to rows: inout [Int32]) {
    if let id = vocabulary.id(of: token) {
      rows.append(id)
      if hasSubwords { rows += subwords[Int(subwordStarts[Int(id)])..<Int(subwordStarts[Int(id) + 1])] }
    } else if let lengths = options.characterNgrams {
      FeatureHash.forEachCharacterNgram(of: token.bytes, lengths: lengths) { hash in
        if let row = row(ofNgram: hash) { rows.append(row) }
      }
    }
  }

  /// Appends the rows of the n-grams of words that begin somewhere in a text.
  func appendNgramRows(of hashes: [UInt64], to rows: inout [Int32]) {
    guard options.wordNgrams > 1 else { return }
    for start in hashes.indices {
      var ngram = hashes[start]
      for next in start + 1..<max(start + 1, min(hashes.count, start + options.wordNgrams)) {
        ngram = FeatureHash.extend(ngram, with: hashes[next])
        if let row = row(ofNgram: ngram) { rows.append(row) }
      }
    }
  }
}
