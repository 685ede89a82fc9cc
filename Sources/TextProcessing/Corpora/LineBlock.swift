/// Whole lines of a file, to be worked on apart from it.
public struct LineBlock: Sendable {
  /// The lines with their ends.
  public let bytes: [UInt8]
  /// Number of the first line, from 1.
  public let firstLine: Int
  /// The file, as it was given.
  public let path: String
  /// How many lines there are.
  public let lineCount: Int
  /// What was mended, by offsets in `bytes`.
  private let repairs: TextRepairs

  init(bytes: [UInt8], firstLine: Int, path: String, repairs: TextRepairs = TextRepairs()) {
    self.bytes = bytes
    self.firstLine = firstLine
    self.path = path
    var count = 0
    Self.forEachLine(of: bytes) { _ in count += 1 }
    lineCount = count
    self.repairs = repairs
  }

  /// Calls `body` with each line: its number, and its bytes without the line end.
  public func forEachLine<Failure: Error>(
    _ body: (_ number: Int, _ line: Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    try forEachLine { number, line, _ throws(Failure) in try body(number, line) }
  }

  /// Calls `body` with each line, and with what was mended of it where the reader keeps that: by offsets in the line.
  public func forEachLine<Failure: Error>(
    _ body: (_ number: Int, _ line: Span<UInt8>, _ repairs: TextRepairs) throws(Failure) -> Void
  ) throws(Failure) {
    var number = firstLine
    try Self.forEachLine(of: bytes) { line throws(Failure) in
      try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
        try body(number, UnsafeBufferPointer(rebasing: bytes[line]).span, repairs.within(line))
      }
      number += 1
    }
  }

  private static func forEachLine<Failure: Error>(
    of bytes: [UInt8], _ body: (Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
      var start = 0
      while start < bytes.count {
        let newline = ByteScanner.best.firstNewline(in: bytes, from: start)
        var end = newline ?? bytes.count
        if newline != nil, end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        try body(start..<end)
        start = (newline ?? bytes.count) + 1
      }
    }
  }
}
