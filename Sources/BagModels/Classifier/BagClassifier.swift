import Synchronization
import Tensors
public import TextProcessing

/// A label and how likely it is.
public struct LabelProbability: Sendable, Hashable {
  /// The label.
  public let label: String
  /// Its probability.
  public let probability: Double

  /// A label with its probability.
  public init(label: String, probability: Double) { (self.label, self.probability) = (label, probability) }
}

/// A classifier that reads a text as the mean of the rows of its words and n-grams (Joulin et al. 2016).
///
///     let classifier = try BagClassifier(contentsOf: "model")
///     for answer in classifier.predict("What a film!", top: 2) { print(answer.label, answer.probability) }
///
/// May be used from many threads at the same time.
public struct BagClassifier: Sendable {
  /// Names of the labels, frequent ones first.
  public let labels: [String]
  /// How it was trained.
  public let options: BagClassifierOptions
  let features: FeatureMap
  let rows: RowStorage
  let output: OutputLayer
  let pool: ScratchPool

  init(
    features: FeatureMap, rows: RowStorage, output: OutputLayer, labels: [String], options: BagClassifierOptions
  ) throws(BagModelError) {
    self.features = features
    self.rows = rows
    self.output = output
    self.labels = labels
    self.options = options
    do {
      pool = ScratchPool(try Tokenizer(features.vocabulary.settings), output: output)
    } catch {
      throw .tokenizer(error)
    }
  }

  /// How texts are cut.
  public var tokenizer: TokenizerSettings { features.vocabulary.settings }
  /// Rows of words and n-grams.
  public var rowCount: Int { rows.count }
  /// SHA-256, in hex, over the words and their ids.
  public var vocabularyFingerprint: String { features.vocabulary.fingerprint }
  /// Words that have a row.
  public var wordCount: Int { features.vocabulary.count - FeatureMap.reservedTokens.count }
  /// D
  public var dimensions: Int { options.dimensions }
  /// Whether its rows are product-quantised (``quantized(_:retraining:shouldStop:report:)``).
  public var isQuantized: Bool { if case .quantized = rows { true } else { false } }

  /// The likeliest labels of a text, likeliest first.
  ///
  /// - Parameters:
  ///   - count: at most so many.
  ///   - threshold: none of a lower probability.
  public func predict(_ text: String, top count: Int = 1, threshold: Double = 0) -> [LabelProbability] {
    pool.withScratch { scratch in
      scratch.read(text, features)
      return answer(scratch, count, threshold)
    }
  }

  /// The likeliest labels of a text that is cut already.
  public func predict(
    tokens: some Sequence<String>, top count: Int = 1, threshold: Double = 0
  ) -> [LabelProbability] {
    pool.withScratch { scratch in
      scratch.read(tokens, features)
      return answer(scratch, count, threshold)
    }
  }

  /// The likeliest labels of each text, on all threads.
  public func predict(_ texts: [String], top count: Int = 1, threshold: Double = 0) -> [[LabelProbability]] {
    forEach(texts.count) { index, scratch in
      scratch.read(texts[index], features)
      return answer(scratch, count, threshold)
    }
  }

  /// Calls `body` for each index of 0..<count on all threads.
  func forEach<Result: Sendable>(_ count: Int, _ body: (Int, PredictionScratch) -> Result) -> [Result] {
    let perTile = 32
    let tiles = (count + perTile - 1) / perTile
    let parts = Mutex([Int: [Result]]())
    parallelFor(tiles) { tile in
      let results = pool.withScratch { scratch in
        (tile * perTile..<min(count, (tile + 1) * perTile)).map { body($0, scratch) }
      }
      parts.withLock { $0[tile] = results }
    }
    return parts.withLock { parts in (0..<tiles).flatMap { parts[$0] ?? [] } }
  }

  /// The text's vector, the mean of its rows: D numbers.
  public func vector(_ text: String) -> [Float] {
    pool.withScratch { scratch in
      scratch.read(text, features)
      scratch.findMean(rows, once: options.countsFeaturesOnce)
      return Array(UnsafeBufferPointer(start: scratch.hidden.base, count: dimensions))
    }
  }

