/// Why a file could not be read or written. Each says the cause and the next step in one line.
public enum FileError: Error, Hashable, CustomStringConvertible {
  /// No such file or folder.
  case missing(path: String)
  /// A file is there, where the folder of a model is wanted.
  case notAModel(path: String)
  /// It is there but cannot be read.
  case unreadable(path: String, reason: String)
  /// The content is not what it should be: cut short, damaged, or something else altogether.
  case damaged(path: String, reason: String)
  /// Made by a later version.
  case newerFormat(path: String, version: Int, supported: Int)
  /// Something is there already that would be replaced.
  case alreadyExists(path: String)
  /// The place cannot be written to.
  case cannotCreate(path: String, reason: String)
  /// Writing began and failed, as on a full disk; nothing half-written is left.
  case writeFailed(path: String, reason: String)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): no such file or folder; check the path"
    case .notAModel(let path): "\(path): a file; a model is a folder with model.json, as training and import make it"
    case .unreadable(let path, let reason): "\(path): cannot be read (\(reason)); check its permissions"
    case .damaged(let path, let reason): "\(path): damaged (\(reason)); copy it again or train it again"
    case .newerFormat(let path, let version, let supported):
      "\(path): format version \(version), this program reads up to \(supported); use a newer nlptool"
    case .alreadyExists(let path): "\(path): exists already; use --force to replace it"
    case .cannotCreate(let path, let reason): "\(path): cannot be created (\(reason)); choose another place"
    case .writeFailed(let path, let reason): "\(path): could not be written (\(reason)); free some space and run again"
    }
  }
}

extension FileError {
  /// The error with the path that the user knows in place of a temporary one.
  package func shown(as path: String) -> FileError {
    switch self {
    case .writeFailed(_, let reason): .writeFailed(path: path, reason: reason)
    case .cannotCreate(_, let reason): .cannotCreate(path: path, reason: reason)
    default: self
    }
  }
}
