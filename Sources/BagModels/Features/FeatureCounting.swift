import VocabularyStore

extension FeatureMap {
  /// The words and n-grams of some texts that occur often enough.
  init(_ texts: TextCollection, selection: [Int], options: FeatureOptions) throws(BagModelError) {
    if let fault = options.fault { throw .invalidOptions(reason: fault) }
    var counts = [Int64](repeating: 0, count: texts.arena.count)
    for text in selection { for token in texts.tokens(of: text) { counts[Int(token)] += 1 } }
    self.init(
      options: options,
      vocabulary: try Self.vocabulary(texts.arena, counts: counts, texts: texts, minimumCount: options.minimumCount),
      buckets: Self.buckets(texts, selection: selection, counts: counts, options: options))
  }

  private static func vocabulary(
    _ arena: TokenArena, counts: [Int64], texts: TextCollection, minimumCount: Int
  ) throws(BagModelError) -> Vocabulary {
    var counter = VocabularyCounter()
    for token in counts.indices where counts[token] > 0 {
      arena.bytes[arena.range(of: token)].withUnsafeBufferPointer { counter.add($0.span, count: counts[token]) }
    }
    do throws(VocabularyError) {
      guard !texts.overflowed else {
        throw VocabularyError.tooLarge(reason: "more than 2³¹ distinct tokens or 4 GiB of them; use shorter tokens")
      }
      return try counter.build(
        minimumCount: minimumCount, reserved: FeatureMap.reservedTokens, settings: texts.tokenizer)
    } catch {
      throw .vocabulary(error)
    }
  }

  /// The n-grams that occur often enough.
  private static func buckets(
    _ texts: TextCollection, selection: [Int], counts: [Int64], options: FeatureOptions
  ) -> BucketIndex {
    guard options.usesBuckets else { return BucketIndex(counts: [], minimumCount: 1) }
    var met = [UInt8](repeating: 0, count: options.bucketCount)
    let (arena, bucketCount) = (texts.arena, options.bucketCount)
    let hashes = arena.hashes
    func meet(_ hash: UInt64, times: Int64 = 1) {
      let bucket = FeatureHash.bucket(hash, of: bucketCount)
      met[bucket] = UInt8(clamping: Int64(met[bucket]) + times)
    }
    if options.wordNgrams > 1 {
      var own: [UInt64] = []
      for text in selection {
        own.removeAll(keepingCapacity: true)
        for token in texts.tokens(of: text) { own.append(hashes[Int(token)]) }
        own.append(FeatureMap.endHash)
        for start in own.indices {
          var ngram = own[start]
          for next in start + 1..<max(start + 1, min(own.count, start + options.wordNgrams)) {
            ngram = FeatureHash.extend(ngram, with: own[next])
            meet(ngram)
          }
        }
      }
    }
    if let lengths = options.characterNgrams {
      let bytes = arena.bytes.span.bytes
      for token in counts.indices where counts[token] > 0 {
        FeatureHash.forEachCharacterNgram(of: bytes.extracting(arena.range(of: token)), lengths: lengths) {
          meet($0, times: counts[token])
        }
      }
    }
    return BucketIndex(counts: met, minimumCount: options.minimumNgramCount)
  }
}