  func answer(_ scratch: PredictionScratch, _ count: Int, _ threshold: Double) -> [LabelProbability] {
    scratch.findMean(rows, once: options.countsFeaturesOnce)
    return output.best(count, threshold: Float(threshold), scratch: scratch).map {
      LabelProbability(label: labels[$0.label], probability: Double($0.probability))
    }
  }
}

extension BagClassifier: CustomStringConvertible {
  /// Its sizes, in place of all that it holds.
  public var description: String {
    "BagClassifier(\(labels.count) labels, \(wordCount) words, \(rowCount) rows of \(dimensions) numbers)"
  }
}

/// Memory that one prediction works in.
final class PredictionScratch {
  private let tokenizer: Tokenizer
  private let workspace: TokenizerWorkspace
  private var rows: [Int32] = []
  private var hashes: [UInt64] = []
  var hidden = ScratchBuffer<Float>()
  var scores = ScratchBuffer<Float>()
  private let width: Int

  init(_ tokenizer: Tokenizer, output: OutputLayer) {
    self.tokenizer = tokenizer
    workspace = tokenizer.makeWorkspace()
    width = output.table.width
    hidden.reserve(width)
    scores.reserve(output.table.count)
  }

  func read(_ text: String, _ features: FeatureMap) {
    begin()
    // A String is valid UTF-8, so that there is nothing to throw.
    if (try? tokenizer.tokenize(text.utf8.span, with: workspace)) != nil {
      for index in 0..<workspace.count { workspace.withUTF8(at: index) { add($0, features) } }
    }
    finish(features)
  }

  func read(_ tokens: some Sequence<String>, _ features: FeatureMap) {
    begin()
    for token in tokens { add(token.utf8.span, features) }
    finish(features)
  }

  private func begin() {
    rows.removeAll(keepingCapacity: true)
    hashes.removeAll(keepingCapacity: true)
  }

  private func add(_ token: Span<UInt8>, _ features: FeatureMap) {
    features.appendRows(of: token, to: &rows)
    if features.options.wordNgrams > 1 { hashes.append(FeatureHash.word(token.bytes)) }
  }

  private func finish(_ features: FeatureMap) {
    rows.append(FeatureMap.endID)
    hashes.append(FeatureMap.endHash)
    features.appendNgramRows(of: hashes, to: &rows)
  }

  /// The rows of a text.
  func indices(_ text: String, _ classifier: BagClassifier) -> [Int32] {
    read(text, classifier.features)
    if classifier.options.countsFeaturesOnce { removeRepeats() }
    return rows
  }

  /// Leaves the mean of the rows in `hidden`.
  func findMean(_ storage: RowStorage, once: Bool) {
    if once { removeRepeats() }
    storage.mean(of: rows, into: hidden.base, width: width)
  }

  private func removeRepeats() {
    rows.sort()
    var kept = 0
    for row in rows where kept == 0 || rows[kept - 1] != row {
      rows[kept] = row
      kept += 1
    }
    rows.removeLast(rows.count - kept)
  }
}

/// Scratch memory that threads borrow.
final class ScratchPool: Sendable {
  /// A scratch belongs to one thread at a time, which the pool sees to and the compiler cannot.
  private struct Loan: @unchecked Sendable {
    let scratch: PredictionScratch
  }

  private let tokenizer: Tokenizer
  private let output: OutputLayer
  private let free = Mutex<[Loan]>([])

  init(_ tokenizer: Tokenizer, output: OutputLayer) {
    self.tokenizer = tokenizer
    self.output = output
  }

  func withScratch<R>(_ body: (PredictionScratch) -> R) -> R {
    let loan = free.withLock { $0.popLast() } ?? Loan(scratch: PredictionScratch(tokenizer, output: output))
    defer { free.withLock { $0.append(loan) } }
    return body(loan.scratch)
  }
}
