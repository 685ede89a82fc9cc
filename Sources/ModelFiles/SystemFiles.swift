package import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The text of the last error of the operating system.
func systemErrorText(_ code: Int32 = errno) -> String {
  String(cString: strerror(code))
}

/// Writes a whole file: to a temporary name beside it, forced to the disk, then renamed, so that a reader sees the old
/// file or the new one and never a part.
public func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileError) {
  try writeAtomically(to: path) { (writer) throws(FileError) in try writer.write(bytes) }
}

/// Writes a whole file, with the same promise, where nothing is yet or what is there may be replaced.
///
/// - Throws: ``FileError/alreadyExists(path:)``, ``FileError/cannotCreate(path:reason:)``,
///   ``FileError/writeFailed(path:reason:)``.
public func writeFile(_ bytes: [UInt8], to path: String, replacing: Bool) throws(FileError) {
  try checkWritable(file: path, replacing: replacing)
  try writeAtomically(bytes, to: path)
}

/// Whether a regular file is there.
func isFile(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}

/// Whether a file could be written there; for asking before minutes of work.
public func checkWritable(file path: String, replacing: Bool) throws(FileError) {
  var status = stat()
  if stat(path, &status) == 0 {
    // A device or a pipe would be replaced by a file of its name.
    guard status.st_mode & S_IFMT == S_IFREG else {
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw .cannotCreate(path: path, reason: isFolder ? "a folder is there" : "what is there is not a regular file")
    }
    guard replacing else { throw .alreadyExists(path: path) }
  }
}

/// Writes a whole file piece by piece, with the same promise.
package func writeAtomically(
  to path: String, _ body: (inout FileWriter) throws(FileError) -> Void
) throws(FileError) {
  let temporary = "\(path).part-\(getpid())"
  do throws(FileError) {
    var writer = try FileWriter(path: temporary, shownAs: path)
    do throws(FileError) {
      try body(&writer)
    } catch {
      writer.abandon()
      throw error
    }
    try writer.finish()
    guard rename(temporary, path) == 0 else {
      throw FileError.cannotCreate(path: path, reason: systemErrorText())
    }
  } catch {
    unlink(temporary)
    throw error
  }
}

/// A file that is being written.
package struct FileWriter: ~Copyable {
  private let descriptor: Int32
  private let shownPath: String

  /// Errors name `shownAs`, the path that the user knows.
  init(path: String, shownAs shownPath: String) throws(FileError) {
    self.shownPath = shownPath
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .cannotCreate(path: shownPath, reason: systemErrorText())
    }
  }

  package func write(_ bytes: [UInt8]) throws(FileError) {
    let failure = bytes.withUnsafeBytes { write(raw: $0) }
    if let failure { throw failure }
  }

  /// Writes the numbers of a tensor as Float32, little-endian.
  package func write(_ tensor: Tensor) throws(FileError) {
    let failure = tensor.withUnsafeElements { write(raw: UnsafeRawBufferPointer($0)) }
    if let failure { throw failure }
  }

  /// The error is returned, since closures that hand out raw memory cannot all throw typed.
  func write(raw bytes: UnsafeRawBufferPointer) -> FileError? {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #else
        let count = Musl.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if count < 0 {
        if errno == EINTR { continue }
        return .writeFailed(path: shownPath, reason: systemErrorText())
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return nil
  }

  func abandon() { close(descriptor) }

  consuming func finish() throws(FileError) {
    // A full disk may show only here.
    let isSafe = fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS
    let reason = systemErrorText()
    let isClosed = close(descriptor) == 0
    guard isSafe, isClosed else { throw .writeFailed(path: shownPath, reason: isSafe ? systemErrorText() : reason) }
  }
}

/// A file that the operating system shows as memory, read as it is touched.
public final class MappedFile: @unchecked Sendable {
  // Unchecked: the memory is never written to and stays until the last reference is gone.
  let base: UnsafeRawPointer
  /// Bytes of the file.
  public let count: Int

  /// Maps a regular file.
  public init(path: String) throws(FileError) {
    // Without waiting for somebody who writes to a pipe, which is refused below.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT || errno == ENOTDIR
        ? .missing(path: path) : .unreadable(path: path, reason: systemErrorText())
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "not a regular file")
    }
    count = Int(status.st_size)
    guard count > 0 else { throw .damaged(path: path, reason: "it is empty") }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw .unreadable(path: path, reason: systemErrorText())
    }
    base = UnsafeRawPointer(address)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }

  /// The bytes of a range inside of the file.
  package func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
  }

  /// Calls `body` with the bytes of a range inside of the file.
  @inline(__always)
  public func withBytes<R, E: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "MappedFile: \(range) of \(count) bytes")
    return try body(bytes(range).bytes)
  }
}

/// The content of a file, as long as it has at most `limit` bytes.
public func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
  let file = try MappedFile(path: path)
  guard file.count <= limit else { throw .damaged(path: path, reason: "\(file.count) bytes are too many") }
  return Array(file.bytes(0..<file.count))
}
