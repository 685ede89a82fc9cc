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
  /// Of a file.
  private let lines: LineReader?

  private enum Texts {
    case rows(any RowSource, CorpusLayout)
    case folders(FolderTexts)
  }

  /// Opens a corpus, a file or a folder, and finds out what the options leave open.
  public init(path: String, options: CorpusOptions = CorpusOptions()) throws(CorpusError) {
    if options.format == .folders || (options.format == nil && FileSystem.isDirectory(path)) {
      self.init(folders: try FolderTexts(path: path, encoding: options.encoding), path: path, options: options)
    } else {
      try self.init(reader: LineReader(path: path, encoding: options.encoding), options: options)
    }
  }

  private init(folders: FolderTexts, path: String, options: CorpusOptions) {
    self.path = path
    self.options = options
    lines = nil
    format = .folders
    guess = options.format == nil ? "folders: labels \(folders.labels.joined(separator: ", "))" : nil
    texts = .folders(folders)
  }

  /// Reads a corpus from a line reader that is at the start of its file.
  public init(reader: LineReader, options: CorpusOptions = CorpusOptions()) throws(CorpusError) {
    let layout = try CorpusLayout(of: reader, options: options)
    path = reader.path
    self.options = options
    lines = reader
    format = layout.format
    guess = layout.guess
    var rows = layout.format.rows(of: reader)
    if layout.hasHeader { _ = try rows.next() }
    texts = .rows(rows, layout)
  }

  /// What was found out about the bytes of a file so far; of folders nothing is told.
  public var encodingReport: TextEncodingReport { lines?.encodingReport ?? TextEncodingReport() }

  /// The next text; nil at the end.
  public mutating func next() throws(CorpusError) -> CorpusRecord? {
    switch texts {
    case .folders(var folders):
      // The state moves out and back in, so that it is not copied.
      let record = try folders.next()
      texts = .folders(folders)
      guard var record else { return nil }
      record.labels = try labels(record.labels, line: record.line, path: record.source)
      return record
    case .rows(var rows, let layout):
      let row = try rows.next()
      texts = .rows(rows, layout)
      guard let row else { return nil }
      return try record(of: row, layout)
    }
  }

  private func record(of row: CorpusRow, _ layout: CorpusLayout) throws(CorpusError) -> CorpusRecord {
    guard let text = try field(layout.text, of: row)?.text else {
      if case .key(let name) = layout.text { throw .missingField(path: path, line: row.line, name: name) }
      throw .rowTooShort(path: path, line: row.line, columns: row.fields.count, needed: 0)
    }
    var found: Field?
    if let column = layout.label {
      // Without need of a label a short row is a text without one.
      found = options.requiresLabel ? try field(column, of: row) : try? field(column, of: row)
    }
    var parts: [String] = []
    switch (found, options.labelCount) {
    case (.list(let list), _): parts = list
    case (.text(let label), .one): parts = [label]
    case (.text(let label), .several(let separator)): parts = label.parts(at: separator)
    case (nil, .one): break
    case (nil, .several):
      if options.requiresLabel { throw .missingLabel(path: path, line: row.line) }
    }
    let labels = try self.labels(parts, line: row.line, path: path)
    return CorpusRecord(text: text, labels: labels, line: row.line, source: path)
  }

  private enum Field {
    case text(String)
    case list([String])

    var text: String? { if case .text(let text) = self { text } else { nil } }
  }

  private func field(_ column: CorpusLayout.Column, of row: CorpusRow) throws(CorpusError) -> Field? {
    let place: Int
    switch column {
    case .key(let name):
      guard let index = row.names?.firstIndex(of: name) else { return nil }
      place = index
    case .place(let index):
      guard index < row.fields.count else {
        throw .rowTooShort(path: path, line: row.line, columns: row.fields.count, needed: index + 1)
      }
      place = index
    }
    return row.lists[place].map(Field.list) ?? .text(row.fields[place])
  }

  /// The labels of a text after the rule, each once.
  private func labels(_ raw: [String], line: Int, path: String) throws(CorpusError) -> [String] {
    var labels: [String] = []
    for raw in raw where !raw.isEmpty {
      guard let label = options.labelRule.apply(to: raw) else {
        throw .labelIsNoNumber(path: path, line: line, label: raw)
      }
      if !labels.contains(label) { labels.append(label) }
    }
    if options.labelCount == .one {
      if labels.count > 1 { throw .severalLabels(path: path, line: line, labels: labels) }
      if labels.isEmpty, options.requiresLabel { throw .missingLabel(path: path, line: line) }
    }
    return labels
  }
}

extension String {
  /// What stands between separators, without the spaces around it.
  fileprivate func parts(at separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let found = rest.firstRange(of: separator) {
      parts.append(rest[..<found.lowerBound].trimmed)
      rest = rest[found.upperBound...]
    }
    return parts + [rest.trimmed]
  }
}

extension Substring {
  fileprivate var trimmed: String {
    var rest = self
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }
}
