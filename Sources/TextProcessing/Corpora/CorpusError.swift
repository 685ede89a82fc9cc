/// What is wrong with a corpus: a case for each cause, its fields, and a message with the next step.
public enum CorpusError: Error, Equatable {
  /// There is no such file.
  case missingFile(path: String)
  /// The path is a folder, and not one whose sub-folders are labels.
  case isDirectory(path: String)
  /// The path is a file where a folder of labels was asked for.
  case notADirectory(path: String)
  /// The system refuses to read it.
  case unreadable(path: String, reason: String)
  /// There is nothing in it.
  case emptyFile(path: String)
  /// No column looks like a label.
  case noLabelColumn(path: String)
  /// There is no column of this name or number.
  case unknownColumn(path: String, column: String, available: [String])
  /// Several readings are possible.
  case ambiguous(path: String, question: String)
  /// Bytes that are not UTF-8; the offset counts from the start of the line.
  case invalidUTF8(path: String, line: Int, offset: Int)
  /// Bytes that mean nothing in the character set of the file; the offset counts from the start of its text.
  case invalidBytes(path: String, charset: String, offset: Int)
  /// ICU has no character set of this name.
  case unknownCharset(path: String, charset: String)
  /// Compressed data that are damaged or cut short.
  case damagedCompression(path: String, format: String)
  /// A quoted field of CSV that begins in this line and never ends.
  case unterminatedQuote(path: String, line: Int)
  /// A line that is no JSON object.
  case malformedJSON(path: String, line: Int, offset: Int, reason: String)
  /// A row with fewer columns than are wanted.
  case rowTooShort(path: String, line: Int, columns: Int, needed: Int)
  /// A JSON object without the wanted key.
  case missingField(path: String, line: Int, name: String)
  /// A row whose label is absent or empty.
  case missingLabel(path: String, line: Int)
  /// A row with more labels than one.
  case severalLabels(path: String, line: Int, labels: [String])
  /// A label that should be a number for the rule that is to be applied to it.
  case labelIsNoNumber(path: String, line: Int, label: String)
}

extension CorpusError {
  /// What the cause comes from, as exit codes tell it apart.
  public enum Category: Sendable {
    /// The input is absent or cannot be read (66).
    case input
    /// The content is at fault (65).
    case content
    /// The command has to say more (64).
    case usage
  }

  /// What the cause comes from.
  public var category: Category {
    switch self {
    case .missingFile, .isDirectory, .notADirectory, .unreadable: .input
    case .ambiguous, .unknownCharset: .usage
    case .emptyFile, .noLabelColumn, .unknownColumn, .invalidUTF8, .invalidBytes, .damagedCompression,
      .unterminatedQuote,
      .malformedJSON, .rowTooShort, .missingField,
      .missingLabel, .severalLabels, .labelIsNoNumber:
      .content
    }
  }
}

extension CorpusError: CustomStringConvertible {
  /// The cause and the next step, in one line.
  public var description: String {
    switch self {
    case .missingFile(let path):
      "\(Self.name(path)): no such file; check the path"
    case .isDirectory(let path):
      "\(Self.name(path)) is a folder without sub-folders of texts; give a file, or a folder with one sub-folder a label"
    case .notADirectory(let path):
      "\(Self.name(path)) is a file; the format 'folders' wants a folder with one sub-folder a label"
    case .unreadable(let path, let reason):
      "\(Self.name(path)): cannot be read: \(reason)"
    case .emptyFile(let path):
      "\(Self.name(path)) is empty; give a file with at least one text"
    case .noLabelColumn(let path):
      "\(Self.name(path)): no column looks like a label; name it with --label-column, or the format with --input-format"
    case .unknownColumn(let path, let column, let available):
      "\(Self.name(path)): no column '\(column)'; there are: \(available.joined(separator: ", "))"
    case .ambiguous(let path, let question):
      "\(Self.name(path)): \(question)"
    case .invalidUTF8(let path, let line, let offset):
      "\(Self.name(path)), line \(line): invalid UTF-8 at byte \(offset) of the line; name the file's character "
        + "set with --encoding, or choose --invalid replace"
    case .invalidBytes(let path, let charset, let offset):
      "\(Self.name(path)): bytes that mean nothing in \(charset) at byte \(offset); is that its character set? "
        + "--invalid replace reads on"
    case .unknownCharset(let path, let charset):
      "\(Self.name(path)): unknown character set '\(charset)'; use a name that ICU knows, such as windows-1252 or GB18030"
    case .damagedCompression(let path, let format):
      "\(Self.name(path)): the \(format) data are damaged or cut short; get the file again"
    case .unterminatedQuote(let path, let line):
      "\(Self.name(path)), line \(line): the quoted field that begins here never ends; close the quote, or use "
        + "--input-format tsv if quotation marks mean nothing"
    case .malformedJSON(let path, let line, let offset, let reason):
      "\(Self.name(path)), line \(line): malformed JSON at byte \(offset): \(reason); each line has to be one object"
    case .rowTooShort(let path, let line, let columns, let needed):
      "\(Self.name(path)), line \(line): \(columns) column\(columns == 1 ? "" : "s") where column \(needed) is wanted"
        + "; correct the row, or choose others with --text-column and --label-column"
    case .missingField(let path, let line, let name):
      "\(Self.name(path)), line \(line): no text under the key '\(name)'; choose another with --text-column"
    case .missingLabel(let path, let line):
      "\(Self.name(path)), line \(line): no label; give the row one or remove it"
    case .severalLabels(let path, let line, let labels):
      "\(Self.name(path)), line \(line): \(labels.count) labels (\(labels.joined(separator: ", "))); a text has one, "
        + "unless --multi-label of train, or the model that was trained so, says that it may have any number"
    case .labelIsNoNumber(let path, let line, let label):
      "\(Self.name(path)), line \(line): the label '\(label)' is no number; --positive-from needs ratings"
    }
  }

  private static func name(_ path: String) -> String {
    path == "-" ? "standard input" : path
  }
}
