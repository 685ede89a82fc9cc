import Tensors
public import TextProcessing
import VocabularyStore

/// A word and how near it is.
public struct WordSimilarity: Sendable, Hashable {
  /// The word.
  public let word: String
  /// The cosine of the angle between the vectors, -1 to 1.
  public let similarity: Double

  /// A word with its similarity.
  public init(word: String, similarity: Double) { (self.word, self.similarity) = (word, similarity) }
}

/// Words as points of a space in which similar words are near.
///
///     let vectors = try WordVectors(contentsOf: "vectors")
///     print(vectors.nearest(to: "good", count: 5).map(\.word))
///
/// May be used from many threads at the same time. D numbers a vector.
public struct WordVectors: Sendable {
  /// How they were trained; nil for vectors that come from elsewhere.
  public let options: WordVectorOptions?
  /// D
  public let dimensions: Int
  let features: FeatureMap
  let rows: RowStorage
  /// The vector of each word of the vocabulary, with length 1 (or 0), for searching.
  private let directions: RowTable

  init(
    features: FeatureMap, rows: RowStorage, dimensions: Int, options: WordVectorOptions?
  ) throws(BagModelError) {
    self.features = features
    self.rows = rows
    self.dimensions = dimensions
    self.options = options
    let count = features.vocabulary.count
    let directions = try BagClassifierTraining.makeTable(count, dimensions)
    let perTile = 256
    parallelFor((count + perTile - 1) / perTile) { tile in
      for word in tile * perTile..<min(count, (tile + 1) * perTile) where word >= FeatureMap.reservedTokens.count {
        rows.mean(of: features.rows(ofWord: Int32(word)), into: directions[word], width: directions.width)
        normalize(directions[word], directions.width)
      }
    }
    self.directions = directions
  }

  /// How texts are cut into its words.
  public var tokenizer: TokenizerSettings { features.vocabulary.settings }

  /// Words that have a vector of their own.
  public var wordCount: Int { features.vocabulary.count - FeatureMap.reservedTokens.count }

  /// The words that have a vector of their own, frequent ones first.
  public var words: [String] {
    (0..<wordCount).compactMap { features.vocabulary.token(Int32($0 + FeatureMap.reservedTokens.count)) }
  }

  /// The vector of a word: of a known one the mean of its own row and those of its n-grams, of an unknown one the mean
  /// of those n-grams that are known; nil where there is none.
  public func vector(_ word: String) -> [Float]? {
    var own: [Int32] = []
    if let id = features.vocabulary.id(of: word) {
      guard Int(id) >= FeatureMap.reservedTokens.count else { return nil }
      own = features.rows(ofWord: id)
    } else {
      features.appendRows(of: word.utf8.span, to: &own)
    }
    guard !own.isEmpty else { return nil }
    return mean(own)
  }

  /// The vector of a text: the mean of its words' vectors, each brought to length 1 first as in fastText. Zeros without
  /// any known word.
  public func vector(tokens: some Sequence<String>) -> [Float] {
    var sum = [Float](repeating: 0, count: dimensions)
    var count: Float = 0
    for token in tokens {
      guard var own = vector(token) else { continue }
      own.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { normalize(base, $0.count) } }
      guard own.contains(where: { $0 != 0 }) else { continue }
      for index in sum.indices { sum[index] += own[index] }
      count += 1
    }
    return count > 0 ? sum.map { $0 / count } : sum
  }

  /// The cosine of two words, -1 to 1; nil where one of them has no vector.
  public func similarity(_ a: String, _ b: String) -> Double? {
    guard let x = vector(a), let y = vector(b) else { return nil }
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let lengths = (product(x, x) * product(y, y)).squareRoot()
    return lengths > 0 ? product(x, y) / lengths : 0
  }

  /// The words whose vectors point nearest to where a word's does, without itself; none where it has no vector.
  public func nearest(to word: String, count: Int = 10) -> [WordSimilarity] {
    guard let vector = vector(word) else { return [] }
    return nearest(to: vector, count: count, leavingOut: [word])
  }

  /// The words that are to `c` what `b` is to `a`: nearest to b - a + c, each with length 1, without the three
  /// themselves (Mikolov et al. 2013). None where one of them has no vector.
  public func analogies(_ a: String, _ b: String, _ c: String, count: Int = 10) -> [WordSimilarity] {
    var sum = [Float](repeating: 0, count: dimensions)
    for (word, sign) in [(a, Float(-1)), (b, 1), (c, 1)] {
      guard var own = vector(word) else { return [] }
      own.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { normalize(base, $0.count) } }
      for index in sum.indices { sum[index] += sign * own[index] }
    }
    return nearest(to: sum, count: count, leavingOut: [a, b, c])
  }

  /// The words whose vectors point nearest to where a vector of D numbers does.
  public func nearest(
    to vector: [Float], count: Int = 10, leavingOut words: Set<String> = []
  ) -> [WordSimilarity] {
    precondition(vector.count == dimensions, "nearest: \(vector.count) numbers for \(dimensions) dimensions")
    guard count > 0, wordCount > 0 else { return [] }
    var query = ScratchBuffer<Float>()
    query.reserve(directions.width)
    query.base.update(repeating: 0, count: directions.width)
    query.base.update(from: vector, count: dimensions)
    normalize(query.base, directions.width)
    var scores = ScratchBuffer<Float>()
    scores.reserve(directions.count)
    let (direction, found) = (query.base, scores.base)
    let perTile = 4096
    parallelFor((directions.count + perTile - 1) / perTile) { tile in
      let first = tile * perTile
      kernels.dot_rows(
        directions[first], directions.stride, directions.width, nil, min(perTile, directions.count - first), direction,
        found + first)
    }
    let leftOut = Set(words.compactMap { features.vocabulary.id(of: $0) })
    var best = BestLabels(min(count, wordCount))
    for word in FeatureMap.reservedTokens.count..<directions.count
    where found[word] >= best.least && !leftOut.contains(Int32(word)) {
      best.add(word, found[word])
    }
    return best.entries.compactMap { entry in
      features.vocabulary.token(Int32(entry.label)).map {
        WordSimilarity(word: $0, similarity: Double(entry.probability))
      }
    }
  }

  private func mean(_ own: [Int32]) -> [Float] {
    let width = directions.width
    return [Float](unsafeUninitializedCapacity: width) { buffer, count in
      if let base = buffer.baseAddress { rows.mean(of: own, into: base, width: width) }
      count = dimensions
    }
  }
}

/// Brings a vector to length 1; one of length 0 stays.
private func normalize(_ vector: UnsafeMutablePointer<Float>, _ count: Int) {
  var squares = 0.0
  for index in 0..<count { squares += Double(vector[index]) * Double(vector[index]) }
  guard squares > 0 else { return }
  let scale = Float(1 / squares.squareRoot())
  for index in 0..<count { vector[index] *= scale }
}

extension FeatureMap {
  /// The rows of a word of the vocabulary, its own first.
  func rows(ofWord id: Int32) -> [Int32] {
    guard hasSubwords else { return [id] }
    return [id] + subwords[Int(subwordStarts[Int(id)])..<Int(subwordStarts[Int(id) + 1])]
  }
}
