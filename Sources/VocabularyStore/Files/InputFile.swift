import Foundation

/// Files that are read whole.
enum InputFile {
  /// Makes sure that there is a file to read, so that later errors are about its content.
  ///
  /// - Returns: The file's size.
  /// - Throws: ``VocabularyError/missing(path:)`` or ``VocabularyError/unreadable(path:reason:)``.
  @discardableResult
  static func check(_ path: String) throws(VocabularyError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw .missing(path: path) }
      throw .unreadable(path: path, reason: systemMessage(code))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .unreadable(path: path, reason: "it is a folder; give the name of a file")
    default: throw .unreadable(path: path, reason: "it is not a regular file")
    }
    guard access(path, R_OK) == 0 else {
      throw .unreadable(path: path, reason: "\(systemMessage(errno)); check its permissions")
    }
    return Int(status.st_size)
  }

  /// All bytes of a file.
  ///
  /// - Throws: ``VocabularyError/missing(path:)`` or ``VocabularyError/unreadable(path:reason:)``.
  static func read(_ path: String) throws(VocabularyError) -> [UInt8] {
    try check(path)
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw .unreadable(path: path, reason: "reading stopped before the end; check the disk")
    }
  }
}
