public import ModelFiles
public import TextProcessing
public import VocabularyStore

/// Why a text model could not be made, loaded or judged. Each says the cause and the next step in one line.
public enum TextModelError: Error, CustomStringConvertible {
  /// A file of the bundle, or the folder itself.
  case file(FileError)
  /// The vocabulary of the bundle.
  case vocabulary(VocabularyError)
  /// A corpus.
  case corpus(CorpusError)
  /// The settings of the tokenizer.
  case tokenizer(TokenizerError)
  /// The parts of a bundle do not belong together.
  case mismatch(path: String, reason: String)
  /// Texts without any example.
  case noExamples(source: String)
  /// All examples have the same label.
  case singleClass(label: String, source: String)
  /// A label that the model has never seen.
  case unknownLabel(String, source: String, line: Int, known: [String])
  /// A label that should be a number.
  case labelIsNoNumber(String, source: String, line: Int)
  /// Texts without any label.
  case noLabels(source: String)
  /// The model does something else.
  case otherTask(TextTask, wanted: [TextTask])
  /// A pattern of names that no parameter has.
  case noSuchParameter(pattern: String, names: [String])
  /// A network of impossible sizes, or one that does not fit into memory.
  case impossibleNetwork(reason: String)
  /// Too few examples for the folds.
  case tooFewExamples(count: Int, folds: Int)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .vocabulary(let error): "\(error)"
    case .corpus(let error): "\(error)"
    case .tokenizer(let error): "\(error)"
    case .mismatch(let path, let reason): "\(path): \(reason); copy the whole model again or train it again"
    case .noExamples(let source): "\(source): no labelled texts; check the format and the columns"
    case .singleClass(let label, let source):
      "\(source): every text has the label \"\(label)\"; a classifier needs at least two labels"
    case .unknownLabel(let label, let source, let line, let known):
      "\(source), line \(line): the label \"\(label)\" does not occur in the training data, which has "
        + known.prefix(10).joined(separator: ", ") + (known.count > 10 ? " and \(known.count - 10) more" : "")
        + "; correct it or leave the line out"
    case .labelIsNoNumber(let label, let source, let line):
      "\(source), line \(line): the label \"\(label)\" is no number; correct it, or train a classifier"
    case .noLabels(let source): "\(source): no text has a label; check the format and the columns"
    case .otherTask(let task, let wanted):
      "this is a model for \(task.rawValue), not for \(wanted.map(\.rawValue).joined(separator: " or "))"
        + "; use a model or a command that fits"
    case .noSuchParameter(let pattern, let names):
      "no parameter is called \"\(pattern)\"; there are \(names.joined(separator: ", "))"
    case .impossibleNetwork(let reason): "\(reason); choose another size"
    case .tooFewExamples(let count, let folds):
      "\(count) texts are too few for \(folds) folds; use fewer folds or more texts"
    }
  }
}
