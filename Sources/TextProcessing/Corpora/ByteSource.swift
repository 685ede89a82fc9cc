#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The system's `read`, under a name that a method of that name does not hide.
private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = read

/// Where bytes are read from: an open file.
final class ByteSource {
  let path: String
  private let descriptor: Int32
  private let closes: Bool
  /// Of a regular file; nil for pipes and terminals.
  let size: Int?

  /// Opens a file; `-` is standard input.
  init(path: String) throws(CorpusError) {
    self.path = path
    if path == "-" {
      descriptor = STDIN_FILENO
      closes = false
      size = nil
      return
    }
    // C would take a name with a NUL for a shorter one.
    guard !path.utf8.contains(0) else { throw .missingFile(path: path) }
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { throw Self.openingError(path: path) }
    var status = stat()
    guard fstat(opened, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      close(opened)
      throw .unreadable(path: path, reason: reason)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(opened)
      throw .isDirectory(path: path)
    }
    descriptor = opened
    closes = true
    size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  /// Reads from a descriptor that stays the caller's.
  init(descriptor: Int32, path: String) {
    self.path = path
    self.descriptor = descriptor
    closes = false
    size = nil
  }

  deinit {
    if closes { close(descriptor) }
  }

  /// Reads up to the size of the buffer; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Result<Int, CorpusError> {
    while true {
      let count = systemRead(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return .success(count) }
      if errno != EINTR { return .failure(.unreadable(path: path, reason: String(cString: strerror(errno)))) }
    }
  }

  /// All bytes that are left.
  func readAll() throws(CorpusError) -> [UInt8] {
    var bytes: [UInt8] = []
    let block = max(1 << 16, min((size ?? 0) + 1, 1 << 26))
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: block))
      let result = bytes.withUnsafeMutableBytes { read(into: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
      let count = try result.get()
      bytes.removeLast(block - count)
      if count == 0 { return bytes }
    }
  }

  /// Whether a read would return at once.
  var isReady: Bool {
    if size != nil { return true }
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&state, 1, 0) != 0
  }

  /// Reads at an offset of a regular file without moving; fewer bytes where it ends or cannot be read.
  func sample(at offset: Int, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
    bytes.removeLast(count - max(0, read))
    return bytes
  }

  private static func openingError(path: String) -> CorpusError {
    let code = errno
    if code == ENOENT || code == ENOTDIR { return .missingFile(path: path) }
    return .unreadable(path: path, reason: String(cString: strerror(code)))
  }
}

/// What folders are asked about.
enum FileSystem {
  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return !path.utf8.contains(0) && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Names in a folder that do not begin with a dot, sorted by their bytes: the same order on every machine.
  static func visibleNames(in path: String) throws(CorpusError) -> [String] {
    guard let directory = opendir(path) else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
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
}
