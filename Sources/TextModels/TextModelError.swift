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
    case .impossibleNetwork(let reason): "\(reason); choose another size"
    case .tooFewExamples(let count, let folds):
      "\(count) texts are too few for \(folds) folds; use fewer folds or more texts"
    }
  }
}
