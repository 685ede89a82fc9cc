/// Lines of a corpus that are looked at before it is read: its first ones, and some from other places of a regular file,
/// because many corpora have all texts of one label together.
struct CorpusSample {
  private static let rowLimit = 100
  private static let headSize = 1 << 18
  private static let placeCount = 7
  private static let placeSize = 1 << 15

  let path: String
  /// Whether the first lines are all that there are.
  let isWhole: Bool
  private let head: [UInt8]
  private let places: [[UInt8]]

  init(_ reader: LineReader) throws(CorpusError) {
    path = reader.path
    (head, isWhole) = try reader.head(lines: Self.rowLimit, size: Self.headSize)
    places = isWhole ? [] : reader.samples(places: Self.placeCount, size: Self.placeSize)
  }

  /// Whether there is no text at all.
  var isBlank: Bool {
    guard isWhole else { return false }
    let text = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head[3...] : head[...]
    return text.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
  }

  /// The first rows, up to one that is at fault. When that is the first, its fault is thrown.
  func headRows(_ format: CorpusFormat) throws(CorpusError) -> [CorpusRow] {
    var rows = format.rows(of: LineReader(bytes: head, name: path))
    let found = rows.sample(limit: Self.rowLimit)
    guard found.isEmpty else { return found }
    do {
      var again = format.rows(of: LineReader(bytes: head, name: path))
      _ = try again.next()
    } catch {
      // A quoted field may only end behind the lines that are looked at.
      if case .unterminatedQuote = error, !isWhole { return [] }
      throw error
    }
    return []
  }

  /// Rows from other places. A place may lie inside a quoted field; such rows rarely have the shape of the others, by
  /// which they are told apart.
  func spreadRows(_ format: CorpusFormat) -> [CorpusRow] {
    places.flatMap { place in
      var rows = format.rows(of: LineReader(bytes: place, name: path))
      return rows.sample(limit: Self.rowLimit / 4)
    }
  }

  /// The format, from the content first and then from the name.
  func guessFormat(_ options: CorpusOptions) throws(CorpusError) -> CorpusFormat {
    let lines = try headRows(.labelFirst)
    guard let first = lines.first?.fields.joined(separator: " ") else { return .tsv }
    if first.hasPrefix(FastTextRows.prefix) { return .fasttext }
    if first.hasPrefix("{") { return .jsonl }
    let columns = try headRows(.tsv)
    let name = path.lowercased()
    if name.hasSuffix(".csv") { return .csv }
    if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") { return .jsonl }
    if name.hasSuffix(".tsv") || columns.allSatisfy({ $0.fields.count > 1 }) { return .tsv }
    if let header = (try? headRows(.csv))?.first?.fields, header.count > 1, header.contains(where: ColumnNames.isKnown)
    {
      return .csv
    }
    if ColumnGuess(rows: lines + spreadRows(.labelFirst), isSpread: true).firstLooksLikeLabel { return .labelFirst }
    // Without labels each line is a text.
    guard options.requiresLabel else { return .tsv }
    throw .ambiguous(
      path: path, question: "the format is not plain from the first lines; say which with --input-format")
  }
}
