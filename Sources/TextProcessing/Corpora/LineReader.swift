/// Reads a file or standard input line by line, in memory that grows with the longest line only.
///
/// ```swift
/// let reader = try LineReader(path: "reviews.txt")
/// while try reader.advance() {
///   reader.withLine { line in print(reader.lineNumber, line.count) }
/// }
/// ```
///
/// Lines end with LF or CRLF, which is not part of them. A byte order mark at the start of the file is part of its first
/// line, so that offsets count it.
public final class LineReader {
  /// How a line ended.
  public enum LineEnding: Sendable {
    /// At the end of the file.
    case none
    /// With a line feed.
    case lineFeed
    /// With a carriage return and a line feed.
    case returnAndLineFeed
  }

  /// The path as it was given; `-` is standard input.
  public let path: String
  /// Number of the line, from 1; 0 before the first.
  public private(set) var lineNumber = 0
  /// How the line ended.
  public private(set) var lineEnding = LineEnding.none

  private let source: ByteSource?
  private var buffer: [UInt8]
  /// The line in the buffer.
  private var line = 0..<0
  private var isAtLine = false
  /// Bytes that are read and not yet lines.
  private var pending: Range<Int>
  private var reachedEnd: Bool
  /// What was mended from the first pending byte on, by offsets in all that is read.
  private var repairs = TextRepairs()
  /// Offset of the buffer's first byte in all that is read.
  private var bufferOffset = 0

  /// Opens a file, also one that gzip, xz or Zstandard has compressed; `-` is standard input.
  public convenience init(path: String, encoding: TextEncoding = TextEncoding()) throws(CorpusError) {
    self.init(source: try ByteSource(path: path, encoding: encoding))
  }

  /// Reads from a descriptor, which stays open; `name` stands for the path.
  public convenience init(fileDescriptor: Int32, name: String, encoding: TextEncoding = TextEncoding()) {
    self.init(source: ByteSource(descriptor: fileDescriptor, path: name, encoding: encoding))
  }

  /// What was found out about the bytes so far.
  public var encodingReport: TextEncodingReport { source?.report ?? TextEncodingReport() }

  /// Reads lines from memory; `name` stands for the path.
  public init(bytes: [UInt8], name: String) {
    path = name
    source = nil
    buffer = bytes
    pending = 0..<bytes.count
    reachedEnd = true
  }

  init(source: ByteSource) {
    path = source.path
    self.source = source
    buffer = [UInt8](repeating: 0, count: 1 << 18)
    pending = 0..<0
    reachedEnd = false
  }

  /// Moves to the next line; false at the end.
  public func advance() throws(CorpusError) -> Bool {
    var searched = pending.lowerBound
    while true {
      if let newline = firstNewline(from: searched) {
        let hasReturn = newline > pending.lowerBound && buffer[newline - 1] == UInt8(ascii: "\r")
        line = pending.lowerBound..<(hasReturn ? newline - 1 : newline)
        lineEnding = hasReturn ? .returnAndLineFeed : .lineFeed
        pending = newline + 1..<pending.upperBound
        break
      }
      if reachedEnd {
        line = pending
        lineEnding = .none
        pending = pending.upperBound..<pending.upperBound
        if line.isEmpty { return false }
        break
      }
      let known = pending.count
      try fill()
      searched = pending.lowerBound + known
    }
    lineNumber += 1
    isAtLine = true
    return true
  }

  /// Whether ``advance()`` need not wait for whoever writes into the pipe or the terminal: a moment to answer what has
  /// been read so far is where this is false.
  public var nextLineIsReady: Bool {
    reachedEnd || firstNewline(from: pending.lowerBound) != nil || source?.isReady ?? true
  }

