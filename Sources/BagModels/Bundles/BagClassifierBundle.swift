import ModelBundles
import ModelFiles
import Tensors
import TextProcessing
import VocabularyStore

/// What `model.json` says of a bag classifier.
struct BagClassifierDescription: BundleDescription {
  static let currentFormat = 2
  /// What earlier versions read too: all but product-quantised rows.
  static let plainFormat = 1
  static let oldestFormat = 1
  static let taskName = "bag-classification"
  static func describes(task: String) -> Bool { task == taskName }

  struct Label: Codable {
    let name: String
    /// Texts of it in training.
    let count: Int64
  }

  var format = Self.currentFormat
  var task = Self.taskName
  var options: BagClassifierOptions
  var labels: [Label]
  var tokenizer: TokenizerSettings
  /// Rows of words and of n-grams.
  var wordRows: Int
  var ngramRows: Int
  var checksums = BundleChecksums()

  private enum CodingKeys: String, CodingKey {
    case format, task, options, labels, tokenizer
    case wordRows = "word_rows"
    case ngramRows = "ngram_rows"
    case checksums
  }

  var fault: String? {
    if let fault = options.fault { return fault }
    if labels.isEmpty { return "there are no labels" }
    if Set(labels.map(\.name)).count != labels.count { return "a label stands there twice" }
    for (label, next) in zip(labels, labels.dropFirst()) where label.count < next.count {
      return "the labels are not in the order of their counts"
    }
    if labels.contains(where: { $0.count < 0 || $0.count > 1 << 48 }) { return "a label has an impossible count" }
    if wordRows < FeatureMap.reservedTokens.count || ngramRows < 0 || wordRows > 1 << 31 || ngramRows > 1 << 31 {
      return "there cannot be \(wordRows) and \(ngramRows) rows"
    }
    return nil
  }
}

/// The folder that holds a classifier: `model.json`, `weights.safetensors` (rows, output and which n-grams are kept),
/// `vocabulary.sqlite`.
extension BagClassifier {
  private static let outputName = "output"
  private static let bucketsName = "buckets"

  /// Loads a classifier.
  ///
  /// - Throws: ``BagModelError`` for a folder or file that is missing, cut short, damaged, or of another model.
  public init(contentsOf path: String) throws(BagModelError) {
    let (description, weights, vocabulary) = try BagModelError.converting { () throws(BundleError) in
      let description = try ModelBundle.readDescription(BagClassifierDescription.self, in: path)
      let weights = try ModelBundle.readWeights(
        in: path, keepingStored: RowStorage.storedNames.union([Self.bucketsName]), description.checksums)
      return (description, weights, try ModelBundle.readVocabulary(in: path, description.checksums))
    }
    let weightsPath = ModelBundle.weightsPath(in: path)
    guard vocabulary.count == description.wordRows, vocabulary.settings == description.tokenizer else {
      throw .mismatch(
        path: ModelBundle.vocabularyPath(in: path),
        reason: "it has \(vocabulary.count) words or other settings, model.json asks for \(description.wordRows)")
    }
    let options = description.options
    let bucketCount = options.features.usesBuckets ? options.features.bucketCount : 0
    guard let stored = weights.stored[Self.bucketsName],
      let buckets = BucketIndex(stored, bucketCount: bucketCount), buckets.keptCount == description.ngramRows
    else { throw .mismatch(path: weightsPath, reason: "the n-grams are not those of model.json") }
    let rowCount = description.wordRows + description.ngramRows
    guard let rows = try RowStorage(weights, count: rowCount, dimensions: options.dimensions) else {
      throw .mismatch(path: weightsPath, reason: "the rows are not of the shape \([rowCount, options.dimensions])")
    }
    let outputShape = [OutputLayer.rowCount(options.loss, labels: description.labels.count), options.dimensions]
    guard let output = weights.tensors[Self.outputName], output.shape == outputShape else {
      throw .mismatch(path: weightsPath, reason: "the output layer is not of the shape \(outputShape)")
    }
    let table = try BagClassifierTraining.makeTable(outputShape[0], outputShape[1])
    table.fill(output)
    try self.init(
      features: FeatureMap(options: options.features, vocabulary: vocabulary, buckets: buckets), rows: rows,
      output: OutputLayer(loss: options.loss, labelCounts: description.labels.map(\.count), table: table),
      labels: description.labels.map(\.name), options: options)
  }

  /// The classifier with its rows rounded as ``write(to:precision:replacing:)`` stores them.
  ///
  /// - Throws: ``BagModelError/outOfMemory(rows:dimensions:)``.
  public func rounded(to precision: RowPrecision) throws(BagModelError) -> BagClassifier {
    guard case .floats(let table) = rows else { return self }
    let rounded: RowStorage
    switch precision {
    case .float32: return self
    case .int8: rounded = .bytes(ByteRowTable(table))
    case .float16:
      let weights = SafeTensors(tensors: [:], stored: rows.stored(precision).stored)
      guard let read = try RowStorage(weights, count: rows.count, dimensions: options.dimensions) else { return self }
      rounded = read
    }
    return try BagClassifier(features: features, rows: rounded, output: output, labels: labels, options: options)
  }

  /// Whether a model could be written there; for asking before minutes of work.
  ///
  /// - Throws: what ``write(to:precision:replacing:)`` would throw.
  public static func checkWritable(to path: String, replacing: Bool) throws(BagModelError) {
    try BagModelError.converting { () throws(BundleError) in
      try ModelBundle.checkWritable(to: path, replacing: replacing)
    }
  }

  /// Writes the classifier as a folder, whole or not at all.
  ///
  /// - Parameters:
  ///   - precision: of the rows. What was loaded as ``RowPrecision/int8``, or is quantised, stays so.
  ///   - replacing: whether a model that is there already may be replaced.
  /// - Throws: ``BagModelError`` when something that is not a model is there, something is there and `replacing` is
  ///   false, or the disk is full.
  public func write(
    to path: String, precision: RowPrecision = .int8, replacing: Bool = false
  ) throws(BagModelError) {
    let description = BagClassifierDescription(
      format: isQuantized ? BagClassifierDescription.currentFormat : BagClassifierDescription.plainFormat,
      options: options,
      labels: zip(labels, output.labelCounts).map { .init(name: $0, count: $1) }, tokenizer: tokenizer,
      wordRows: features.vocabulary.count, ngramRows: features.buckets.keptCount)
    var (stored, tensors) = rows.stored(precision)
    tensors[Self.outputName] = output.table.tensor
    stored[Self.bucketsName] = features.buckets.stored(shortest: isQuantized)
    let weights = SafeTensors(tensors: tensors, stored: stored)
    try BagModelError.converting { () throws(BundleError) in
      try ModelBundle.write(
        description, weights: weights, vocabulary: features.vocabulary, to: path, replacing: replacing)
    }
  }
}

extension RowTable {
  /// The rows as a tensor [R, D].
  var tensor: Tensor {
    Tensor((0..<count).flatMap { vector($0) }, shape: [count, dimensions])
  }

  /// Takes the rows of a tensor [R, D].
  func fill(_ tensor: Tensor) {
    tensor.withUnsafeElements { numbers in
      guard let from = numbers.baseAddress else { return }
      for row in 0..<count { self[row].update(from: from + row * dimensions, count: dimensions) }
    }
  }
}
