#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Writes a file so that its name shows the old content, or none, until all of the new one is on the disk.
enum WholeFile {
  static func write(_ bytes: [UInt8], to path: String) throws(SubwordTokenizerError) {
    func failure() -> SubwordTokenizerError {
      .cannotWrite(path: path, reason: String(cString: strerror(errno)).lowercased())
    }
    // C would take a name with a NUL for a shorter one.
    guard !path.utf8.contains(0) else { throw .cannotCreate(path: path, reason: "the name has a NUL") }
    let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 16)).part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .cannotCreate(path: path, reason: String(cString: strerror(errno)).lowercased())
    }
    var done = 0
    var isWhole = true
    while isWhole, done < bytes.count {
      let count = bytes.withUnsafeBytes {
        systemWrite(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if count < 0, errno == EINTR { continue }
      isWhole = count > 0
      done += max(0, count)
    }
    isWhole = isWhole && fsync(descriptor) == 0
    isWhole = close(descriptor) == 0 && isWhole
    guard isWhole, rename(temporary, path) == 0 else {
      let error = failure()
      unlink(temporary)
      throw error
    }
  }
}

private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { write($0, $1, $2) }
