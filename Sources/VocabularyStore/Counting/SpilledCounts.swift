import Foundation

/// Counts of tokens that had no room in memory: sorted runs in a file without a name, which are merged at the end.
///
/// The file lies beside the vocabulary that is built, and is gone with the process, however that ends.
public final class SpilledCounts {
  private let descriptor: Int32
  private let path: String
  private var size = 0
  /// Where each run lies in the file.
  private var runs: [Range<Int>] = []

  /// A file in the folder of a path.
  ///
  /// - Throws: ``VocabularyError/cannotCreate(path:reason:)``.
  public init(beside path: String) throws(VocabularyError) {
    self.path = path
    var template = Array("\(AtomicFile.folder(of: path))/.vocabulary-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw .cannotCreate(path: path, reason: systemMessage(errno)) }
    unlink(template)
  }

  deinit { close(descriptor) }

  /// Whether nothing was written.
  public var isEmpty: Bool { runs.isEmpty }

  /// Writes what a counter has counted as a run.
  ///
  /// - Throws: ``VocabularyError/writeFailed(path:reason:)``, when the disk is full for example.
  public func append(_ counter: VocabularyCounter) throws(VocabularyError) {
    guard !counter.hasOverflowed else {
      throw .tooLarge(reason: "more tokens between two spills than memory can number; use less --memory")
    }
    guard counter.distinctCount > 0 else { return }
    let start = size
    var buffer: [UInt8] = []
    buffer.reserveCapacity(1 << 20)
    let bytes = counter.tokens.bytes
    for index in counter.sortedIndices {
      let range = counter.tokens.range(of: index)
      Self.append(UInt64(range.count), to: &buffer)
      buffer += bytes[range]
      Self.append(UInt64(counter.counts[index]), to: &buffer)
      if buffer.count >= 1 << 20 { try flush(&buffer) }
    }
    try flush(&buffer)
    runs.append(start..<size)
  }

  /// Gives the runs back as one counter, without tokens that occurred less often.
  ///
  /// Memory is that of the tokens which are kept, at most twice `maximumSize` of them at a time, and a buffer for each run.
  ///
  /// - Parameters:
  ///   - minimumCount: Tokens seen less often are left out.
  ///   - maximumSize: Of the others, the most frequent ones that are kept, or nil for all.
  ///   - names: are kept, however rare they are.
  /// - Throws: ``VocabularyError/unreadable(path:reason:)``.
  public func merged(
    minimumCount: Int, maximumSize: Int? = nil, keeping names: [String] = []
  ) throws(VocabularyError) -> VocabularyCounter {
    var readers = RunHeap()
    for run in runs {
      let reader = RunReader(descriptor, run, path: path)
      if try reader.advance() { readers.insert(reader) }
    }
    var result = VocabularyCounter()
    let kept = Set(names.map { Array($0.utf8) })
    var least = Int64(minimumCount)
    let (limit, overflows) = (maximumSize ?? .max).multipliedReportingOverflow(by: 2)
    while let token = readers.first?.token {
      var count: Int64 = 0
      while let reader = readers.first, reader.token == token {
        count = count.addingReportingOverflow(reader.count).overflow ? .max : count + reader.count
        if try reader.advance() { readers.firstHasMoved() } else { readers.removeFirst() }
      }
      guard count >= least || kept.contains(token) else {
        result.skip(count)
        continue
      }
      result.add(token.span, count: count)
      if let maximumSize, !overflows, result.distinctCount >= max(limit, 1 << 10) {
        // Tokens come in the order of their bytes, by which equal counts are ranked: a later one has to be more frequent
        // than the last that is kept.
        guard let best = result.mostFrequent(maximumSize, and: kept) else { continue }
        result = best.counter
        least = max(least, best.last + 1)
      }
    }
    return result
  }

  private func flush(_ buffer: inout [UInt8]) throws(VocabularyError) {
    var done = 0
    while done < buffer.count {
      let written = buffer.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + done }, buffer.count - done, off_t(size))
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw .writeFailed(path: path, reason: systemMessage(errno)) }
      done += written
      size += written
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Seven bits a byte, the lowest first.
  private static func append(_ value: UInt64, to buffer: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      buffer.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    buffer.append(UInt8(value))
  }
}

/// Runs, the one whose token comes first on top: a binary heap.
private struct RunHeap {
  private var readers: [RunReader] = []

  var first: RunReader? { readers.first }

  mutating func insert(_ reader: RunReader) {
    readers.append(reader)
    var place = readers.count - 1
    while place > 0, readers[place].precedes(readers[(place - 1) / 2]) {
      readers.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func removeFirst() {
    readers.swapAt(0, readers.count - 1)
    readers.removeLast()
    firstHasMoved()
  }

  /// Puts the first one where its token belongs.
  mutating func firstHasMoved() {
    var place = 0
    while true {
      var least = place
      for child in 2 * place + 1...2 * place + 2 where child < readers.count && readers[child].precedes(readers[least])
      {
        least = child
      }
      if least == place { return }
      readers.swapAt(place, least)
      place = least
    }
  }
}

/// Reads a run token by token.
private final class RunReader {
  private let descriptor: Int32
  private let path: String
  /// What of the run is not in the buffer yet.
  private var rest: Range<Int>
  private var buffer: [UInt8] = []
  private var place = 0
  private(set) var token: [UInt8] = []
  private(set) var count: Int64 = 0

  init(_ descriptor: Int32, _ run: Range<Int>, path: String) {
    self.descriptor = descriptor
    self.path = path
    rest = run
  }

  func precedes(_ other: RunReader) -> Bool { token.lexicographicallyPrecedes(other.token) }

  /// Moves to the next token; false at the end.
  func advance() throws(VocabularyError) -> Bool {
    if place == buffer.count, rest.isEmpty { return false }
    let size = Int(try number())
    try need(size)
    token.removeAll(keepingCapacity: true)
    token += buffer[place..<place + size]
    place += size
    count = Int64(truncatingIfNeeded: try number())
    return true
  }

  private func number() throws(VocabularyError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      try need(1)
      let byte = buffer[place]
      place += 1
      value |= UInt64(byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 || shift > 63 { return value }
    }
  }

  /// Has so many bytes in the buffer.
  private func need(_ size: Int) throws(VocabularyError) {
    while buffer.count - place < size {
      guard !rest.isEmpty else { throw .unreadable(path: path, reason: "the spilled counts end too early") }
      buffer.removeFirst(place)
      place = 0
      let wanted = min(rest.count, max(1 << 16, size))
      let start = buffer.count
      buffer += [UInt8](repeating: 0, count: wanted)
      let read = buffer.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + start }, wanted, off_t(rest.lowerBound))
      }
      guard read > 0 else {
        throw .unreadable(path: path, reason: read < 0 ? systemMessage(errno) : "the spilled counts end too early")
      }
      buffer.removeLast(wanted - read)
      rest = rest.lowerBound + read..<rest.upperBound
    }
  }
}