  /// Calls `body` with the bytes of the line. It must not move the reader.
  public func withLine<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try buffer.withUnsafeBufferPointer { bytes throws(Failure) in
      try body(UnsafeBufferPointer(rebasing: bytes[line]).span)
    }
  }

  /// Whether lines and blocks of lines are told what was mended of them; to be set before the first. It takes 16 bytes for
  /// each ill-formed sequence of the lines that are held.
  public var keepsRepairs: Bool {
    get { source?.keepsRepairs ?? false }
    set { source?.keepsRepairs = newValue }
  }

  /// What was mended of the line that ``advance()`` moved to, by offsets in it: where ill-formed UTF-8 is replaced or left out
  /// and ``keepsRepairs`` is set.
  public var lineRepairs: TextRepairs { isAtLine ? repairs(in: line) : TextRepairs() }

  /// The line as a string, without a byte order mark at the start of the file. Throws when it is not UTF-8.
  public func lineText() throws(CorpusError) -> String {
    try buffer.withUnsafeBufferPointer { bytes throws(CorpusError) in
      let line = UnsafeBufferPointer(rebasing: bytes[line])
      if let offset = ByteScanner.best.firstInvalidUTF8(in: line) {
        throw .invalidUTF8(path: path, line: lineNumber, offset: offset)
      }
      let hasMark = lineNumber == 1 && ByteOrderMark.begins(line)
      return String(decoding: line[(hasMark ? ByteOrderMark.size : 0)...], as: UTF8.self)
    }
  }

  /// Whether the line is the first and begins with a byte order mark.
  public var lineBeginsWithByteOrderMark: Bool {
    lineNumber == 1 && withLine { $0.withUnsafeBufferPointer { ByteOrderMark.begins($0) } }
  }

  /// The next lines as one block of about `size` bytes, for handing them to another thread; nil at the end. Moves past
  /// them. A block of a pipe or a terminal is smaller where lines are there and more would have to be waited for.
  public func nextBlock(size: Int = 1 << 20) throws(CorpusError) -> LineBlock? {
    while pending.count < size, !reachedEnd, pending.isEmpty || source?.isReady ?? true { try fill() }
    var end = pending.upperBound
    if !reachedEnd && pending.count < size, let newline = lastNewline {
      end = newline + 1
    } else if !reachedEnd || pending.count > size {
      var searched = min(pending.lowerBound + size, pending.upperBound)
      while true {
        if let newline = firstNewline(from: searched) {
          end = newline + 1
          break
        }
        end = pending.upperBound
        if reachedEnd { break }
        let known = pending.count
        try fill()
        searched = pending.lowerBound + known
      }
    }
    guard end > pending.lowerBound else { return nil }
    let block = LineBlock(
      bytes: Array(buffer[pending.lowerBound..<end]), firstLine: lineNumber + 1, path: path,
      repairs: repairs(in: pending.lowerBound..<end))
    pending = end..<pending.upperBound
    line = end..<end
    isAtLine = false
    lineNumber += block.lineCount
    return block
  }

  /// The first lines of the file, without moving: up to `lines` of them or about `size` bytes, but one whole line at least.
  /// To be called before the first line.
  func head(lines: Int, size: Int) throws(CorpusError) -> (bytes: [UInt8], isWhole: Bool) {
    while !reachedEnd, pending.count < size { try fill() }
    var searched = pending.lowerBound
    while !reachedEnd, firstNewline(from: searched) == nil {
      let known = pending.count
      try fill()
      searched = pending.lowerBound + known
    }
    var end = pending.lowerBound
    for _ in 0..<lines {
      guard let newline = firstNewline(from: end) else {
        if reachedEnd { end = pending.upperBound }
        break
      }
      end = newline + 1
    }
    return (Array(buffer[pending.lowerBound..<end]), reachedEnd && end == pending.upperBound)
  }

  /// Lines from other places of a regular file, the first of each place cut off; empty where that cannot be had.
  func samples(places: Int, size: Int) -> [[UInt8]] {
    guard let source, let fileSize = source.size, fileSize > places * size else { return [] }
    return (1...places).map { place in
      let bytes = source.sample(at: min(fileSize / places * place, fileSize - size), count: size)
      guard let first = bytes.firstIndex(of: UInt8(ascii: "\n")), let last = bytes.lastIndex(of: UInt8(ascii: "\n"))
      else { return [] }
      return Array(bytes[first..<last].dropFirst())
    }
  }

  /// What was mended of a part of the buffer.
  private func repairs(in part: Range<Int>) -> TextRepairs {
    repairs.isEmpty ? repairs : repairs.within(bufferOffset + part.lowerBound..<bufferOffset + part.upperBound)
  }

  private var lastNewline: Int? {
    buffer[pending].lastIndex(of: UInt8(ascii: "\n"))
  }

  private func firstNewline(from start: Int) -> Int? {
    buffer.withUnsafeBufferPointer {
      ByteScanner.best.firstNewline(in: UnsafeBufferPointer(rebasing: $0[..<pending.upperBound]), from: start)
    }
  }

  /// Reads more bytes behind the pending ones, after making room.
  private func fill() throws(CorpusError) {
    guard let source else { return }
    if pending.lowerBound > 0 {
      buffer.withUnsafeMutableBytes { bytes in
        let moved = UnsafeRawBufferPointer(rebasing: bytes[pending])
        bytes.copyMemory(from: moved)
      }
      bufferOffset += pending.lowerBound
      repairs.removeAll(before: bufferOffset)
      pending = 0..<pending.count
      line = 0..<0
      isAtLine = false
    }
    if pending.count > buffer.count / 2 { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
    let start = pending.upperBound
    let count = try buffer.fill(from: start) { bytes throws(CorpusError) in try source.read(into: bytes) }
    repairs.append(source.takeRepairs())
    pending = 0..<start + count
    if count == 0 { reachedEnd = true }
  }
}
