import CFileSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Writes a folder whole or not at all.
///
/// The files are written into a folder with a temporary name beside the final one, forced to the disk, and the two
/// names are exchanged in one step, so that a kill at any moment leaves the old folder or the new one.
public struct FolderReplacement: ~Copyable {
  /// Where the files are to be written.
  public let temporaryPath: String
  private let path: String

  /// Makes the temporary folder.
  ///
  /// - Throws: ``FileError/alreadyExists(path:)`` when there is something at `path` that must not be replaced, and
  ///   ``FileError/cannotCreate(path:reason:)``.
  public init(path: String, replacing: Bool) throws(FileError) {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    let temporary = "\(trimmed).part-\(getpid())"
    try Self.check(trimmed, replacing: replacing)
    removeFolder(temporary)
    guard mkdir(temporary, 0o777) == 0 else {
      throw .cannotCreate(path: trimmed, reason: systemErrorText())
    }
    self.path = trimmed
    temporaryPath = temporary
  }

  /// Whether a folder could be put there; for asking before hours of work.
  public static func check(_ path: String, replacing: Bool) throws(FileError) {
    var status = stat()
    if lstat(path, &status) == 0 {
      guard replacing else { throw .alreadyExists(path: path) }
      guard status.st_mode & S_IFMT == S_IFDIR else { throw .cannotCreate(path: path, reason: "a file is there") }
      // Only what was made here is replaced: a slip of the hand must not delete a home.
      guard access("\(path)/model.json", F_OK) == 0 else {
        throw .cannotCreate(path: path, reason: "a folder that is not a model is there")
      }
    }
    let parent = parentFolder(path)
    guard access(parent, W_OK | X_OK) == 0 else {
      throw .cannotCreate(path: path, reason: "\(parent): \(systemErrorText())")
    }
  }

  /// Puts the new folder in its place and removes the old one.
  public consuming func commit() throws(FileError) {
    // After an exchange what was there lies under the temporary name. Where the file system cannot exchange, the old
    // model is moved away first.
    var isDone = exchange_paths(temporaryPath, path) == 0
    if !isDone, errno == ENOENT {
      isDone = rename(temporaryPath, path) == 0
    } else if !isDone {
      let old = temporaryPath + ".old"
      isDone = rename(path, old) == 0 && rename(temporaryPath, path) == 0
      removeFolder(old)
    }
    let reason = systemErrorText()
    removeFolder(temporaryPath)
    guard isDone else { throw .cannotCreate(path: path, reason: reason) }
    let parent = open(parentFolder(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent >= 0 {
      fsync(parent)
      close(parent)
    }
  }

  /// Removes what was written.
  public consuming func abandon() {
    removeFolder(temporaryPath)
  }
}

private func parentFolder(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Removes a folder of files.
private func removeFolder(_ path: String) {
  if let folder = opendir(path) {
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { unlink("\(path)/\(name)") }
    }
    closedir(folder)
  }
  rmdir(path)
}
