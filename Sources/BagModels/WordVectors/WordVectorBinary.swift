import ModelFiles
public import TextProcessing
import VocabularyStore

// Vectors in binary forms: those of word2vec (`.bin`), and a matrix of NumPy (`.npy`) beside a list of its words.
extension WordVectors {
  /// Reads the binary form of word2vec: a line with the numbers of words and dimensions, and for each word its bytes, a space
  /// and its numbers as Float32.
  ///
  /// - Throws: As ``init(text:limit:tokenizer:)``; ``BagModelError/badLine(path:line:reason:)`` counts words.
  public init(
    word2vecBinary path: String, limit: Int = .max, tokenizer: TokenizerSettings = TokenizerSettings()
  ) throws(BagModelError) {
    let bytes = try Self.bytes(of: path)
    func bad(_ line: Int, _ reason: String) -> BagModelError { .badLine(path: path, line: line, reason: reason) }
    // fastText's models begin with this number.
    if bytes.starts(with: [0xBA, 0x16, 0x4F, 0x2F]) {
      throw bad(1, "it is a model of fastText, which another reader is for")
    }
    guard let newline = bytes.prefix(64).firstIndex(of: 0x0A) else {
      throw bad(1, "no line with two numbers begins it")
    }
    let head = bytes[..<newline].split(separator: 0x20).map { Int(String(decoding: $0, as: UTF8.self)) }
    guard head.count == 2, let promised = head[0], let width = head[1], promised > 0, (1...4096).contains(width) else {
      throw bad(1, "no line with the numbers of words and dimensions begins it")
    }
    var words: [String] = []
    var numbers: [Float] = []
    var known: Set<[UInt8]> = []
    var place = newline + 1
    for index in 0..<max(0, min(promised, limit)) {
      // A line feed may stand behind the numbers of the word before.
      while place < bytes.count, bytes[place] == 0x0A { place += 1 }
      guard let space = bytes[place...].prefix(4096).firstIndex(of: 0x20), bytes.count - space - 1 >= 4 * width else {
        throw bad(index + 2, "the file ends after \(index) vectors, its first line promises \(promised)")
      }
      let word = Array(bytes[place..<space])
      place = space + 1
      let own = (0..<width).map { Self.float32(bytes, place + 4 * $0) }
      place += 4 * width
      guard own.allSatisfy({ abs($0) <= Float(Float16.greatestFiniteMagnitude) }) else {
        throw bad(index + 2, "a number is not one of a vector")
      }
      // Of a word that comes twice the first vector stays.
      guard known.insert(word).inserted else { continue }
      words.append(String(decoding: word, as: UTF8.self))
      numbers += own
    }
    try self.init(words: words, numbers: numbers, dimensions: width, tokenizer: tokenizer, source: path)
  }

  /// Reads a matrix of NumPy and its words: a line for each row, or lines of word TAB row, so that words may share rows.
  ///
  /// - Throws: As ``init(text:limit:tokenizer:)``.
  public init(
    numPy path: String, words list: String, limit: Int = .max, tokenizer: TokenizerSettings = TokenizerSettings()
  ) throws(BagModelError) {
    let matrix = try NumPyMatrix(try Self.bytes(of: path), path: path)
    var words: [String] = []
    var numbers: [Float] = []
    var known: Set<[UInt8]> = []
    var namesRows = false
    let reader = try Self.lines(of: list)
    while words.count < limit, let line = try Self.nextLine(of: reader) {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard let word = fields.first, !word.isEmpty else { continue }
      namesRows = namesRows || fields.count > 1
      let row = fields.count > 1 ? Int(fields[fields.count - 1]) : reader.lineNumber - 1
      guard let row, (0..<matrix.rows).contains(row) else {
        let shown = fields.count > 1 ? "'\(fields[fields.count - 1])'" : "\(reader.lineNumber - 1)"
        throw .badLine(
          path: list, line: reader.lineNumber,
          reason: "the matrix has no row \(shown): it has \(matrix.rows), from 0 on")
      }
      guard known.insert(Array(word.utf8)).inserted else { continue }
      words.append(String(word))
      matrix.append(row: row, to: &numbers)
    }
    // Words by the side of rows need not be all of them.
    if !namesRows, words.count < limit, reader.lineNumber < matrix.rows {
      throw .unusableVectors(
        path: list,
        reason:
          "it ends after \(reader.lineNumber) words, the matrix has \(matrix.rows) rows; a line for each is wanted, "
          + "or lines of word TAB row")
    }
    guard numbers.allSatisfy({ abs($0) <= Float(Float16.greatestFiniteMagnitude) }) else {
      throw .unusableVectors(path: path, reason: "a number of its matrix is none, or beyond 65504")
    }
    try self.init(words: words, numbers: numbers, dimensions: matrix.columns, tokenizer: tokenizer, source: list)
  }

