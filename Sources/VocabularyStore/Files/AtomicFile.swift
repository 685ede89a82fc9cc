import Foundation

/// Writes a file so that its name shows the old content, or none, until all of the new one is on the disk.
enum AtomicFile {
  /// Calls `write` with the name of a file to create beside `path`, and gives it the name `path` when it succeeds.
  ///
  /// - Parameter replace: what puts the written file in the place of one that is there in a way of its own; false leaves
  ///   it to a rename.
  /// - Throws: ``VocabularyError/alreadyExists(path:)``, ``VocabularyError/cannotCreate(path:reason:)``,
  ///   ``VocabularyError/writeFailed(path:reason:)``, or what `write` throws; nothing is left behind then.
  static func create(
    at path: String, overwrite: Bool,
    replacingWith replace: (_ temporary: String) throws(VocabularyError) -> Bool = { _ in false },
    _ write: (_ temporary: String) throws(VocabularyError) -> Void
  ) throws(VocabularyError) {
    try check(path, overwrite: overwrite)
    let folder = folder(of: path)
    let unique = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary = "\(folder)/.vocabulary-\(getpid())-\(unique).tmp"
    do {
      try write(temporary)
      try synchronize(temporary, for: path)
      if overwrite, access(path, F_OK) == 0, try replace(temporary) {
        unlink(temporary)
      } else {
        try publish(temporary, as: path, overwrite: overwrite)
      }
    } catch {
      unlink(temporary)
      throw error
    }
    // The name itself is on the disk only when the folder is. Some file systems refuse this; the file is whole anyway.
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }

  private static func check(_ path: String, overwrite: Bool) throws(VocabularyError) {
    guard !path.isEmpty else { throw .cannotCreate(path: path, reason: "the path is empty") }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      if isFolder.boolValue { throw .cannotCreate(path: path, reason: "it is a folder; give the name of a file") }
      // A device or a pipe would be replaced by a file of its name.
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw .cannotCreate(path: path, reason: "what is there is not a regular file")
      }
      if !overwrite { throw .alreadyExists(path: path) }
    }
    let folder = folder(of: path)
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw .cannotCreate(path: path, reason: "there is no folder \(folder); create it first")
    }
    guard isFolder.boolValue else { throw .cannotCreate(path: path, reason: "\(folder) is not a folder") }
  }

  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func synchronize(_ temporary: String, for path: String) throws(VocabularyError) {
    let descriptor = open(temporary, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .writeFailed(path: path, reason: systemMessage(errno)) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .writeFailed(path: path, reason: systemMessage(errno)) }
  }

  private static func publish(_ temporary: String, as path: String, overwrite: Bool) throws(VocabularyError) {
    if !overwrite {
      // A hard link, unlike a rename, refuses a name that somebody took in the meantime.
      if link(temporary, path) == 0 {
        unlink(temporary)
        return
      }
      if errno == EEXIST { throw .alreadyExists(path: path) }
      // File systems without hard links: rename, as for overwriting.
    }
    guard rename(temporary, path) == 0 else { throw .cannotCreate(path: path, reason: systemMessage(errno)) }
  }
}

/// The system's message for an error number.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
