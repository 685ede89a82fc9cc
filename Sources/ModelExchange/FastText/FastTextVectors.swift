public import BagModels
import Synchronization
import Tensors

/// Vectors of words and texts.
extension FastTextModel {
  /// The vector of a word, D numbers: the mean of its own row and those of its character n-grams. Nil where it has none,
  /// for which fastText tells zeros.
  public func vector(of word: String) -> [Float]? {
    withScratch { scratch in
      word.utf8.span.withUnsafeBufferPointer { bytes in
        dictionary.withLookup { findVector(of: bytes, $0, scratch) }
      }
      return scratch.rows.isEmpty ? nil : scratch.hidden
    }
  }

  /// The vector of a text's first line, D numbers: of a classifier the mean of all rows of the text, otherwise the mean of
  /// the words' vectors, each brought to length 1 first. Zeros where nothing of the text has a vector.
  public func sentenceVector(_ text: String) -> [Float] {
    withScratch { scratch in
      guard settings.kind != .supervised else {
        read(text, scratch)
        findMean(scratch)
        return scratch.hidden
      }
      var sum = [Float](repeating: 0, count: dimensions)
      var count: Float = 0
      text.utf8.span.withUnsafeBufferPointer { bytes in
        dictionary.withLookup { lookup in
          for word in bytes.prefix(while: { $0 != 0x0A }).split(whereSeparator: { $0 != 0 && Self.isSpace($0) }) {
            findVector(of: UnsafeBufferPointer(rebasing: word), lookup, scratch)
            guard let length = Self.length(scratch.hidden) else { continue }
            for index in sum.indices { sum[index] += scratch.hidden[index] / length }
            count += 1
          }
        }
      }
      return count > 0 ? sum.map { $0 / count } : sum
    }
  }

  private func findVector(
    of word: UnsafeBufferPointer<UInt8>, _ lookup: FastTextDictionary.Lookup, _ scratch: FastTextScratch
  ) {
    let index = lookup.index(
      of: UnsafeRawBufferPointer(word), hash: word.reduce(FastTextHash.start, FastTextHash.extend))
    scratch.rows.removeAll(keepingCapacity: true)
    // A label has no row among the words.
    addRows(of: word, index: index.flatMap { $0 < wordCount ? $0 : nil }, scratch)
    findMean(scratch)
  }

  /// The length of a vector; nil where it is 0 or no number.
  private static func length(_ vector: [Float]) -> Float? {
    let square = vector.reduce(0) { $0 + $1 * $1 }
    return square > 0 ? square.squareRoot() : nil
  }

  /// The words whose vectors point nearest to where a word's does, without itself; none where it has no vector. The first
  /// call computes the vectors of all words, which stay in memory: 4 · D bytes for each.
  public func nearest(to word: String, count: Int = 10) -> [WordSimilarity] {
    guard let vector = vector(of: word) else { return [] }
    return nearest(to: vector, count: count, leavingOut: [word])
  }

  /// The words that are to `c` what `b` is to `a`: nearest to b - a + c, each with length 1. None where one of them has no
  /// vector.
  public func analogies(_ a: String, _ b: String, _ c: String, count: Int = 10) -> [WordSimilarity] {
    var sum = [Float](repeating: 0, count: dimensions)
    for (word, sign) in [(a, Float(-1)), (b, 1), (c, 1)] {
      guard let own = vector(of: word) else { return [] }
      let length = Self.length(own) ?? 1
      for index in sum.indices { sum[index] += sign * own[index] / length }
    }
    return nearest(to: sum, count: count, leavingOut: [a, b, c])
  }

  private func nearest(to vector: [Float], count: Int, leavingOut: [String]) -> [WordSimilarity] {
    guard count > 0, wordCount > 0 else { return [] }
    let length = Self.length(vector) ?? 1
    let direction = vector.map { $0 / length }
    let scores = directions.products(of: self, with: direction)
    let leftOut = Set(leavingOut.compactMap { index(of: $0) })
    var best = FastTextRanking(limit: min(count, wordCount))
    for (word, score) in scores.enumerated() where !best.excludes(score) && !leftOut.contains(word) {
      best.add(score, Int32(truncatingIfNeeded: word))
    }
    return best.sorted().map {
      WordSimilarity(word: dictionary.text(Int($0.label)), similarity: Double($0.score))
    }
  }

  private func index(of word: String) -> Int? {
    word.utf8.span.withUnsafeBufferPointer { bytes in
      dictionary.withLookup {
        $0.index(of: UnsafeRawBufferPointer(bytes), hash: bytes.reduce(FastTextHash.start, FastTextHash.extend))
      }
    }
  }

  /// The vectors of some words of the dictionary, each brought to length 1.
  fileprivate func directions(_ words: Range<Int>) -> [Float] {
    var all: [Float] = []
    all.reserveCapacity(words.count * dimensions)
    withScratch { scratch in
      for word in words {
        let bytes = dictionary.bytes(word)
        scratch.rows.removeAll(keepingCapacity: true)
        bytes.withUnsafeBufferPointer { addRows(of: $0, index: word, scratch) }
        findMean(scratch)
        let length = Self.length(scratch.hidden) ?? 1
        for number in scratch.hidden { all.append(number / length) }
      }
    }
    return all
  }
}

/// The directions of all words, made when they are first asked for.
final class FastTextDirections: Sendable {
  private static let perTile = 2048
  private let tiles = Mutex<[[Float]]?>(nil)

  /// The cosine of each word's vector and a vector of length 1.
  func products(of model: FastTextModel, with direction: [Float]) -> [Float] {
    let count = model.wordCount
    let tileCount = (count + Self.perTile - 1) / Self.perTile
    func words(_ tile: Int) -> Range<Int> { tile * Self.perTile..<min(count, (tile + 1) * Self.perTile) }
    let tiles = tiles.withLock { kept in
      if let kept { return kept }
      let parts = FastTextParts<[Float]>(tileCount)
      parallelFor(tileCount) { parts.set($0, [model.directions(words($0))]) }
      kept = parts.joined
      return parts.joined
    }
    let parts = FastTextParts<Float>(tileCount)
    parallelFor(tileCount) { tile in
      var products = [Float](repeating: 0, count: words(tile).count)
      kernels.dot_packed_rows(tiles[tile], model.dimensions, 0, products.count, direction, &products)
      parts.set(tile, products)
    }
    return parts.joined
  }
}

/// What the tiles of a parallel loop have made.
final class FastTextParts<Element: Sendable>: Sendable {
  private let parts: Mutex<[[Element]]>

  init(_ count: Int) { parts = Mutex(Array(repeating: [], count: count)) }

  func set(_ tile: Int, _ elements: [Element]) { parts.withLock { $0[tile] = elements } }

  /// All elements in the order of the tiles.
  var joined: [Element] { parts.withLock { $0.flatMap(\.self) } }
}
