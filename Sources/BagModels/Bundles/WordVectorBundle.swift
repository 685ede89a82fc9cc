import ModelBundles
import ModelFiles
import Tensors
import TextProcessing
import VocabularyStore

/// What `model.json` says of word vectors.
struct WordVectorDescription: BundleDescription {
  static let currentFormat = 1
  static let oldestFormat = 1
  static let taskName = "word-vectors"
  static func describes(task: String) -> Bool { task == taskName }

  var format = Self.currentFormat
  var task = Self.taskName
  /// Absent for vectors that were not trained here.
  var options: WordVectorOptions?
  var dimensions: Int
  var wordRows: Int
  var ngramRows: Int
  var checksums = BundleChecksums()

  private enum CodingKeys: String, CodingKey {
    case format, task, options, dimensions
    case wordRows = "word_rows"
    case ngramRows = "ngram_rows"
    case checksums
  }

  var features: FeatureOptions { options?.features ?? FeatureOptions() }

  var fault: String? {
    if let fault = options?.fault { return fault }
    if !(1...4096).contains(dimensions) || options.map({ $0.dimensions != dimensions }) == true {
      return "there cannot be \(dimensions) dimensions"
    }
    if wordRows < FeatureMap.reservedTokens.count || ngramRows < 0 || wordRows > 1 << 31 || ngramRows > 1 << 31 {
      return "there cannot be \(wordRows) and \(ngramRows) rows"
    }
    return nil
  }
}

/// The folder that holds word vectors: `model.json`, `weights.safetensors`, `vocabulary.sqlite`.
extension WordVectors {
  private static let bucketsName = "buckets"

  /// What `model.json` calls their task.
  public static var task: String { WordVectorDescription.taskName }

  /// Loads vectors.
  ///
  /// - Throws: ``BagModelError`` for a folder or file that is missing, cut short, damaged, or of another model.
  public init(contentsOf path: String) throws(BagModelError) {
    let (description, weights, vocabulary) = try BagModelError.converting { () throws(BundleError) in
      let description = try ModelBundle.readDescription(WordVectorDescription.self, in: path)
      let weights = try ModelBundle.readWeights(
        in: path, keepingStored: RowStorage.storedNames.union([Self.bucketsName]), description.checksums)
      return (description, weights, try ModelBundle.readVocabulary(in: path, description.checksums))
    }
    let weightsPath = ModelBundle.weightsPath(in: path)
    guard vocabulary.count == description.wordRows else {
      throw .mismatch(
        path: ModelBundle.vocabularyPath(in: path),
        reason: "it has \(vocabulary.count) words, model.json asks for \(description.wordRows)")
    }
    let features = description.features
    guard let stored = weights.stored[Self.bucketsName], stored.type == .uint8,
      let buckets = stored.withBytes({
        BucketIndex(bytes: $0, bucketCount: features.usesBuckets ? features.bucketCount : 0)
      }), buckets.keptCount == description.ngramRows
    else { throw .mismatch(path: weightsPath, reason: "the n-grams are not those of model.json") }
    let rowCount = description.wordRows + description.ngramRows
    guard let rows = try RowStorage(weights, count: rowCount, dimensions: description.dimensions) else {
      throw .mismatch(path: weightsPath, reason: "the rows are not of the shape \([rowCount, description.dimensions])")
    }
    try self.init(
      features: FeatureMap(options: features, vocabulary: vocabulary, buckets: buckets), rows: rows,
      dimensions: description.dimensions, options: description.options)
  }

  /// Whether vectors could be written there; for asking before minutes of work.
  ///
  /// - Throws: what ``write(to:precision:replacing:)`` would throw.
  public static func checkWritable(to path: String, replacing: Bool) throws(BagModelError) {
    try BagModelError.converting { () throws(BundleError) in
      try ModelBundle.checkWritable(to: path, replacing: replacing)
    }
  }

  /// Writes the vectors as a folder, whole or not at all.
  ///
  /// - Parameters:
  ///   - precision: of the rows. What was loaded as ``RowPrecision/int8`` stays so.
  ///   - replacing: whether a model that is there already may be replaced.
  /// - Throws: ``BagModelError`` when something that is not a model is there, something is there and `replacing` is
  ///   false, or the disk is full.
  public func write(
    to path: String, precision: RowPrecision = .float16, replacing: Bool = false
  ) throws(BagModelError) {
    let description = WordVectorDescription(
      options: options, dimensions: dimensions, wordRows: features.vocabulary.count,
      ngramRows: features.buckets.keptCount)
    var (stored, tensors) = rows.stored(precision)
    let buckets = features.buckets.bytes
    stored[Self.bucketsName] = StoredTensor(buckets, type: .uint8, shape: [buckets.count])
    let weights = SafeTensors(tensors: tensors, stored: stored)
    try BagModelError.converting { () throws(BundleError) in
      try ModelBundle.write(
        description, weights: weights, vocabulary: features.vocabulary, to: path, replacing: replacing)
    }
  }
}
