/// Names that columns go by, the surest first.
enum ColumnNames {
  static let labels = [
    "label", "labels", "sentiment", "polarity", "class", "target", "category", "rating", "ratings", "stars", "star",
    "score", "topic", "y", "cat",
  ]
  static let texts = [
    "text", "review", "sentence", "content", "comment", "tweet", "body", "document", "message", "question", "title",
  ]

  /// The surest name of the list that a header has: its column.
  static func column(of names: [String], in header: [String]) -> Int? {
    let normalized = header.map(normalize)
    for name in names {
      if let column = normalized.firstIndex(of: name) { return column }
    }
    return nil
  }

  static func isKnown(_ cell: String) -> Bool {
    let name = normalize(cell)
    return labels.contains(name) || texts.contains(name)
  }

  private static func normalize(_ cell: String) -> String {
    String(cell.lowercased().drop { $0 == " " || $0 == "#" })
  }
}

/// What the cells of some rows say about which column is the text and which the label.
struct ColumnGuess {
  /// What is counted of a column.
  private struct Column {
    var values: Set<String> = []
    var longest = 0
    var total = 0
  }

  private var columns: [Column] = []
  private let rowCount: Int
  /// Whether the rows come from the whole file, so that a column with one value in them has one in the file.
  private let isSpread: Bool

  /// Labels are not longer than this, in bytes.
  private static let longestLabel = 40

  init(rows: [CorpusRow], isSpread: Bool) {
    // The shape that most rows have; others are left out.
    var shapes: [Int: Int] = [:]
    for row in rows { shapes[row.fields.count, default: 0] += 1 }
    let width = shapes.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0
    let regular = rows.filter { $0.fields.count == width }
    columns = [Column](repeating: Column(), count: width)
    for row in regular {
      for (index, field) in row.fields.enumerated() {
        columns[index].values.insert(field)
        columns[index].longest = max(columns[index].longest, field.utf8.count)
        columns[index].total += field.utf8.count
      }
    }
    rowCount = regular.count
    self.isSpread = isSpread
  }

  var width: Int { columns.count }

  /// The column with the longest cells, other than one that is known to be something else.
  func text(except known: Int?) -> Int? {
    columns.indices.filter { $0 != known }.max { (columns[$0].total, $1) < (columns[$1].total, $0) }
  }

  /// What looks like a label.
  enum Label: Equatable {
    case column(Int)
    case none
    case several([Int])
  }

  /// The column with the fewest values that are short and repeat.
  func label(except text: Int) -> Label {
    let short = columns.indices.filter { $0 != text && columns[$0].longest <= Self.longestLabel }
    let repeating = short.filter {
      (2...max(2, rowCount / 2)).contains(columns[$0].values.count) && !columns[$0].values.contains("")
    }
    let constant = short.filter { columns[$0].values.count == 1 }
    if repeating.isEmpty { return constant.count == 1 && short.count == 1 ? .column(constant[0]) : .none }
    // A value that does not change in the first rows may well change later.
    if !isSpread, !constant.isEmpty { return .several((repeating + constant).sorted()) }
    let fewest = repeating.map { columns[$0].values.count }.min() ?? 0
    let best = repeating.filter { columns[$0].values.count == fewest }
    return best.count == 1 ? .column(best[0]) : .several(best)
  }

  /// Whether the first of two columns is such that lines may begin with a label.
  var firstLooksLikeLabel: Bool {
    guard width == 2, rowCount >= 2 else { return false }
    let values = columns[0].values
    guard columns[0].longest <= Self.longestLabel, columns[1].longest > 0 else { return false }
    if values.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) {
      return values.count <= max(2, rowCount / 2)
    }
    if values.count == 2, values.allSatisfy(Self.isPolarity) { return true }
    return values.count >= 2 && rowCount >= 20 && values.count <= rowCount / 4
  }

  private static func isPolarity(_ value: String) -> Bool {
    ["pos", "neg", "positive", "negative"].contains(value.lowercased())
  }
}
