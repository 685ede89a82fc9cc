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
  private let files: Set<String>

  /// Makes the temporary folder.
  ///
  /// - Parameter files: the names that such a folder holds, paths where they lie in folders of their own; a folder with
  ///   other ones is never replaced.
  /// - Throws: ``FileError/alreadyExists(path:)`` when there is something at `path` that must not be replaced, and
  ///   ``FileError/cannotCreate(path:reason:)``.
  public init(path: String, files: Set<String>, replacing: Bool) throws(FileError) {
    let target = try Self.target(path)
    try Self.check(path, files: files, replacing: replacing)
    // A name that nobody else has: another process may write the same model at the same time.
    var template = Array("\(target).part-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw .cannotCreate(path: path, reason: systemErrorText()) }
    temporaryPath = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // mkdtemp makes it for the owner alone; a model is as visible as any other folder.
    let mask = umask(0)
    umask(mask)
    chmod(temporaryPath, 0o777 & ~mask)
    self.path = target
    self.files = files
  }

  /// Makes a folder for some of the files in the temporary one.
  public func makeFolder(_ name: String) throws(FileError) {
    guard mkdir("\(temporaryPath)/\(name)", 0o777) == 0 else {
      throw .cannotCreate(path: "\(path)/\(name)", reason: systemErrorText())
    }
  }

  /// Whether a folder could be put there; for asking before hours of work.
  public static func check(_ path: String, files: Set<String>, replacing: Bool) throws(FileError) {
    let target = try target(path)
    var status = stat()
    if stat(target, &status) == 0 {
      guard replacing else { throw .alreadyExists(path: path) }
      guard status.st_mode & S_IFMT == S_IFDIR else { throw .cannotCreate(path: path, reason: "a file is there") }
      // Only what was made here is replaced: a slip of the hand must not delete a home.
      if let other = try stranger(in: target, besides: files) {
        throw .cannotCreate(path: path, reason: "a folder is there that holds \(other), which is no part of a model")
      }
    }
    let parent = parentFolder(target)
    guard access(parent, W_OK | X_OK) == 0 else {
      throw .cannotCreate(path: path, reason: "\(parent): \(systemErrorText())")
    }
  }

  /// The path without slashes at its end, and the folder itself where a symbolic link leads to one.
  private static func target(_ path: String) throws(FileError) -> String {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .cannotCreate(path: path, reason: "it is not a name") }
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard let resolved = realpath(trimmed, nil) else { return trimmed }
    defer { free(resolved) }
    return String(cString: resolved)
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
      if rename(path, old) == 0 {
        isDone = rename(temporaryPath, path) == 0
        if isDone { removeFolder(old, of: files) } else { rename(old, path) }
      }
    }
    let reason = systemErrorText()
    removeFolder(temporaryPath, of: files)
    guard isDone else { throw .cannotCreate(path: path, reason: reason) }
    let parent = open(parentFolder(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent >= 0 {
      fsync(parent)
      close(parent)
    }
  }

  /// Removes what was written.
  public consuming func abandon() {
    removeFolder(temporaryPath, of: files)
  }
}

private func parentFolder(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Removes a folder of files, and of the folders that some of the given files lie in; no other folder is entered.
private func removeFolder(_ path: String, of files: Set<String>) {
  for name in (try? names(in: path)) ?? [] {
    let part = "\(path)/\(name)"
    if isFolder(part), let inner = inner(of: files, in: name) {
      removeFolder(part, of: inner)
    } else {
      unlink(part)
    }
  }
  rmdir(path)
}

/// Something in a folder that is none of the files.
private func stranger(in path: String, besides files: Set<String>) throws(FileError) -> String? {
  for name in try names(in: path) where !files.contains(name) {
    guard isFolder("\(path)/\(name)"), let inner = inner(of: files, in: name) else { return name }
    if let other = try stranger(in: "\(path)/\(name)", besides: inner) { return "\(name)/\(other)" }
  }
  return nil
}

/// Those of the files that lie in a folder, by their paths in it; `nil` where there are none.
private func inner(of files: Set<String>, in folder: String) -> Set<String>? {
  let paths = files.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) }
  return paths.isEmpty ? nil : Set(paths)
}

/// Whether a folder itself is there, and no link to one.
private func isFolder(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// What a folder holds, in no order.
private func names(in path: String) throws(FileError) -> [String] {
  guard let folder = opendir(path) else { throw .unreadable(path: path, reason: systemErrorText()) }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}
