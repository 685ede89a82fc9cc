import Testing

@testable import BagModels

@Suite("Bag features")
struct BagFeatureTests {
  /// The n-grams of `<word>` whose hashes the function finds, told by hashing all that there can be.
  private func ngrams(_ word: String, _ lengths: ClosedRange<Int>) -> [UInt64] {
    var found: [UInt64] = []
    FeatureHash.forEachCharacterNgram(of: word.utf8.span.bytes, lengths: lengths) { found.append($0) }
    return found
  }

  private func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  @Test("n-grams of characters count scalars, not bytes, and stand between marks")
  func characterNgrams() {
    #expect(ngrams("né", 3...3) == ["<né", "né>"].map(hash))
    #expect(Set(ngrams("中文", 1...2)) == Set(["<中", "中", "中文", "文", "文>"].map(hash)))
    #expect(ngrams("", 1...6) == ["<>"].map(hash))
    #expect(ngrams("a", 5...6).isEmpty)
    #expect(ngrams("where", 3...3) == ["<wh", "whe", "her", "ere", "re>"].map(hash))
  }

  @Test("the index of kept buckets counts as a list does")
  func bucketIndex() throws {
    for count in [1, 63, 64, 65, 1000] {
      let counts = (0..<count).map { UInt8($0 * 7 % 5) }
      let index = BucketIndex(counts: counts, minimumCount: 2)
      let kept = counts.indices.filter { counts[$0] >= 2 }
      #expect(index.keptCount == kept.count)
      for number in 0..<200 {
        let hash = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        let bucket = index.bucket(hash)
        #expect(index.place(of: hash).map(Int.init) == kept.firstIndex(of: bucket))
      }
      let bytes = index.bytes
      let part = Array(bytes.dropLast(8))
      let read = BucketIndex(bytes: bytes.span.bytes, bucketCount: count)
      let cut = BucketIndex(bytes: part.span.bytes, bucketCount: count)
      #expect(read == index && cut == nil)
    }
    // A bit behind the last bucket.
    let ones = [UInt8](repeating: 255, count: 8)
    let excess = BucketIndex(bytes: ones.span.bytes, bucketCount: 63)
    #expect(excess == nil)
  }

  @Test("n-grams that are too rare have no row, and words that are too rare have none either")
  func minimumCounts() throws {
    var texts = try TextCollection(tokenizer: .init(unit: .whitespace))
    for text in ["a b c", "a b d", "a e f"] { texts.append(text, labels: [text]) }
    var options = FeatureOptions()
    (options.wordNgrams, options.minimumCount, options.minimumNgramCount) = (2, 2, 2)
    let bags = try TrainingBags(texts, selection: [0, 1, 2], options: options, distinct: false)
    // a, b; the bigram a b.
    #expect(bags.features.vocabulary.count == 2 + FeatureMap.reservedTokens.count)
    #expect(bags.features.buckets.keptCount == 1)
    #expect(bags.rowCounts == [4, 4, 2])
  }

  @Test("a text's rows are the same in training and in prediction")
  func sameRows() throws {
    let texts = try SmallTexts.sentiment(40)
    for adjust: (inout FeatureOptions) -> Void in [
      { _ in }, { $0.wordNgrams = 3 }, { ($0.characterNgrams, $0.wordNgrams) = (2...5, 2) },
      { ($0.minimumCount, $0.characterNgrams) = (10, 3...6) },
    ] {
      var options = FeatureOptions()
      adjust(&options)
      let bags = try TrainingBags(texts, selection: Array(0..<40), options: options, distinct: false)
      for text in 0..<texts.count {
        var rows: [Int32] = []
        var hashes: [UInt64] = []
        for token in texts.tokenTexts(of: text) {
          bags.features.appendRows(of: token.utf8.span, to: &rows)
          hashes.append(FeatureHash.word(token.utf8.span.bytes))
        }
        rows.append(FeatureMap.endID)
        bags.features.appendNgramRows(of: hashes + [FeatureMap.endHash], to: &rows)
        var buffer = ScratchBuffer<Int32>()
        buffer.reserve(rows.count)
        var end = 0
        bags.copyRows(of: text, to: buffer.base, at: &end)
        var found = (0..<end).map { buffer.base[$0] }
        for place in bags.commonStarts[text]..<bags.commonStarts[text + 1] {
          found += Array(repeating: bags.commonRows[place], count: Int(bags.commonCounts[place]))
        }
        #expect(found.sorted() == rows.sorted() && Int(bags.rowCounts[text]) == rows.count)
      }
    }
  }

  @Test("every label has its place in the Huffman tree, and frequent ones are near the root")
  func huffmanTree() {
    for count in [1, 2, 3, 7, 100] {
      let counts = (0..<count).map { Int64(1000 / ($0 + 1)) }
      let tree = HuffmanTree(counts: counts)
      #expect(tree.left.count == max(0, count - 1) && tree.starts.count == count + 1)
      for label in 0..<count {
        var place = tree.root.map { ~$0 } ?? 0
        for step in tree.starts[label]..<tree.starts[label + 1] {
          #expect(~place == tree.nodes[step])
          place = tree.turns[step] == 1 ? tree.right[Int(~place)] : tree.left[Int(~place)]
        }
        #expect(Int(place) == label)
      }
      #expect(tree.starts[1] <= tree.starts[count] - tree.starts[count - 1])
    }
  }

  @Test("negatives are drawn by a power of their counts")
  func negativeSampler() {
    let counts: [Int64] = [900, 100, 0, 400]
    let sampler = NegativeSampler(counts: counts, power: 0.5)
    var drawn = [Double](repeating: 0, count: 4)
    var state: UInt64 = 1
    for _ in 0..<60_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      drawn[Int(sampler.number(state ^ state >> 29))] += 1 / 60_000
    }
    // Three standard deviations of a share are 0.006.
    for (share, weight) in zip(drawn, [30.0, 10, 0, 20]) { #expect(abs(share - weight / 60) < 0.01) }
  }
}
