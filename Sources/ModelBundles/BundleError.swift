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

/// The errors of a module that has bundles among other things, with the same three cases.
package protocol BundleErrorConvertible: Error {
  static func file(_ error: FileError) -> Self
  static func vocabulary(_ error: VocabularyError) -> Self
  static func mismatch(path: String, reason: String) -> Self
}

extension BundleErrorConvertible {
  /// Runs what works on a folder, with its errors as the module's own.
  package static func converting<R>(_ body: () throws(BundleError) -> R) throws(Self) -> R {
    do throws(BundleError) {
      return try body()
    } catch {
      switch error {
      case .file(let error): throw Self.file(error)
      case .vocabulary(let error): throw Self.vocabulary(error)
      case .mismatch(let path, let reason): throw Self.mismatch(path: path, reason: reason)
      }
    }
  }
}
