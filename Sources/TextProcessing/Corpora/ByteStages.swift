import CCompression
import CICU

/// One of the steps on the way from a file to UTF-8. Each asks the one before it for bytes.
protocol ByteStage: AnyObject {
  /// Puts up to so many bytes as there is room for into a buffer; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int
  /// Whether bytes are there already.
  var hasBytes: Bool { get }
}

extension [UInt8] {
  /// Lets `body` write over the bytes from a place on.
  mutating func fill(
    from start: Int, _ body: (UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int
  ) throws(CorpusError) -> Int {
    let result = withUnsafeMutableBytes { bytes -> Result<Int, CorpusError> in
      do throws(CorpusError) {
        return .success(try body(UnsafeMutableRawBufferPointer(rebasing: bytes[start...])))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

/// A file as it is.
final class FileStage: ByteStage {
  private let file: FileBytes

  init(_ file: FileBytes) { self.file = file }

  var hasBytes: Bool { file.isReady }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int { try file.read(into: buffer) }
}

/// Bytes of another stage that can be looked at before they are taken.
final class PeekStage: ByteStage {
  private let source: any ByteStage
  private var first: ArraySlice<UInt8> = []

  init(_ source: any ByteStage) { self.source = source }

  var hasBytes: Bool { !first.isEmpty || source.hasBytes }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    guard !first.isEmpty else { return try source.read(into: buffer) }
    let count = min(first.count, buffer.count)
    buffer.copyBytes(from: first.prefix(count))
    first = first.dropFirst(count)
    return count
  }

  /// The next bytes, without taking them: so many, or fewer where the source ends or those that are there are enough.
  func peek(_ count: Int, until isEnough: ([UInt8]) -> Bool = { _ in false }) throws(CorpusError) -> [UInt8] {
    while first.count < count, first.isEmpty || !isEnough(Array(first)) {
      var block = [UInt8](repeating: 0, count: max(count - first.count, 1 << 16))
      let read = try block.fill(from: 0) { bytes throws(CorpusError) in try source.read(into: bytes) }
      if read == 0 { break }
      first = Array(first)[...] + block[..<read]
    }
    return Array(first.prefix(count))
  }
}

/// A buffer that a stage takes bytes from and fills again.
struct StageBuffer {
  private(set) var bytes = [UInt8](repeating: 0, count: 1 << 16)
  private(set) var range = 0..<0
  private(set) var isAtEnd = false

  /// Fills what is free, the bytes that are left moved to the front.
  mutating func fill(from stage: any ByteStage) throws(CorpusError) {
    if range.lowerBound > 0 {
      bytes.withUnsafeMutableBytes { memory in
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[range]))
      }
      range = 0..<range.count
    }
    guard range.upperBound < bytes.count else { return }
    let start = range.upperBound
    let count = try bytes.fill(from: start) { memory throws(CorpusError) in try stage.read(into: memory) }
    if count == 0 { isAtEnd = true }
    range = range.lowerBound..<start + count
  }

  /// Takes bytes from the front.
  mutating func take(_ count: Int) { range = range.lowerBound + count..<range.upperBound }
}

/// Decompresses.
final class DecompressionStage: ByteStage {
  enum Format: String {
    case gzip
    case xz
    case zstd = "Zstandard"

    /// The format that bytes begin as.
    init?(_ bytes: [UInt8]) {
      if bytes.starts(with: [0x1F, 0x8B]) {
        self = .gzip
      } else if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
        self = .xz
      } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
        self = .zstd
      } else {
        return nil
      }
    }

    fileprivate var code: ccompression_format {
      switch self {
      case .gzip: ccompression_gzip
      case .xz: ccompression_xz
      case .zstd: ccompression_zstd
      }
    }

    fileprivate var package: String {
      switch self {
      case .gzip: "zlib1g"
      case .xz: "liblzma5"
      case .zstd: "libzstd1"
      }
    }
  }

  private let source: any ByteStage
  private let path: String
  private let format: Format
  private let decoder: OpaquePointer
  private var buffer = StageBuffer()
  /// Whether the bytes so far end with a whole member.
  private var isWhole = false

