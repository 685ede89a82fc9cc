#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The system's `read`, under a name that nothing here hides.
private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = read

/// Bytes above which no file is read into memory.
private let fileSizeLimit = 4 << 30

/// An open file.
struct OpenFile: ~Copyable {
  let path: String
  private let descriptor: Int32
  /// Of a regular file; nil for pipes.
  let size: Int?

  init(path: String) throws(ImageError) {
    // C would take a name with a NUL for a shorter one.
    guard !path.utf8.contains(0) else { throw .missing(path: path) }
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { throw systemError(path) }
    var status = stat()
    guard fstat(opened, &status) == 0 else {
      let error = systemError(path)
      close(opened)
      throw error
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(opened)
      throw .isFolder(path: path)
    }
    self.path = path
    descriptor = opened
    size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  deinit {
    close(descriptor)
  }

  /// Fills a buffer from a place on, up to its end or the end of the file; returns how many bytes came.
  func read(into bytes: inout [UInt8], from start: Int) throws(ImageError) -> Int {
    var place = start
    while place < bytes.count {
      let count = bytes.withUnsafeMutableBytes { memory in
        systemRead(descriptor, memory.baseAddress.map { $0 + place }, memory.count - place)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .unreadable(path: path, reason: String(cString: strerror(errno)))
      }
      if count == 0 { break }
      place += count
    }
    return place - start
  }
}

/// What the last failure of the system means for a path.
private func systemError(_ path: String) -> ImageError {
  let code = errno
  if code == ENOENT || code == ENOTDIR { return .missing(path: path) }
  return .unreadable(path: path, reason: String(cString: strerror(code)))
}

/// Reads a whole file into a buffer that grows where it must and never shrinks; returns how many bytes came.
func readFile(_ path: String, into buffer: inout [UInt8]) throws(ImageError) -> Int {
  let file = try OpenFile(path: path)
  if let size = file.size, size > fileSizeLimit {
    throw .unreadable(path: path, reason: "\(size) bytes are too many")
  }
  var count = 0
  // One byte more than the file should have shows where it ends.
  var wanted = (file.size ?? 1 << 16) + 1
  while true {
    if buffer.count < wanted { buffer.append(contentsOf: repeatElement(0, count: wanted - buffer.count)) }
    count += try file.read(into: &buffer, from: count)
    if count < buffer.count { return count }
    guard count <= fileSizeLimit else { throw .unreadable(path: path, reason: "it is too large") }
    wanted = 2 * buffer.count
  }
}

/// All bytes of a file.
func readFile(_ path: String) throws(ImageError) -> [UInt8] {
  var bytes: [UInt8] = []
  let count = try readFile(path, into: &bytes)
  bytes.removeLast(bytes.count - count)
  return bytes
}

/// The first bytes of a file: so many, or all where there are fewer.
func firstBytes(of path: String, _ count: Int) throws(ImageError) -> [UInt8] {
  let file = try OpenFile(path: path)
  var bytes = [UInt8](repeating: 0, count: count)
  let found = try file.read(into: &bytes, from: 0)
  bytes.removeLast(count - found)
  return bytes
}

/// What a path leads to.
enum PathKind: Equatable {
  /// Also tells one folder from all others.
  case folder(device: UInt64, number: UInt64)
  case file
  /// A pipe, a device, a socket.
  case other
  case missing

  init(_ path: String) {
    var status = stat()
    guard !path.utf8.contains(0), stat(path, &status) == 0 else {
      self = .missing
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: self = .folder(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    case S_IFREG: self = .file
    default: self = .other
    }
  }

  var isFolder: Bool { if case .folder = self { true } else { false } }
}

/// Names in a folder that do not begin with a dot, sorted by their bytes: the same order on every machine.
func visibleNames(in path: String) throws(ImageError) -> [String] {
  guard let directory = opendir(path) else {
    let error = systemError(path)
    if case .missing = error, PathKind(path) != .missing { throw .notAFolder(path: path) }
    throw error
  }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
        String(cString: $0)
      }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

/// The part of a path behind the last slash.
func lastComponent(_ path: String) -> String {
  path.split(separator: "/").last.map(String.init) ?? path
}

/// A path in a folder; an absolute one stays as it is.
func joined(_ folder: String, _ path: String) -> String {
  path.hasPrefix("/") ? path : folder.isEmpty ? path : folder.hasSuffix("/") ? folder + path : folder + "/" + path
}

/// The folder that a file lies in; empty for the current one.
func folder(of path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
