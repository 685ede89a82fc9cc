import Tensors
import VocabularyStore

/// Some of a model's rows, with the words and n-grams that lead to them.
struct FeatureSelection {
  let features: FeatureMap
  /// The rows that stay, in their order, R' × D.
  let rows: [Float]

  /// The `limit` rows with the largest norms, among them always those of the reserved words. A feature that training
  /// hardly moved tells nothing about labels (Joulin et al. 2016, "FastText.zip").
  ///
  /// - Throws: ``BagModelError/invalidOptions(reason:)`` where no word would be left.
  init(_ features: FeatureMap, _ storage: RowStorage, dimensions: Int, limit: Int?) throws(BagModelError) {
    let count = storage.count
    let wordCount = features.vocabulary.count
    let reserved = FeatureMap.reservedTokens.count
    guard let limit, limit < count else {
      self.features = features
      rows = Self.vectors(of: Array(0..<count), storage)
      return
    }
    let norms = Self.norms(storage)
    // The most frequent word stays too: a vocabulary of nothing is none.
    let fixed = Array(0..<min(reserved + 1, wordCount))
    guard limit > fixed.count else {
      throw .invalidOptions(reason: "a cutoff of \(limit) rows; at least \(fixed.count + 1) are needed")
    }
    let order = (fixed.count..<count).sorted { (norms[$1], $0) < (norms[$0], $1) }
    let kept = (fixed + order.prefix(limit - fixed.count)).sorted()
    let buckets = features.buckets.keeping(Set(kept.filter { $0 >= wordCount }.map { Int32($0 - wordCount) }))
    self.features = FeatureMap(
      options: features.options, vocabulary: try Self.vocabulary(features.vocabulary, kept.filter { $0 < wordCount }),
      buckets: buckets)
    rows = Self.vectors(of: kept, storage)
  }

  private static func norms(_ storage: RowStorage) -> [Float] {
    forEachTile(of: storage.count) { rows in
      rows.map { row in storage.vector(row).reduce(0) { $0 + $1 * $1 } }
    }
  }

  private static func vectors(of rows: [Int], _ storage: RowStorage) -> [Float] {
    forEachTile(of: rows.count) { places in places.flatMap { storage.vector(rows[$0]) } }
  }

  private static func forEachTile(of count: Int, _ body: (Range<Int>) -> [Float]) -> [Float] {
    let perTile = 1024
    let tiles = (count + perTile - 1) / perTile
    let parts = BagParts<Float>(tiles)
    parallelFor(tiles) { parts.set($0, body($0 * perTile..<min(count, ($0 + 1) * perTile))) }
    return parts.joined
  }

  /// The words of some ids, which keep their order: it is that of their counts.
  private static func vocabulary(_ vocabulary: Vocabulary, _ ids: [Int]) throws(BagModelError) -> Vocabulary {
    var counter = VocabularyCounter()
    for id in ids {
      let entry = vocabulary.entries[id]
      counter.add(entry.token.span, count: max(1, entry.count))
    }
    do {
      return try counter.build(
        minimumCount: 1, reserved: FeatureMap.reservedTokens, settings: vocabulary.settings)
    } catch {
      throw .vocabulary(error)
    }
  }
}
