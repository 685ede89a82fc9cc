import CTextKernels

/// The byte scanners of one instruction set, as Swift calls them.
///
/// A thin wrapper: pointers stay inside the library, and every call names the bytes that may be read.
struct ByteScanner: @unchecked Sendable {
  // The table is a constant of the C library, so that sharing the pointer is safe.
  let kernels: UnsafePointer<text_kernels>

  /// The scanners of the best instruction set that this machine has.
  static let best = ByteScanner(kernels: text_kernels_of_this_machine())

  /// The scanners of one level, where the machine has it.
  init?(level: text_kernel_level) {
    guard let table = text_kernel_table(level) else { return nil }
    kernels = table
  }

  private init(kernels: UnsafePointer<text_kernels>) {
    self.kernels = kernels
  }

  /// Offset of the first ill-formed UTF-8 sequence, or nil when there is none.
  func firstInvalidUTF8(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let offset = kernels.pointee.first_invalid_utf8(base, bytes.count)
    return offset < bytes.count ? offset : nil
  }

  /// Offset of the first byte that is not ASCII at or after `start`, or the count.
  func firstNonASCII(in bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int {
    guard let base = bytes.baseAddress, start < bytes.count else { return bytes.count }
    return start + kernels.pointee.first_non_ascii(base + start, bytes.count - start)
  }

  /// Offset of the first line feed at or after `start`, or nil when there is none.
  func firstNewline(in bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int? {
    guard let base = bytes.baseAddress, start < bytes.count else { return nil }
    let offset = start + kernels.pointee.find_newline(base + start, bytes.count - start)
    return offset < bytes.count ? offset : nil
  }

  /// Copies `source` to the start of `destination`, with A…Z made a…z. `destination` must have the room.
  func lowercaseASCII(_ source: UnsafeBufferPointer<UInt8>, to destination: UnsafeMutableBufferPointer<UInt8>) {
    guard let from = source.baseAddress, let to = destination.baseAddress, source.count <= destination.count else {
      return
    }
    kernels.pointee.lowercase_ascii(from, source.count, to)
  }
}
