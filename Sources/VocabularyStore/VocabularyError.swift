/// What can go wrong with a vocabulary or the file that it lives in.
///
/// Every message is one line: the cause, then what to do about it.
public enum VocabularyError: Error, Equatable, Sendable {
  /// There is no file at the path.
  case missing(path: String)
  /// There is something at the path, but it cannot be read (a folder, no permission, a read error).
  case unreadable(path: String, reason: String)
  /// The file is readable, but it was never a vocabulary.
  case notAVocabulary(path: String, reason: String)
  /// The file is a vocabulary that was cut or changed after it was written.
  case corrupt(path: String, reason: String)
  /// The file was written by a newer release, with a schema that this one does not know.
  case newerSchema(path: String, version: Int)
  /// The file exists and was not to be overwritten.
  case alreadyExists(path: String)
  /// The file holds nothing of that name, or several things and no name was given.
  case noSuchName(path: String, reason: String)
  /// The file holds something of that name, which was not to be replaced.
  case nameIsTaken(path: String, name: String)
  /// The file cannot be created where it was asked for.
  case cannotCreate(path: String, reason: String)
  /// The file is there and may be read, but not written.
  case cannotChange(path: String, reason: String)
  /// Somebody else changed the file between reading and writing.
  case changedMeanwhile(path: String)
  /// The file was created, but writing it failed: the disk is full, or a limit was reached.
  case writeFailed(path: String, reason: String)
  /// No token is left to make a vocabulary of.
  case empty(reason: String)
  /// There are more tokens, or longer ones, than a vocabulary can hold.
  case tooLarge(reason: String)
  /// The options contradict each other or themselves.
  case invalidOptions(reason: String)
  /// A line of a text form cannot be understood. Lines count from 1.
  case badLine(path: String, line: Int, reason: String)
}

extension VocabularyError: CustomStringConvertible {
  /// One line: the cause and the next step.
  public var description: String {
    // Paths, words and SQLite's quotations of a damaged file may hold anything, such as commands to a terminal.
    String(
      String.UnicodeScalarView(
        message.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }

  private var message: String {
    switch self {
    case .missing(let path):
      "\(path): no such file; check the path, or make a vocabulary with 'nlptool vocab build'"
    case .unreadable(let path, let reason):
      "\(path): cannot be read: \(reason)"
    case .notAVocabulary(let path, let reason):
      "\(path): not a vocabulary: \(reason); give a file made by 'nlptool vocab build' or 'vocab import'"
    case .corrupt(let path, let reason):
      "\(path): the vocabulary is damaged: \(reason); restore the file or build it again"
    case .newerSchema(let path, let version):
      "\(path): written by a newer release (schema \(version), this release knows up to "
        + "\(VocabularySchema.version)); update, or export it with the newer release and import it here"
    case .alreadyExists(let path):
      "\(path): exists already; choose another name, or use --force to replace it"
    case .noSuchName(let path, let reason):
      "\(path): \(reason); see: nlptool vocab show \(path)"
    case .nameIsTaken(let path, let name):
      "\(path): it holds '\(name)' already; choose another name, or use --force to replace it"
    case .cannotCreate(let path, let reason):
      "\(path): cannot be created: \(reason)"
    case .cannotChange(let path, let reason):
      "\(path): cannot be changed: \(reason)"
    case .changedMeanwhile(let path):
      "\(path): another process changed it meanwhile; try again"
    case .writeFailed(let path, let reason):
      "\(path): writing failed: \(reason); nothing was left behind, free some space and try again"
    case .empty(let reason):
      "the vocabulary would be empty: \(reason)"
    case .tooLarge(let reason):
      "the vocabulary would be too large: \(reason)"
    case .invalidOptions(let reason):
      "the vocabulary cannot be built: \(reason)"
    case .badLine(let path, let line, let reason):
      "\(path):\(line): \(reason); correct the line and import again"
    }
  }
}
