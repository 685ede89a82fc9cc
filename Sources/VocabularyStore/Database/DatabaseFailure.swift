import Foundation
import GRDB

/// Turns whatever the database throws into the one error type of this module.
enum DatabaseFailure {
  /// Does what reads the file at `path`.
  static func whileReading<Result>(_ path: String, _ body: () throws -> Result) throws(VocabularyError) -> Result {
    do { return try body() } catch { throw reading(path, error) }
  }

  /// Does what writes the file at `path`.
  static func whileWriting<Result>(_ path: String, _ body: () throws -> Result) throws(VocabularyError) -> Result {
    do { return try body() } catch { throw writing(path, error) }
  }

  /// What failed while reading the file at `path`.
  static func reading(_ path: String, _ error: any Error) -> VocabularyError {
    if let error = error as? VocabularyError { return error }
    guard let error = error as? DatabaseError else {
      return .corrupt(path: path, reason: "its rows are not of the expected types")
    }
    switch error.resultCode {
    case .SQLITE_NOTADB: return .notAVocabulary(path: path, reason: "it is no SQLite database")
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_READONLY:
      return .unreadable(path: path, reason: "\(reason(error)); check its permissions")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return .unreadable(path: path, reason: "another process is writing to it; try again later")
    case .SQLITE_IOERR: return .unreadable(path: path, reason: "\(reason(error)); check the disk")
    case .SQLITE_NOMEM: return .unreadable(path: path, reason: "there is not enough memory")
    default: return .corrupt(path: path, reason: reason(error))
    }
  }

  /// What failed while writing the file at `path`.
  static func writing(_ path: String, _ error: any Error) -> VocabularyError {
    if let error = error as? VocabularyError { return error }
    guard let error = error as? DatabaseError else { return .writeFailed(path: path, reason: "\(error)") }
    switch error.resultCode {
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_READONLY:
      return access(path, F_OK) == 0
        ? .cannotChange(path: path, reason: "\(reason(error)); check that it and its folder are writable")
        : .cannotCreate(path: path, reason: "\(reason(error)); check that the folder is writable")
    case .SQLITE_FULL: return .writeFailed(path: path, reason: "the disk is full")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return .writeFailed(path: path, reason: "another process has been using it for a minute; try again later")
    case .SQLITE_NOTADB: return .notAVocabulary(path: path, reason: "it is no SQLite database")
    // No statement of ours is wrong or breaks a rule of our tables: the tables are others, or their rows.
    case .SQLITE_CORRUPT, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH:
      return .corrupt(path: path, reason: reason(error))
    case .SQLITE_TOOBIG: return .tooLarge(reason: "a token is longer than SQLite holds (1 GB)")
    default: return .writeFailed(path: path, reason: reason(error))
    }
  }

  /// SQLite's own words, without the statement that was running.
  private static func reason(_ error: DatabaseError) -> String {
    error.message ?? "SQLite error \(error.resultCode.rawValue)"
  }
}
