#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How often each word of some texts occurs, in bounded memory.
struct WordCounts: Sendable {
  /// The words: the id of each is its place in `counts`.
  private(set) var words = TokenTable()
  private(set) var counts: [Int64] = []
  /// Bytes that words and counts may take, about.
  private let memoryLimit: Int
  /// Words that occurred so often or less were dropped at some time.
  private(set) var droppedUpTo: Int64 = 0

  init(memoryLimit: Int) { self.memoryLimit = memoryLimit }

  /// Words.
  var count: Int { counts.count }

  @inline(__always)
  mutating func add(_ word: UnsafeBufferPointer<UInt8>, count: Int64 = 1) {
    let (entry, isNew) = words.insert(word)
    if isNew {
      counts.append(count)
      if words.memory + 8 * counts.count > memoryLimit { dropRare() }
    } else {
      counts[entry] += count
    }
  }

  /// The bytes of a word.
  @inline(__always)
  func withWord<R>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R { words.withBytes(of: index, body) }

  /// The words in the order of their bytes, which does not depend on that of the texts.
  var sortedIndices: [Int] {
    (0..<count).sorted { a, b in
      withWord(a) { left in
        withWord(b) { right in
          guard let first = left.baseAddress, let second = right.baseAddress else { return left.count < right.count }
          let order = memcmp(first, second, min(left.count, right.count))
          return order != 0 ? order < 0 : left.count < right.count
        }
      }
    }
  }

  /// Drops the rarest words, until half of the memory is free. What is dropped depends on the texts alone.
  private mutating func dropRare() {
    let old = self
    repeat {
      droppedUpTo += 1
      var kept = 0
      for (index, count) in old.counts.enumerated() where count > droppedUpTo { kept += 40 + old.words.size(of: index) }
      if kept <= memoryLimit / 2 { break }
    } while droppedUpTo < .max
    words = TokenTable()
    counts = []
    for (index, count) in old.counts.enumerated() where count > droppedUpTo {
      old.withWord(index) { _ = words.insert($0) }
      counts.append(count)
    }
  }
}
