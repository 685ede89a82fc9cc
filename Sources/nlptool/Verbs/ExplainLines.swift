import TextProcessing

/// Shows how lines are divided, in columns that a person reads.
final class ExplainLines: LineDivider {
  enum Method {
    case words(Tokenizer)
    case subwords(SubwordTokenizer, addsSpecialTokens: Bool)
  }

  private let method: Method
  private let workspace: TokenizerWorkspace?
  private let converters: [OffsetConverter]
  var block: LineBlock?
  private(set) var output: [UInt8] = []
  private(set) var failure: (any Error)?

  init(_ method: Method) throws {
    self.method = method
    if case .words(let tokenizer) = method { workspace = tokenizer.makeWorkspace() } else { workspace = nil }
    converters = try OffsetUnit.allCases.map { try OffsetConverter(to: $0) }
  }

  var hasOffsets: Bool { true }

  func run() {
    output.removeAll(keepingCapacity: true)
    failure = nil
    guard let block else { return }
    do {
      try block.forEachLine { number, line, repairs in
        if let offset = UTF8Validation.firstInvalidOffset(in: line) {
          throw CorpusError.invalidUTF8(path: block.path, line: number, offset: offset)
        }
        try explain(line, repairs: repairs)
      }
    } catch {
      failure = error
    }
  }

  private struct Row {
    var token: String
    var kind: String
    var range: Range<Int>
  }

  private func explain(_ line: Span<UInt8>, repairs: TextRepairs) throws {
    let text = line.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    output += "text      \(Self.shown(text))\n".utf8
    var rows: [Row] = []
    switch method {
    case .words(let tokenizer):
      guard let workspace else { return }
      try tokenizer.tokenize(line, with: workspace)
      for index in 0..<workspace.count {
        rows.append(
          Row(
            token: workspace.text(at: index), kind: workspace.kind(at: index).name, range: workspace.range(at: index)))
      }
      var steps: [String] = []
      if let form = tokenizer.settings.normalization { steps.append(form.rawValue.uppercased()) }
      if let id = tokenizer.settings.transliteration { steps.append(id) }
      if tokenizer.settings.lowercase { steps.append("lower case") }
      if !steps.isEmpty { output += "changed   \(steps.joined(separator: ", then "))\n".utf8 }
      output += "cut       \(tokenizer.settings.unit.rawValue), \(tokenizer.settings.locale)\n".utf8
    case .subwords(let tokenizer, let addsSpecialTokens):
      let encoding = try tokenizer.encode(line, addsSpecialTokens: addsSpecialTokens)
      for index in 0..<encoding.count {
        rows.append(
          Row(token: encoding.tokens[index], kind: "\(encoding.ids[index])", range: encoding.ranges[index]))
      }
    }
    let ranges = converters.map { $0.convert(rows.map(\.range), in: line, repairs: repairs) }
    var table = [["#", "token", workspace == nil ? "id" : "kind"] + converters.map(\.unit.rawValue) + ["in the text"]]
    for (index, row) in rows.enumerated() {
      let source = line.withUnsafeBufferPointer { String(decoding: $0[row.range], as: UTF8.self) }
      table.append(
        ["\(index + 1)", Self.shown(row.token), row.kind]
          + ranges.map { "\($0[index].lowerBound)–\($0[index].upperBound)" }
          + [source == row.token ? "" : Self.shown(source)])
    }
    append(table)
    output += "\n".utf8
  }

  private func append(_ table: [[String]]) {
    let widths = table[0].indices.map { column in table.map { DisplayWidth.columns($0[column]) }.max() ?? 0 }
    for row in table {
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell + String(repeating: " ", count: max(0, widths[column] - DisplayWidth.columns(cell)) + 2)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      output += "\(line)\n".utf8
    }
  }

  /// A text whose controls and invisible characters are written as escapes.
  private static func shown(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
        if scalar == "\u{200D}" {
          result.append(scalar)
        } else {
          result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
        }
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
