import ModelFiles
public import TextProcessing
import VocabularyStore

/// The text forms of word2vec (a first line with the number of words and of dimensions) and of GloVe (without it): a
/// word and its numbers in each line.
extension WordVectors {
  /// Reads vectors in a text form. A word that comes twice keeps its first vector; a word may hold spaces.
  ///
  /// - Parameters:
  ///   - limit: so many words are read, the first ones of the file.
  ///   - tokenizer: how texts are to be cut into words of the file.
  /// - Throws: ``BagModelError/badLine(path:line:reason:)``, ``BagModelError/corpus(_:)`` for a file that cannot be
  ///   read or is not UTF-8, ``BagModelError/unusableVectors(path:reason:)`` for one without vectors, and
  ///   ``BagModelError/outOfMemory(rows:dimensions:)``.
  public init(
    text path: String, limit: Int = .max, tokenizer: TokenizerSettings = TokenizerSettings()
  ) throws(BagModelError) {
    var lines: VectorLines
    do {
      lines = VectorLines(try LineReader(path: path))
    } catch {
      throw .corpus(error)
    }
    while lines.count < limit, try lines.readNext() {}
    guard let dimensions = lines.dimensions, lines.count > 0 else {
      throw .unusableVectors(path: path, reason: "no vector is in it; is it a file of vectors?")
    }
    if let promised = lines.promisedCount, lines.count < min(promised, limit) - lines.repeated {
      throw .badLine(
        path: path, line: lines.lineNumber,
        reason: "the file ends after \(lines.count) vectors, its first line promises \(promised)")
    }
    try self.init(
      words: lines.words, numbers: lines.numbers, dimensions: dimensions, tokenizer: tokenizer, source: path)
  }

  /// Vectors of distinct words, one behind the other.
  ///
  /// - Throws: ``BagModelError/mismatch(path:reason:)`` beyond what a folder of vectors holds.
  package init(
    words: [String], numbers: [Float], dimensions: Int, tokenizer: TokenizerSettings, source path: String
  ) throws(BagModelError) {
    guard !words.isEmpty else {
      throw .unusableVectors(path: path, reason: "no vector is in it; is it a file of vectors?")
    }
    guard (1...4096).contains(dimensions) else {
      throw .mismatch(path: path, reason: "its vectors have \(dimensions) numbers; 1 to 4096 are possible")
    }
    guard numbers.allSatisfy({ abs($0) <= Float(Float16.greatestFiniteMagnitude) }) else {
      throw .mismatch(path: path, reason: "a number is no number, or beyond 65504")
    }
    let vocabulary: Vocabulary
    do {
      vocabulary = try Vocabulary(
        words: words, reserved: FeatureMap.reservedTokens, settings: tokenizer)
    } catch {
      throw .vocabulary(error)
    }
    let table = try BagClassifierTraining.makeTable(vocabulary.count, dimensions)
    for (index, word) in words.enumerated() {
      // A word that reads like a reserved token is that one, which has no vector.
      guard let id = vocabulary.id(of: word), Int(id) >= FeatureMap.reservedTokens.count else { continue }
      numbers[index * dimensions..<(index + 1) * dimensions].withUnsafeBufferPointer {
        if let base = $0.baseAddress { table[Int(id)].update(from: base, count: dimensions) }
      }
    }
    let features = FeatureMap(
      options: FeatureOptions(), vocabulary: vocabulary, buckets: BucketIndex(counts: [], minimumCount: 1))
    try self.init(features: features, rows: .floats(table), dimensions: dimensions, options: nil)
  }

  /// Writes the vectors of all words in word2vec's text form, or without the first line in GloVe's.
  ///
  /// - Throws: ``BagModelError/file(_:)``.
  public func writeText(to path: String, header: Bool = true) throws(BagModelError) {
    var bytes = header ? Array("\(wordCount) \(dimensions)\n".utf8) : []
    for word in words {
      bytes += word.utf8
      for number in vector(word) ?? [] {
        bytes.append(UInt8(ascii: " "))
        bytes += "\(number)".utf8
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    do {
      try writeAtomically(bytes, to: path)
    } catch {
      throw .file(error)
    }
  }
}

/// The lines of a file of vectors.
private struct VectorLines {
  private let reader: LineReader
  private(set) var words: [String] = []
  private(set) var numbers: [Float] = []
  private(set) var dimensions: Int?
  /// What the first line says.
  private(set) var promisedCount: Int?
  /// Words that came again.
  private(set) var repeated = 0
  private var known: Set<[UInt8]> = []

  init(_ reader: LineReader) { self.reader = reader }

  var count: Int { words.count }
  var lineNumber: Int { reader.lineNumber }

  /// Reads a line; false at the end.
  mutating func readNext() throws(BagModelError) -> Bool {
    let line: String
    do {
      guard try reader.advance() else { return false }
      line = try reader.lineText()
    } catch {
      throw .corpus(error)
    }
    // Only spaces and tabs divide: a word may be any other white space.
    let fields = line.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    if fields.isEmpty { return true }
    if reader.lineNumber == 1, fields.count == 2, let count = Int(Substring(fields[0])),
      let width = Int(Substring(fields[1]))
    {
      guard count >= 0, width > 0, width <= 4096 else {
        throw bad("\(count) vectors of \(width) dimensions; 1 to 4096 dimensions are possible")
      }
      (promisedCount, dimensions) = (count, width)
      return true
    }
    let width = dimensions ?? fields.count - 1
    guard width > 0, width <= 4096 else { throw bad("\(width) numbers; 1 to 4096 are possible") }
    guard fields.count > width else {
      throw bad("\(fields.count - 1) numbers in place of \(width)")
    }
    let name = fields[..<(fields.count - width)]
    if dimensions != nil, Self.hasSurplus(name, numbers: fields[name.endIndex...]) {
      throw bad("\(fields.count - 1) numbers in place of \(width)")
    }
    let word = name.map { String(Substring($0)) }.joined(separator: " ")
    var own: [Float] = []
    own.reserveCapacity(width)
    for field in fields[(fields.count - width)...] {
      // What a stored vector of half precision can hold.
      guard let number = Float(Substring(field)), abs(number) <= Float(Float16.greatestFiniteMagnitude) else {
        throw bad("\"\(String(Substring(field)).prefix(40))\" is not a number of a vector")
      }
      own.append(number)
    }
    dimensions = width
    guard known.insert(Array(word.utf8)).inserted else {
      repeated += 1
      return true
    }
    words.append(word)
    numbers += own
    return true
  }

  /// Whether what stands before the numbers of a vector is a word with more of them, and no word that holds spaces, such as
  /// `1 000` or `at 3.5`: several written as fractions, or any where the numbers of the vector are whole ones too.
  private static func hasSurplus(
    _ name: ArraySlice<Substring.UTF8View>, numbers: ArraySlice<Substring.UTF8View>
  ) -> Bool {
    func isNumber(_ field: Substring.UTF8View) -> Bool {
      field.first.map { "+-.0123456789".utf8.contains($0) } ?? false && Float(Substring(field)) != nil
    }
    func isWhole(_ field: Substring.UTF8View) -> Bool { !field.contains { ".eE".utf8.contains($0) } }
    let more = name.dropFirst()
    guard !more.isEmpty, more.allSatisfy(isNumber) else { return false }
    return numbers.allSatisfy(isWhole) || more.count > 1 && more.allSatisfy { !isWhole($0) }
  }

  private func bad(_ reason: String) -> BagModelError {
    .badLine(path: reader.path, line: reader.lineNumber, reason: reason)
  }
}
