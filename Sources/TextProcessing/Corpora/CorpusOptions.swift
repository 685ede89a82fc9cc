/// How labelled texts are written down.
public enum CorpusFormat: String, Sendable, CaseIterable {
  /// Columns between tabs; no quoting.
  case tsv
  /// RFC 4180: columns between commas, quoted where needed.
  case csv
  /// JSON Lines: one object a line.
  case jsonl
  /// fastText's `__label__x text`.
  case fasttext
  /// `label SPACE text`.
  case labelFirst = "label-first"
  /// One file a text, one sub-folder a label.
  case folders
}

/// A column by its name or its number.
public enum ColumnSelector: Sendable, Hashable, CustomStringConvertible {
  /// By the name in the header, or the key of an object.
  case name(String)
  /// By its place, from 1.
  case number(Int)

  /// Reads a command-line argument: a number from 1, else a name.
  public init(_ argument: String) {
    if let number = Int(argument), number > 0 { self = .number(number) } else { self = .name(argument) }
  }

  /// The name or the number.
  public var description: String {
    switch self {
    case .name(let name): name
    case .number(let number): String(number)
    }
  }
}

/// Whether the first row names the columns.
public enum HeaderMode: String, Sendable, CaseIterable {
  /// It does.
  case yes
  /// It is a row like the others.
  case no
  /// The reader looks at it and decides.
  case auto
}

/// What becomes of the labels as they stand in the corpus.
public enum LabelRule: Sendable, Hashable {
  /// They stay.
  case asIs
  /// They are ratings: from this number on `positive`, below it `negative`.
  case positiveFrom(Double)

  /// The label by this rule; nil when it should be a number and is none.
  public func apply(to label: String) -> String? {
    switch self {
    case .asIs:
      return label
    case .positiveFrom(let threshold):
      guard let rating = Double(label), rating.isFinite else { return nil }
      return rating >= threshold ? "positive" : "negative"
    }
  }
}

/// How many labels a text has.
public enum LabelCount: Sendable, Hashable {
  /// One.
  case one
  /// Any number: fastText's lines and JSON's arrays have them one by one, other labels are divided at the separator, and
  /// an empty one is none.
  case several(separator: String)
}

/// How a corpus is to be read; what is nil or `auto` the reader finds out.
public struct CorpusOptions: Sendable {
  /// How the corpus is written.
  public var format: CorpusFormat?
  /// Where the text is.
  public var textColumn: ColumnSelector?
  /// Where the label is.
  public var labelColumn: ColumnSelector?
  /// Whether the first row names the columns.
  public var header: HeaderMode
  /// Whether every text must have a label, or, where it may have several, a place for them.
  public var requiresLabel: Bool
  /// How many labels a text has.
  public var labelCount: LabelCount
  /// What becomes of labels.
  public var labelRule: LabelRule
  /// How the bytes become UTF-8.
  public var encoding = TextEncoding()

  /// Options with these values.
  public init(
    format: CorpusFormat? = nil, textColumn: ColumnSelector? = nil, labelColumn: ColumnSelector? = nil,
    header: HeaderMode = .auto, requiresLabel: Bool = true, labelCount: LabelCount = .one,
    labelRule: LabelRule = .asIs
  ) {
    self.format = format
    self.textColumn = textColumn
    self.labelColumn = labelColumn
    self.header = header
    self.requiresLabel = requiresLabel
    self.labelCount = labelCount
    self.labelRule = labelRule
  }
}

/// A text of a corpus.
public struct CorpusRecord: Sendable, Hashable {
  /// The text.
  public var text: String
  /// Its labels.
  public var labels: [String]
  /// The line where it begins, from 1; the number of its file for folders.
  public var line: Int
  /// The file that it is from: the path as it was given, or the path of its own file for folders.
  public var source: String

  /// The label of a text that has at most one.
  public var label: String? { labels.first }

  /// Makes a record.
  public init(text: String, labels: [String], line: Int, source: String) {
    self.text = text
    self.labels = labels
    self.line = line
    self.source = source
  }
}
