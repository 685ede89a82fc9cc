import ModelBundles
public import ModelFiles
public import TextProcessing
public import VocabularyStore

/// Why a bag of features could not be trained, loaded or read. Each says the cause and the next step in one line.
public enum BagModelError: Error, CustomStringConvertible {
  /// A file of the bundle, or the folder itself.
  case file(FileError)
  /// The vocabulary of the bundle.
  case vocabulary(VocabularyError)
  /// The settings of the tokenizer.
  case tokenizer(TokenizerError)
  /// A text could not be read.
  case corpus(CorpusError)
  /// The parts of a bundle do not belong together.
  case mismatch(path: String, reason: String)
  /// There is nothing to train on or to judge by.
  case noTexts(reason: String)
  /// All texts have the same label.
  case singleLabel(String)
  /// Options that cannot be.
  case invalidOptions(reason: String)
  /// The tables do not fit into memory.
  case outOfMemory(rows: Int, dimensions: Int)
  /// The loss is infinite or not a number.
  case diverged(step: Int, learningRate: Float)
  /// Somebody asked to stop.
  case cancelled
  /// A line of a file of vectors cannot be understood. Lines count from 1.
  case badLine(path: String, line: Int, reason: String)
  /// A file has no vectors, or none that can be used.
  case unusableVectors(path: String, reason: String)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .vocabulary(let error): "\(error)"
    case .tokenizer(let error): "\(error)"
    case .corpus(let error): "\(error)"
    case .mismatch(let path, let reason): "\(path): \(reason); copy the whole model again or train it again"
    case .noTexts(let reason): "\(reason); check the format and the columns"
    case .singleLabel(let label):
      "every text has the label \"\(label)\"; a classifier needs at least two labels"
    case .invalidOptions(let reason): "\(reason)"
    case .outOfMemory(let rows, let dimensions):
      "\(rows) rows of \(dimensions) numbers do not fit into memory; use fewer dimensions or buckets, or higher "
        + "minimum counts"
    case .diverged(let step, let rate):
      "training diverged in step \(step): the loss is not a number; try a learning rate below \(rate)"
    case .cancelled: "training was stopped before its end; nothing was kept"
    case .badLine(let path, let line, let reason): "\(path):\(line): \(reason); correct the line or leave it out"
    case .unusableVectors(let path, let reason): "\(path): \(reason)"
    }
  }
}

extension BagModelError: BundleErrorConvertible {}
