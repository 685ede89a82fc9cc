public import ModelFiles
public import VocabularyStore

/// Why a bundle could not be read or written. Each says the cause and the next step in one line.
public enum BundleError: Error, CustomStringConvertible {
  /// A file of the bundle, or the folder itself.
  case file(FileError)
  /// Its vocabulary.
  case vocabulary(VocabularyError)
  /// Its parts do not belong together.
  case mismatch(path: String, reason: String)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .vocabulary(let error): "\(error)"
    case .mismatch(let path, let reason): "\(path): \(reason); copy the whole model again or train it again"
    }
  }
}
