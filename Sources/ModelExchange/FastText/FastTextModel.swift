import BagModels
import ModelFiles
import Synchronization

/// A model that fastText trained (https://fasttext.cc), read from its `.bin` or `.ftz` file: a classifier, or word vectors.
///
///     let model = try FastTextModel(contentsOf: "lid.176.ftz")
///     for answer in model.predict("Was für ein Film!", top: 2) { print(answer.label, answer.probability) }
///
/// Texts are cut, hashed and scored as fastText does, so that labels, probabilities and vectors are the same. Weights stay
/// in the file, which is mapped and read as it is used. May be used from many threads at the same time.
public struct FastTextModel: Sendable {
  /// How it was trained.
  public let settings: FastTextSettings
  /// The version of the file's format, 11 or 12.
  public let version: Int
  /// Labels as the file has them, with the prefix `__label__`; none of a model of word vectors.
  public let labels: [String]

  let dictionary: FastTextDictionary
  let input: FastTextMatrix
  /// Of a classifier.
  let output: FastTextMatrix?
  /// Of a hierarchical softmax.
  let tree: FastTextTree?
  let directions = FastTextDirections()
  private let pool = FastTextScratchPool()

  /// The first bytes of a file, as a number.
  static let magicNumber = 793_712_314

  /// Whether a file begins like a model of fastText. False for what is no file.
  public static func isModel(_ path: String) -> Bool {
    guard let file = try? MappedFile(path: path) else { return false }
    var reader = FastTextReader(file, path: path)
    return (try? reader.int32("magic number")) == magicNumber
  }

  /// Reads a model. The file must stay as it is while the model is used.
  ///
  /// - Throws: ``ExchangeError/file(_:)`` for a file that is missing or cannot be read,
  ///   ``ExchangeError/malformed(path:field:reason:)`` for one that is cut short, damaged, or of another program.
  public init(contentsOf path: String) throws(ExchangeError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw .file(error) }
    var reader = FastTextReader(file, path: path)
    guard try reader.int32("magic number") == Self.magicNumber else {
      throw reader.malformed("magic number", "it is not that of a model of fastText")
    }
    version = try reader.int32("version", in: 11...12)
    settings = try FastTextSettings(&reader, version: version)
    let isClassifier = settings.kind == .supervised
    dictionary = try FastTextDictionary(&reader)
    if isClassifier, dictionary.labelCount == 0 {
      throw reader.malformed("dictionary.nlabels", "a classifier without labels")
    }
    let isQuantized = try reader.flag("quant_input")
    if !isQuantized, dictionary.keptBuckets != nil {
      throw reader.malformed("dictionary.pruneidx_size", "only a quantised model is cut down")
    }
    input = try FastTextMatrix(
      &reader, name: "input matrix", quantized: isQuantized, dimensions: settings.dimensions)
    try Self.checkRows(reader, settings, dictionary, input)
    labels = (0..<dictionary.labelCount).map { [dictionary] in dictionary.text(dictionary.wordCount + $0) }
    guard isClassifier else {
      // What word vectors were trained with behind the rows is of no use afterwards.
      (output, tree) = (nil, nil)
      return
    }
    let isOutputQuantized = try reader.flag("args.qout")
    let output = try FastTextMatrix(
      &reader, name: "output matrix", quantized: isQuantized && isOutputQuantized, dimensions: settings.dimensions)
    guard output.rowCount == dictionary.labelCount else {
      throw reader.malformed(
        "output matrix: rows", "there are \(output.rowCount), for \(dictionary.labelCount) labels")
    }
    self.output = output
    tree = settings.loss == .hierarchicalSoftmax ? FastTextTree(counts: dictionary.labelCounts) : nil
  }

  /// Every row that a text can lead to must be there.
  private static func checkRows(
    _ reader: FastTextReader, _ settings: FastTextSettings, _ dictionary: FastTextDictionary, _ input: FastTextMatrix
  ) throws(ExchangeError) {
    var wanted = dictionary.wordCount
    let usesBuckets = settings.longestCharacterNgram > 0 || settings.wordNgrams > 1
    if let kept = dictionary.keptBuckets {
      wanted += kept.largestPlace + 1
      if usesBuckets, kept.count > 0, settings.bucketCount == 0 {
        throw reader.malformed("args.bucket", "it is 0, and n-grams are kept")
      }
    } else if usesBuckets {
      guard settings.bucketCount > 0 else { throw reader.malformed("args.bucket", "it is 0, and n-grams are used") }
      wanted += settings.bucketCount
    }
    guard input.rowCount >= wanted else {
      throw reader.malformed("input matrix: rows", "there are \(input.rowCount), \(wanted) are wanted")
    }
  }

  /// Whether rows are bytes of a product quantiser (`.ftz`).
  public var isQuantized: Bool { input.isQuantized }
  /// D, the numbers of a vector.
  public var dimensions: Int { settings.dimensions }
  /// Words that have a row of their own.
  public var wordCount: Int { dictionary.wordCount }
  /// Rows of words and n-grams.
  public var rowCount: Int { input.rowCount }
  /// The words that have a row of their own, frequent ones first.
  public var words: [String] { (0..<wordCount).map { dictionary.text($0) } }

  /// Lends `body` memory to work in.
  func withScratch<R>(_ body: (FastTextScratch) -> R) -> R { pool.withScratch(self, body) }
}

/// Memory that one prediction works in.
final class FastTextScratch {
  /// The rows that a text leads to.
  var rows: [Int32] = []
  /// The hashes of its words.
  var hashes: [Int32] = []
  /// A word between its marks.
  var marked: [UInt8] = []
  /// The mean of the rows.
  var hidden: [Float]
  /// A score for each label.
  var scores: [Float]

  init(_ model: FastTextModel) {
    hidden = [Float](repeating: 0, count: model.dimensions)
    scores = [Float](repeating: 0, count: max(1, model.output?.rowCount ?? 0))
  }
}

/// Scratch memory that threads borrow.
private final class FastTextScratchPool: Sendable {
  /// A scratch belongs to one thread at a time, which the pool sees to and the compiler cannot.
  private struct Loan: @unchecked Sendable {
    let scratch: FastTextScratch
  }

  private let free = Mutex<[Loan]>([])

  func withScratch<R>(_ model: FastTextModel, _ body: (FastTextScratch) -> R) -> R {
    let loan = free.withLock { $0.popLast() } ?? Loan(scratch: FastTextScratch(model))
    defer { free.withLock { $0.append(loan) } }
    return body(loan.scratch)
  }
}
