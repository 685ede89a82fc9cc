/// Where a corpus in one file has its texts and labels: as the options say, and found out where they do not.
struct CorpusLayout {
  /// A column by its place or, where rows name their fields, by its key.
  enum Column: Equatable {
    case place(Int)
    case key(String)
  }

  var format: CorpusFormat
  var hasHeader = false
  var text = Column.place(0)
  var label: Column?
  /// What was found out, in words; nil when the options said it all.
  var guess: String?

  /// Looks at the start of a file, and at other places where that can be done, without moving the reader.
  init(of reader: LineReader, options: CorpusOptions) throws(CorpusError) {
    let sample = try CorpusSample(reader)
    guard !sample.isBlank else { throw .emptyFile(path: reader.path) }
    if let format = options.format { self.format = format } else { format = try sample.guessFormat(options) }
    switch format {
    case .fasttext, .labelFirst, .folders:
      text = .place(1)
      label = .place(0)
      if options.format == nil { guess = "\(format.title): the label is the first word of a line" }
    case .jsonl:
      try findKeys(in: sample, options)
    case .tsv, .csv:
      try findColumns(in: sample, options)
    }
  }

  // MARK: Keys

  private mutating func findKeys(in sample: CorpusSample, _ options: CorpusOptions) throws(CorpusError) {
    let rows = try sample.headRows(.jsonl)
    let names = rows.first?.names ?? []
    text = .key(try key(options.textColumn, known: ColumnNames.texts, names, sample.path) ?? "text")
    if let name = try key(options.labelColumn, known: ColumnNames.labels, names, sample.path) {
      label = .key(name)
    } else if options.requiresLabel, !names.isEmpty {
      throw .noLabelColumn(path: sample.path)
    }
    if options.format == nil || options.textColumn == nil || (options.labelColumn == nil && label != nil) {
      guess = "JSON Lines: " + places
    }
  }

  private func key(
    _ selector: ColumnSelector?, known: [String], _ names: [String], _ path: String
  ) throws(CorpusError) -> String? {
    switch selector {
    case .name(let name):
      return name
    case .number(let number):
      guard names.indices.contains(number - 1) else {
        throw .unknownColumn(path: path, column: String(number), available: names)
      }
      return names[number - 1]
    case nil:
      return ColumnNames.column(of: known, in: names).map { names[$0] }
    }
  }

  // MARK: Columns

  private mutating func findColumns(in sample: CorpusSample, _ options: CorpusOptions) throws(CorpusError) {
    var rows = try sample.headRows(format)
    let first = rows.first?.fields ?? []
    hasHeader = Self.isHeader(first, options)
    if hasHeader {
      rows.removeFirst()
      if rows.isEmpty, sample.isWhole { throw .emptyFile(path: sample.path) }
    }
    let header = hasHeader ? first : nil
    let shape = rows.first?.fields.count
    let spread = sample.spreadRows(format).filter { $0.fields.count == shape }
    let columns = ColumnGuess(rows: rows + spread, isSpread: sample.isWhole || !spread.isEmpty)

    var textColumn = try column(options.textColumn, header, columns.width, sample.path)
    var labelColumn = try column(options.labelColumn, header, columns.width, sample.path)
    if textColumn == nil { textColumn = header.flatMap { ColumnNames.column(of: ColumnNames.texts, in: $0) } }
    if textColumn == labelColumn, options.textColumn == nil { textColumn = nil }
    let textIndex = textColumn ?? columns.text(except: labelColumn) ?? 0
    if labelColumn == nil {
      labelColumn = header.flatMap { ColumnNames.column(of: ColumnNames.labels, in: $0) }
      if labelColumn == textIndex { labelColumn = nil }
    }
    if labelColumn == nil {
      labelColumn = try guessLabel(columns, text: textIndex, options, sample.path)
    }
    text = .place(textIndex)
    label = labelColumn.map(Column.place)
    if options.format == nil || options.textColumn == nil || options.labelColumn == nil || options.header == .auto {
      let names = header.map { header in
        [textIndex, labelColumn].map { $0.flatMap { header.indices.contains($0) ? header[$0] : nil } }
      }
      guess = "\(format.title) with\(hasHeader ? "" : "out") header: " + describe(header: names ?? [])
    }
  }

  private func guessLabel(
    _ columns: ColumnGuess, text: Int, _ options: CorpusOptions, _ path: String
  ) throws(CorpusError) -> Int? {
    switch columns.label(except: text) {
    case .column(let index):
      return index
    case .none:
      if options.requiresLabel { throw .noLabelColumn(path: path) }
    case .several(let candidates):
      if options.requiresLabel {
        let list = candidates.map { String($0 + 1) }.joined(separator: " or ")
        throw .ambiguous(path: path, question: "the label may be in column \(list); say which with --label-column")
      }
    }
    return nil
  }

  private static func isHeader(_ first: [String], _ options: CorpusOptions) -> Bool {
    switch options.header {
    case .yes: return true
    case .no: return false
    case .auto: break
    }
    for case .name(let name) in [options.textColumn, options.labelColumn] where first.contains(name) { return true }
    let looksLikeNames = first.allSatisfy { $0.utf8.count <= 40 && Double($0) == nil }
    return looksLikeNames && first.contains(where: ColumnNames.isKnown)
  }

  private func column(
    _ selector: ColumnSelector?, _ header: [String]?, _ width: Int, _ path: String
  ) throws(CorpusError) -> Int? {
    switch selector {
    case nil:
      return nil
    case .name(let name):
      if let index = header?.firstIndex(of: name) { return index }
    case .number(let number):
      // Without a row to look at, each row will have to show whether it has the column.
      if number <= max(width, header?.count ?? 0) || (width == 0 && header == nil) { return number - 1 }
    }
    let available = header ?? (0..<width).map { String($0 + 1) }
    throw .unknownColumn(path: path, column: selector?.description ?? "", available: available)
  }

  // MARK: Words

  private var places: String { describe(header: []) }

  /// Where label and text are; `header` has the names of the text's and the label's column.
  private func describe(header: [String?]) -> String {
    func place(_ column: Column, _ name: String?) -> String {
      switch column {
      case .place(let index): name.map { "in column '\($0)'" } ?? "in column \(index + 1)"
      case .key(let key): "under '\(key)'"
      }
    }
    let text = "text " + place(text, header.first ?? nil)
    guard let label else { return "no label, " + text }
    return "label " + place(label, header.last ?? nil) + ", " + text
  }
}

extension CorpusFormat {
  /// The format's name in a sentence.
  var title: String {
    switch self {
    case .tsv: "TSV"
    case .csv: "CSV"
    case .jsonl: "JSON Lines"
    case .fasttext: "fastText"
    case .labelFirst: "label-first"
    case .folders: "folders"
    }
  }
}
