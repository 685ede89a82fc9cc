/// The words of a text and the rows that they lead to. It also remembers the n-grams of frequent words, which are most
/// words of a text.
struct FastTextWords {
  /// Words that it remembers, at most: of more the first ones, which are the most frequent.
  private static let memoryLimit = 1 << 16
  /// Rows of a word that it remembers, at most: longer words are none of a language.
  private static let rememberedLength = 256

  /// The rows that a text leads to.
  private(set) var rows: [Int32] = []
  /// The hashes of its words.
  private(set) var hashes: [Int32] = []
  /// A word between its marks.
  private var marked: [UInt8] = []
  /// The rows of n-grams of words met before, and where those of each word are; nil of a word not met.
  private var remembered: [Int32] = []
  private var places: [Range<Int>?]

  private let wordCount: Int32
  private let lengths: ClosedRange<Int>?
  private let wordNgrams: Int
  private let bucketCount: Int
  private let keptBuckets: FastTextBuckets?

  init(_ model: FastTextModel) {
    let settings = model.settings
    wordCount = Int32(truncatingIfNeeded: model.wordCount)
    let (shortest, longest) = (settings.shortestCharacterNgram, settings.longestCharacterNgram)
    lengths = longest > 0 && shortest <= longest ? shortest...longest : nil
    (wordNgrams, bucketCount) = (settings.wordNgrams, settings.bucketCount)
    keptBuckets = model.dictionary.keptBuckets
    places = Array(repeating: nil, count: lengths == nil ? 0 : min(model.wordCount, Self.memoryLimit))
  }

  mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    hashes.removeAll(keepingCapacity: true)
  }

  /// Adds a word of a text: its own row and those of its character n-grams.
  ///
  /// - Parameter index: its number in the dictionary; nil of an unknown word.
  mutating func add(_ word: UnsafeBufferPointer<UInt8>, hash: UInt32, index: Int?) {
    if wordNgrams > 1 { hashes.append(Int32(bitPattern: hash)) }
    if let index { rows.append(Int32(truncatingIfNeeded: index)) }
    guard let lengths, !FastTextDictionary.isEndOfLine(word) else { return }
    guard let index, index < places.count else { return addCharacterNgrams(of: word, lengths) }
    if let place = places[index] {
      rows.append(contentsOf: remembered[place])
      return
    }
    let first = rows.count
    addCharacterNgrams(of: word, lengths)
    guard rows.count - first <= Self.rememberedLength else { return }
    places[index] = remembered.count..<remembered.count + rows.count - first
    remembered.append(contentsOf: rows[first...])
  }

  private mutating func addCharacterNgrams(of word: UnsafeBufferPointer<UInt8>, _ lengths: ClosedRange<Int>) {
    marked.removeAll(keepingCapacity: true)
    marked.append(UInt8(ascii: "<"))
    marked.append(contentsOf: word)
    marked.append(UInt8(ascii: ">"))
    // Without any kept bucket there may be none to divide by.
    guard bucketCount > 0 else { return }
    let buckets = UInt32(bucketCount)
    marked.withUnsafeBufferPointer { marked in
      FastTextHash.forEachCharacterNgram(of: marked, lengths: lengths) {
        Self.addRow($0 % buckets, to: &rows, keptBuckets, wordCount)
      }
    }
  }

  /// Adds the n-grams of the words.
  mutating func addNgrams() {
    guard wordNgrams > 1, bucketCount > 0 else { return }
    let buckets = UInt64(bucketCount)
    for start in hashes.indices {
      var ngram = UInt64(bitPattern: Int64(hashes[start]))
      for next in start + 1..<max(start + 1, min(hashes.count, start + wordNgrams)) {
        ngram = FastTextHash.extend(ngram: ngram, with: hashes[next])
        Self.addRow(UInt32(truncatingIfNeeded: ngram % buckets), to: &rows, keptBuckets, wordCount)
      }
    }
  }

  /// Appends the row of a bucket, where it is kept.
  @inline(__always)
  private static func addRow(_ bucket: UInt32, to rows: inout [Int32], _ kept: FastTextBuckets?, _ first: Int32) {
    guard let kept else { return rows.append(first + Int32(bitPattern: bucket)) }
    if let place = kept.place(of: bucket) { rows.append(first + place) }
  }
}
