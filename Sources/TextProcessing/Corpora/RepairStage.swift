/// Replaces or leaves out what is not UTF-8.
final class RepairStage: ByteStage {
  /// U+FFFD
  private static let mark: [UInt8] = [0xEF, 0xBF, 0xBD]

  private let source: any ByteStage
  private let replaces: Bool
  private var buffer = StageBuffer()
  private var repaired: [UInt8] = []
  private var done = 0
  /// How far the bytes are taken over.
  private var offset = 0
  /// How many bytes this stage gave before those of `repaired`.
  private var repairedOffset = 0
  private(set) var repairCount = 0
  private(set) var firstRepair: Int?
  /// Whether repairs are kept to be taken.
  var keepsRepairs = false
  /// Those that nobody has taken yet; their offsets are those of all that this stage gives.
  private var newRepairs: [TextRepairs.Repair] = []

  init(_ source: any ByteStage, replaces: Bool) {
    self.source = source
    self.replaces = replaces
  }

  var hasBytes: Bool { done < repaired.count || source.hasBytes }

  func read(into output: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    while done == repaired.count {
      if buffer.isAtEnd, buffer.range.isEmpty { return 0 }
      try buffer.fill(from: source)
      repair()
    }
    let count = min(repaired.count - done, output.count)
    output.copyBytes(from: repaired[done..<done + count])
    done += count
    return count
  }

  /// The repairs since the last call; some of them may lie ahead of what was read.
  func takeRepairs() -> [TextRepairs.Repair] {
    var taken: [TextRepairs.Repair] = []
    swap(&taken, &newRepairs)
    return taken
  }

  /// Takes over what is complete of the buffer.
  private func repair() {
    repairedOffset += repaired.count
    repaired.removeAll(keepingCapacity: true)
    done = 0
    let taken = buffer.bytes.withUnsafeBufferPointer { bytes -> Int in
      let bytes = UnsafeBufferPointer(rebasing: bytes[buffer.range])
      var start = 0
      while start < bytes.count {
        let rest = UnsafeBufferPointer(rebasing: bytes[start...])
        guard let bad = ByteScanner.best.firstInvalidUTF8(in: rest) else {
          repaired += rest
          return bytes.count
        }
        repaired += rest[..<bad]
        let subpart = UTF8Decoding.maximalSubpart(in: rest, at: bad)
        // What the buffer's end cuts may go on.
        if subpart.isCut, !buffer.isAtEnd { return start + bad }
        repairCount += 1
        if firstRepair == nil { firstRepair = offset + start + bad }
        if keepsRepairs {
          newRepairs.append(
            TextRepairs.Repair(
              offset: repairedOffset + repaired.count, originalSize: UInt8(subpart.size),
              size: replaces ? UInt8(Self.mark.count) : 0))
        }
        if replaces { repaired += Self.mark }
        start += bad + subpart.size
      }
      return bytes.count
    }
    offset += taken
    buffer.take(taken)
  }
}

extension UTF8Decoding {
  /// The bytes of an ill-formed sequence that count as one (Unicode 15.0, table 3-7), and whether it is ill-formed only because
  /// the bytes end.
  static func maximalSubpart(in bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> (size: Int, isCut: Bool) {
    let first = bytes[start]
    let (size, second): (Int, ClosedRange<UInt8>)
    switch first {
    case 0xC2...0xDF: (size, second) = (2, 0x80...0xBF)
    case 0xE0: (size, second) = (3, 0xA0...0xBF)
    case 0xED: (size, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (size, second) = (3, 0x80...0xBF)
    case 0xF0: (size, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (size, second) = (4, 0x80...0xBF)
    case 0xF4: (size, second) = (4, 0x80...0x8F)
    default: return (1, false)
    }
    for index in 1..<size {
      guard start + index < bytes.count else { return (index, true) }
      guard (index == 1 ? second : 0x80...0xBF).contains(bytes[start + index]) else { return (index, false) }
    }
    return (size, false)
  }
}
