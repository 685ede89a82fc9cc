/// Reads labelled texts one at a time, in memory that does not grow with their number.
///
/// ```swift
/// var reader = try CorpusReader(path: "train.tsv", options: CorpusOptions())
/// if let guess = reader.guess { print(guess) }
/// while let record = try reader.next() { print(record.label ?? "-", record.text) }
/// ```
public struct CorpusReader {
  /// The path as it was given; `-` is standard input.
  public let path: String
  /// How the corpus is written.
  public let format: CorpusFormat
  /// What was found out about the corpus, such as "TSV without header: label in column 1, text in column 4"; nil when the
  /// options said it all.
  public let guess: String?

  private let options: CorpusOptions
  private var texts: Texts

  private enum Texts {
    case rows(any RowSource, CorpusLayout)
    case folders(FolderTexts)
  }

  /// Opens a corpus, a file or a folder, and finds out what the options leave open.
  public init(path: String, options: CorpusOptions = CorpusOptions()) throws(CorpusError) {
    if options.format == .folders || (options.format == nil && FileSystem.isDirectory(path)) {
      self.init(folders: try FolderTexts(path: path), path: path, options: options)
    } else {
      try self.init(reader: LineReader(path: path), options: options)
    }
  }

  private init(folders: FolderTexts, path: String, options: CorpusOptions) {
    self.path = path
    self.options = options
    format = .folders
    guess = options.format == nil ? "folders: labels \(folders.labels.joined(separator: ", "))" : nil
    texts = .folders(folders)
  }

  /// Reads a corpus from a line reader that is at the start of its file.
  public init(reader: LineReader, options: CorpusOptions = CorpusOptions()) throws(CorpusError) {
    let layout = try CorpusLayout(of: reader, options: options)
    path = reader.path
    self.options = options
    format = layout.format
    guess = layout.guess
    var rows = layout.format.rows(of: reader)
    if layout.hasHeader { _ = try rows.next() }
    texts = .rows(rows, layout)
  }

  /// The next text; nil at the end.
  public mutating func next() throws(CorpusError) -> CorpusRecord? {
    switch texts {
    case .folders(var folders):
      // The state moves out and back in, so that it is not copied.
      let record = try folders.next()
      texts = .folders(folders)
      guard var record else { return nil }
      record.label = try label(record.label, line: record.line, path: record.source)
      return record
    case .rows(var rows, let layout):
      let row = try rows.next()
      texts = .rows(rows, layout)
      guard let row else { return nil }
      return try record(of: row, layout)
    }
  }

  private func record(of row: CorpusRow, _ layout: CorpusLayout) throws(CorpusError) -> CorpusRecord {
    guard let text = try field(layout.text, of: row) else {
      if case .key(let name) = layout.text { throw .missingField(path: path, line: row.line, name: name) }
      throw .rowTooShort(path: path, line: row.line, columns: row.fields.count, needed: 0)
    }
    var label: String?
    if let column = layout.label {
      // Without need of a label a short row is a text without one.
      label = options.requiresLabel ? try field(column, of: row) : try? field(column, of: row)
    }
    label = try self.label(label, line: row.line, path: path)
    return CorpusRecord(text: text, label: label, line: row.line, source: path)
  }

  private func field(_ column: CorpusLayout.Column, of row: CorpusRow) throws(CorpusError) -> String? {
    switch column {
    case .key(let name):
      return row.names?.firstIndex(of: name).map { row.fields[$0] }
    case .place(let index):
      guard index < row.fields.count else {
        throw .rowTooShort(path: path, line: row.line, columns: row.fields.count, needed: index + 1)
      }
      return row.fields[index]
    }
  }

  private func label(_ raw: String?, line: Int, path: String) throws(CorpusError) -> String? {
    guard let raw, !raw.isEmpty else {
      if options.requiresLabel { throw .missingLabel(path: path, line: line) }
      return nil
    }
    guard let label = options.labelRule.apply(to: raw) else {
      throw .labelIsNoNumber(path: path, line: line, label: raw)
    }
    return label
  }
}
