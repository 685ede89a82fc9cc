import Glibc
import Synchronization

/// Standard output with a buffer: written when the buffer is full and at the end, and after each line where a person
/// looks on.
final class StandardOutput: Sendable {
  static let shared = StandardOutput()

  private let buffer = Mutex<[UInt8]>([])
  private let capacity = 1 << 16
  private let isInteractive = isatty(STDOUT_FILENO) == 1

  func write(_ text: String) throws(CommandFailure) {
    try write(utf8: Array(text.utf8))
  }

  func write(utf8 bytes: [UInt8]) throws(CommandFailure) {
    let ready = buffer.withLock { buffer -> [UInt8]? in
      buffer += bytes
      guard buffer.count >= capacity || isInteractive else { return nil }
      defer { buffer.removeAll(keepingCapacity: true) }
      return buffer
    }
    if let ready { try Self.writeAll(ready) }
  }

  func flush() throws(CommandFailure) {
    let rest = buffer.withLock { buffer in
      defer { buffer = [] }
      return buffer
    }
    try Self.writeAll(rest)
  }

  private static func writeAll(_ bytes: [UInt8]) throws(CommandFailure) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        Glibc.write(STDOUT_FILENO, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
      }
      if count >= 0 {
        offset += count
      } else if errno == EPIPE {
        // Whoever read has seen enough.
        Glibc.exit(0)
      } else if errno != EINTR {
        throw CommandFailure(.writeFailed, "standard output: \(String(cString: strerror(errno))); free some space")
      }
    }
  }
}

/// Messages for the person, never results.
enum StandardError {
  static let isInteractive = isatty(STDERR_FILENO) == 1

  static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { return }
    }
  }
}
