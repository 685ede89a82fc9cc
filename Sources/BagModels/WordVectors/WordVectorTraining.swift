import Tensors
import VocabularyStore

/// Makes word vectors from texts.
///
///     var texts = try TextCollection(tokenizer: TokenizerSettings(lowercase: true))
///     for line in lines { texts.append(line) }
///     let vectors = try WordVectorTraining(WordVectorOptions()).run(texts)
///     print(vectors.nearest(to: "good", count: 5))
///
/// The same texts, options and seed give the same vectors to the bit for any number of threads.
public struct WordVectorTraining: Sendable {
  /// How to train.
  public let options: WordVectorOptions

  /// A training with some options.
  public init(_ options: WordVectorOptions) { self.options = options }

  /// Trains vectors; neighbours are sought within a text.
  ///
  /// - Parameters:
  ///   - shouldStop: asked after each step; then ``BagModelError/cancelled`` is thrown.
  ///   - report: told about ten times a second, and after the last step.
  public func run(
    _ texts: TextCollection, shouldStop: () -> Bool = { false }, report: (BagProgress) -> Void = { _ in }
  ) throws(BagModelError) -> WordVectors {
    if let fault = options.fault { throw .invalidOptions(reason: fault) }
    let features = try FeatureMap(texts, selection: Array(0..<texts.count), options: options.features)
    let ids = texts.vocabularyIDs(features.vocabulary)
    var words: [Int32] = []
    var starts = [0]
    for text in 0..<texts.count {
      for token in texts.tokens(of: text) where ids[Int(token)] >= 0 { words.append(ids[Int(token)]) }
      starts.append(words.count)
    }
    let rows = try BagClassifierTraining.makeTable(features.rowCount, options.dimensions)
    rows.fill(RandomStream(seed: options.seed).split("rows"), bound: 1 / Float(options.dimensions))
    for reserved in FeatureMap.reservedTokens.indices { rows[reserved].update(repeating: 0, count: rows.stride) }
    let output = try BagClassifierTraining.makeTable(features.vocabulary.count, options.dimensions)
    try WordVectorTrainer(
      options: options, features: features, words: words, starts: starts, rows: rows, output: output
    ).run(shouldStop: shouldStop, report: report)
    guard rows.isFinite else { throw .diverged(step: words.count * options.epochs, learningRate: options.learningRate) }
    return try WordVectors(features: features, rows: .floats(rows), dimensions: options.dimensions, options: options)
  }
}

extension TextCollection {
  /// The id of each distinct token, or -1.
  func vocabularyIDs(_ vocabulary: Vocabulary) -> [Int32] {
    (0..<arena.count).map { token in
      arena.bytes[arena.range(of: token)].withUnsafeBufferPointer { vocabulary.id(of: $0.span) } ?? -1
    }
  }
}
