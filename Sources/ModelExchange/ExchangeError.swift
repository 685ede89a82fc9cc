public import ModelFiles

/// Why a model cannot leave or come in. Each says the cause and the next step in one line.
public enum ExchangeError: Error, Hashable, CustomStringConvertible {
  /// A file cannot be read or written.
  case file(FileError)
  /// A part of a file is not what it should be; `field` names it.
  case malformed(path: String, field: String, reason: String)
  /// A file uses what nlptool cannot compute.
  case unsupported(path: String, what: String)
  /// An input of a model that is run is missing, or of another type or shape than the model takes.
  case wrongInput(name: String, reason: String)
  /// A model that can be run is not what a command needs; the reason says the next step too.
  case unsuitable(path: String, reason: String)
  /// A model has no form in a format.
  case inexpressible(format: String, reason: String)
  /// A file that was just written does not give what the model gives.
  case differs(path: String, reason: String)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .malformed(let path, let field, let reason):
      "\(path): \(field): \(reason); copy the file again or export it again"
    case .unsupported(let path, let what): "\(path): \(what) is not supported; export the model without it"
    case .wrongInput(let name, let reason): "input \(name): \(reason)"
    case .unsuitable(let path, let reason): "\(path): \(reason)"
    case .inexpressible(let format, let reason): "this model has no form as \(format): \(reason)"
    case .differs(let path, let reason): "\(path): \(reason); this is a fault of nlptool, please report it"
    }
  }
}