  init(_ source: any ByteStage, _ format: Format, path: String) throws(CorpusError) {
    guard let decoder = ccompression_open(format.code) else {
      throw .unreadable(
        path: path,
        reason: "it is compressed by \(format.rawValue), whose library is not there; install the package "
          + "\(format.package), or decompress it first")
    }
    self.source = source
    self.path = path
    self.format = format
    self.decoder = decoder
  }

  deinit { ccompression_close(decoder) }

  var hasBytes: Bool { !buffer.range.isEmpty || source.hasBytes }

  func read(into output: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    let target = output.bindMemory(to: UInt8.self)
    guard let start = target.baseAddress, !target.isEmpty else { return 0 }
    while true {
      if buffer.range.isEmpty, !buffer.isAtEnd { try buffer.fill(from: source) }
      // Members may be padded with zeros.
      if isWhole, format != .zstd {
        while !buffer.range.isEmpty, buffer.bytes[buffer.range.lowerBound] == 0 { buffer.take(1) }
        if buffer.range.isEmpty, !buffer.isAtEnd { continue }
      }
      if buffer.range.isEmpty, isWhole { return 0 }
      var (next, room) = (start, target.count)
      var left = buffer.range.count
      let status = buffer.bytes.withUnsafeBufferPointer { bytes -> Int32 in
        var from = bytes.baseAddress.map { $0 + buffer.range.lowerBound }
        return ccompression_run(decoder, &from, &left, &next, &room)
      }
      guard status != -2 else {
        throw .unreadable(
          path: path,
          reason: "\(format.rawValue) needs more memory for it than is allowed (a dictionary beyond 400 MB, "
            + "or a long window); decompress it first")
      }
      guard status >= 0 else { throw .damagedCompression(path: path, format: format.rawValue) }
      let taken = buffer.range.count - left
      buffer.take(taken)
      isWhole = status == 1
      let count = target.count - room
      if count > 0 { return count }
      if !isWhole, taken == 0, buffer.isAtEnd { throw .damagedCompression(path: path, format: format.rawValue) }
    }
  }
}

/// Converts from a character set to UTF-8.
final class ConversionStage: ByteStage {
  private let source: any ByteStage
  private let path: String
  private let charset: String
  private let converter: OpaquePointer
  private var buffer = StageBuffer()
  private var offset = 0
  private var isDone = false

  init(
    _ source: any ByteStage, charset: String, invalid: TextEncoding.InvalidBytes, path: String
  ) throws(CorpusError) {
    self.source = source
    self.path = path
    self.charset = charset
    var status: cicu_status = 0
    let policy =
      switch invalid {
      case .error: cicu_invalid_stop
      case .skip: cicu_invalid_skip
      case .replace: cicu_invalid_replace
      }
    // A NUL would cut the name short for C.
    guard !charset.utf8.contains(0), let converter = cicu_converter_open(charset, policy, &status) else {
      throw .unknownCharset(path: path, charset: charset)
    }
    self.converter = converter
  }

  deinit { cicu_converter_close(converter) }

  var hasBytes: Bool { !buffer.range.isEmpty || source.hasBytes }

  func read(into output: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    let target = output.bindMemory(to: UInt8.self)
    guard let start = target.baseAddress, !target.isEmpty else { return 0 }
    while !isDone {
      if buffer.range.isEmpty, !buffer.isAtEnd { try buffer.fill(from: source) }
      var status: cicu_status = 0
      var invalid = 0
      var taken = 0
      let isLast = buffer.isAtEnd
      let count = buffer.bytes.withUnsafeBufferPointer { bytes -> Int in
        guard let base = bytes.baseAddress else { return 0 }
        var from = base + buffer.range.lowerBound
        let count = cicu_converter_run(
          converter, &from, base + buffer.range.upperBound, start, target.count, isLast, &invalid, &status)
        taken = from - base - buffer.range.lowerBound
        return count
      }
      buffer.take(taken)
      offset += taken
      guard status <= 0 else {
        if invalid > 0 { throw .invalidBytes(path: path, charset: charset, offset: max(0, offset - invalid)) }
        throw .unreadable(path: path, reason: "ICU failed to convert from \(charset): \(statusName(status))")
      }
      if isLast, buffer.range.isEmpty, count < target.count { isDone = true }
      if count > 0 { return count }
    }
    return 0
  }
}
