/// A row of a corpus, before its columns have a meaning.
struct CorpusRow {
  /// The line where it begins.
  var line: Int
  var fields: [String]
  /// Keys of the fields, where each row names its own (JSON Lines).
  var names: [String]?
  /// The parts of fields that are lists, by the place of the field.
  var lists: [Int: [String]] = [:]
}

/// Where rows come from, one at a time.
protocol RowSource {
  mutating func next() throws(CorpusError) -> CorpusRow?
}

extension RowSource {
  /// The rows up to the first that is at fault, at most `limit`: for looking at, not for use.
  mutating func sample(limit: Int) -> [CorpusRow] {
    var rows: [CorpusRow] = []
    while rows.count < limit, let row = try? next() { rows.append(row) }
    return rows
  }
}

extension CorpusFormat {
  /// The rows of a reader that is at the start of its file. Folders have none.
  func rows(of reader: LineReader) -> any RowSource {
    switch self {
    case .csv: CSVRows(reader: reader)
    case .jsonl: JSONRows(reader: reader)
    case .tsv: SplitRows(reader: reader, split: SplitRows.columns)
    case .labelFirst, .folders: SplitRows(reader: reader, split: SplitRows.labelFirst)
    case .fasttext: FastTextRows(reader: reader)
    }
  }
}

/// A row for each line that is not blank, split without quoting.
struct SplitRows: RowSource {
  let reader: LineReader
  let split: (String) -> [String]

  mutating func next() throws(CorpusError) -> CorpusRow? {
    while try reader.advance() {
      let line = try reader.lineText()
      if line.isBlank { continue }
      return CorpusRow(line: reader.lineNumber, fields: split(line))
    }
    return nil
  }

  /// TSV.
  static func columns(_ line: String) -> [String] {
    line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map { String(Substring($0)) }
  }

  /// The first word and the rest.
  static func labelFirst(_ line: String) -> [String] {
    guard let space = line.utf8.firstIndex(of: UInt8(ascii: " ")) else { return [line] }
    return [String(line[..<space]), String(line[line.utf8.index(after: space)...])]
  }
}

/// A row for each line of fastText's format: its labels and its text.
struct FastTextRows: RowSource {
  static let prefix = "__label__"
  let reader: LineReader

  mutating func next() throws(CorpusError) -> CorpusRow? {
    while try reader.advance() {
      let line = try reader.lineText()
      if line.isBlank { continue }
      var rest = Substring(line)
      var labels: [String] = []
      while rest.utf8.starts(with: Self.prefix.utf8) {
        let end = rest.utf8.firstIndex { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } ?? rest.endIndex
        labels.append(String(rest[..<end].dropFirst(Self.prefix.count)))
        rest = rest[end...]
        while let first = rest.utf8.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
          rest = rest[rest.utf8.index(after: rest.startIndex)...]
        }
      }
      return CorpusRow(
        line: reader.lineNumber, fields: [labels.first ?? "", String(rest)], lists: [0: labels])
    }
    return nil
  }
}

extension String {
  /// Whether there is nothing but ASCII white space.
  var isBlank: Bool {
    utf8.allSatisfy { $0 == UInt8(ascii: " ") || (0x09...0x0D).contains($0) }
  }
}