  private static func lines(of path: String) throws(BagModelError) -> LineReader {
    do { return try LineReader(path: path) } catch { throw .corpus(error) }
  }

  /// The next line; nil at the end.
  private static func nextLine(of reader: LineReader) throws(BagModelError) -> String? {
    do { return try reader.advance() ? try reader.lineText() : nil } catch { throw .corpus(error) }
  }

  private static func bytes(of path: String) throws(BagModelError) -> [UInt8] {
    do { return try readFile(path, limit: 1 << 36) } catch { throw .file(error) }
  }

  fileprivate static func float32(_ bytes: [UInt8], _ place: Int) -> Float {
    Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) })
  }
}

/// A matrix in NumPy's format of files (NEP 1): floating-point numbers of 16, 32 or 64 bits, row by row.
struct NumPyMatrix {
  let rows: Int
  let columns: Int
  private let bytes: [UInt8]
  private let start: Int
  private let width: Int

  init(_ bytes: [UInt8], path: String) throws(BagModelError) {
    func bad(_ reason: String) -> BagModelError { .unusableVectors(path: path, reason: reason) }
    guard bytes.starts(with: [0x93] + Array("NUMPY".utf8)), bytes.count > 12 else {
      throw bad("it is no file of NumPy; is it a matrix that numpy.save wrote?")
    }
    let isLong = bytes[6] > 1
    let size = Int(bytes[8]) | Int(bytes[9]) << 8 | (isLong ? Int(bytes[10]) << 16 | Int(bytes[11]) << 24 : 0)
    start = (isLong ? 12 : 10) + size
    guard start <= bytes.count else { throw bad("its header is cut short; get the file again") }
    let header = String(decoding: bytes[(isLong ? 12 : 10)..<start], as: UTF8.self)
    guard header.contains("'fortran_order': False") else {
      throw bad("its matrix is not stored row by row; save numpy.ascontiguousarray of it")
    }
    let kinds = ["'<f2'": 2, "'<f4'": 4, "'<f8'": 8]
    guard let kind = kinds.first(where: { header.contains($0.key) }) else {
      throw bad("its numbers are not little-endian floating-point numbers; save it as float32")
    }
    width = kind.value
    guard let opening = header.firstIndex(of: "("), let closing = header[opening...].firstIndex(of: ")") else {
      throw bad("its header has no shape")
    }
    let shape = header[header.index(after: opening)..<closing].split(separator: ",").map {
      Int($0.filter { $0 != " " })
    }
    guard shape.count == 2, let rows = shape[0], let columns = shape[1], rows > 0, (1...4096).contains(columns) else {
      throw bad("its shape is not that of vectors; 1 to 4096 columns are possible")
    }
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns * width)
    guard !overflow, bytes.count - start >= count else { throw bad("it is cut short; get the file again") }
    self.rows = rows
    self.columns = columns
    self.bytes = bytes
  }

  /// Appends the numbers of a row.
  func append(row: Int, to numbers: inout [Float]) {
    for column in 0..<columns {
      let place = start + (row * columns + column) * width
      switch width {
      case 2: numbers.append(Float(Float16(bitPattern: UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8)))
      case 4: numbers.append(WordVectors.float32(bytes, place))
      default:
        numbers.append(
          Float(Double(bitPattern: (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) })))
      }
    }
  }
}
