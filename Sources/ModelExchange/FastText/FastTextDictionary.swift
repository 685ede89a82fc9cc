import ModelFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The words and labels of a model of fastText, words first. Their bytes stay in the file.
struct FastTextDictionary: Sendable {
  static let endOfLine = Array("</s>".utf8)
  /// What begins labels. Another one that a training may have had is not kept in the file.
  static let labelPrefix = Array("__label__".utf8)

  let wordCount: Int
  let labelCount: Int
  /// Words of the training texts.
  let tokenCount: Int
  /// How often each label occurred.
  let labelCounts: [Int64]
  /// Which n-grams have a row; nil where all have.
  let keptBuckets: FastTextBuckets?

  private let file: MappedFile
  private let entries: Range<Int>
  /// Where the words and labels begin in `entries`, and where the last one ends.
  private let starts: [UInt32]
  /// An open table: the hash in the upper half, the number + 1 in the lower one, 0 where nothing is.
  private let slots: [UInt64]

  /// Behind a word stand a zero, its count and its kind.
  private static let tail = 10

  init(_ reader: inout FastTextReader) throws(ExchangeError) {
    let most = Int(Int32.max)
    let size = try reader.int32("dictionary.size", in: 0...most)
    wordCount = try reader.int32("dictionary.nwords", in: 0...most)
    labelCount = try reader.int32("dictionary.nlabels", in: 0...most)
    guard wordCount + labelCount == size else {
      throw reader.malformed("dictionary.size", "it is \(size), with \(wordCount) words and \(labelCount) labels")
    }
    tokenCount = try reader.int64("dictionary.ntokens")
    let pruned = try reader.int64("dictionary.pruneidx_size", in: -1...Int.max)
    guard size <= reader.remaining / Self.tail else {
      throw reader.malformed("dictionary.size", "\(size) entries do not fit \(reader.remaining) bytes")
    }
    file = reader.file
    let parsed = try Self.parse(reader, size: size, words: wordCount)
    (starts, slots, labelCounts) = (parsed.starts, parsed.slots, parsed.labelCounts)
    let end = reader.position + Int(parsed.starts[size])
    entries = reader.position..<end
    reader.move(to: end)
    keptBuckets = pruned < 0 ? nil : try FastTextBuckets(&reader, count: pruned)
  }

  private struct Parsed {
    var starts: [UInt32] = [0]
    var slots: [UInt64] = []
    var labelCounts: [Int64] = []
  }

  private static func parse(
    _ reader: FastTextReader, size: Int, words: Int
  ) throws(ExchangeError) -> Parsed {
    var parsed = Parsed()
    parsed.starts.reserveCapacity(size + 1)
    parsed.labelCounts.reserveCapacity(size - words)
    parsed.slots = [UInt64](repeating: 0, count: FastTextTable.capacity(size))
    var fault: (field: String, reason: String)?
    reader.file.withBytes(reader.position..<reader.file.count) { span in
      span.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        var place = 0
        for index in 0..<size {
          guard let zero = memchr(base + place, 0, bytes.count - place) else {
            return fault = ("dictionary.entry \(index)", "it does not end before the file does")
          }
          let end = UnsafeRawPointer(zero) - base
          guard bytes.count - end >= tail else {
            return fault = ("dictionary.entry \(index)", "the file ends within it")
          }
          let count = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: end + 1, as: Int64.self))
          // fastText's own trees of labels do not take more either.
          guard (0..<FastTextTree.countLimit).contains(count) else {
            return fault = ("dictionary.entry \(index).count", "it is \(count)")
          }
          guard bytes[end + 9] == (index < words ? 0 : 1) else {
            return fault = ("dictionary.entry \(index).type", "words come first, labels behind them")
          }
          if index >= words { parsed.labelCounts.append(count) }
          let text = UnsafeRawBufferPointer(rebasing: bytes[place..<end])
          insert(text, index, bytes, &parsed)
          place = end + tail
          guard place <= Int(UInt32.max) else {
            return fault = ("dictionary", "it is longer than 4 GB")
          }
          parsed.starts.append(UInt32(place))
        }
      }
    }
    if let fault { throw reader.malformed(fault.field, fault.reason) }
    return parsed
  }

  private static func insert(
    _ text: UnsafeRawBufferPointer, _ index: Int, _ bytes: UnsafeRawBufferPointer, _ parsed: inout Parsed
  ) {
    var hash = FastTextHash.start
    for byte in text { hash = FastTextHash.extend(hash, byte) }
    let slot = FastTextTable.find(hash, in: parsed.slots) { other in
      isEqual(text, bytes, parsed.starts, other)
    }
    // Of equal words the last one counts.
    parsed.slots[slot] = UInt64(hash) << 32 | UInt64(index + 1)
  }

  @inline(__always)
  private static func isEqual(
    _ text: UnsafeRawBufferPointer, _ entries: UnsafeRawBufferPointer, _ starts: [UInt32], _ index: Int
  ) -> Bool {
    let start = Int(starts[index])
    // While the table is made the end of the last entry is not known yet; the zero behind the text tells as much.
    guard entries.count - start > text.count, entries[start + text.count] == 0 else { return false }
    guard let base = text.baseAddress, let other = entries.baseAddress else { return text.isEmpty }
    return memcmp(base, other + start, text.count) == 0
  }

  /// Calls `body` with something that finds words.
  @inline(__always)
  func withLookup<R>(_ body: (Lookup) -> R) -> R {
    file.withBytes(entries) { span in
      span.withUnsafeBytes { body(Lookup(dictionary: self, bytes: $0)) }
    }
  }

  /// Finds words and labels by their bytes.
  struct Lookup {
    fileprivate let dictionary: FastTextDictionary
    fileprivate let bytes: UnsafeRawBufferPointer

    /// The number of a word or label with this hash; nil where there is none.
    @inline(__always)
    func index(of text: UnsafeRawBufferPointer, hash: UInt32) -> Int? {
      let slot = FastTextTable.find(hash, in: dictionary.slots) {
        FastTextDictionary.isEqual(text, bytes, dictionary.starts, $0)
      }
      let entry = dictionary.slots[slot]
      return entry == 0 ? nil : Int(entry & 0xFFFF_FFFF) - 1
    }
  }

  /// A word, or behind the words a label.
  func text(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  /// Its bytes.
  func bytes(_ index: Int) -> [UInt8] {
    let (start, end) = (Int(starts[index]), Int(starts[index + 1]) - Self.tail)
    return file.withBytes(entries.lowerBound + start..<entries.lowerBound + end) { span in
      span.withUnsafeBytes { Array($0) }
    }
  }
}

/// Tables of slots with a hash in the upper half and a number + 1 in the lower one; at most two thirds are full.
enum FastTextTable {
  /// Slots for so many entries.
  static func capacity(_ count: Int) -> Int {
    var capacity = 4
    while capacity < count + count / 2 + 1 { capacity *= 2 }
    return capacity
  }

  /// The slot of an entry, or the free one where it belongs.
  @inline(__always)
  static func find(_ hash: UInt32, in slots: [UInt64], _ isEqual: (Int) -> Bool) -> Int {
    let mask = slots.count - 1
    // FNV's low bits are its weakest ones.
    var slot = Int(truncatingIfNeeded: (UInt64(hash) &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while slots[slot] != 0 {
      if UInt32(truncatingIfNeeded: slots[slot] >> 32) == hash, isEqual(Int(slots[slot] & 0xFFFF_FFFF) - 1) { break }
      slot = (slot + 1) & mask
    }
    return slot
  }
}

/// The buckets that a cut-down model has kept, and their places among its rows of n-grams.
struct FastTextBuckets: Sendable {
  /// Places that there are.
  let count: Int
  /// The largest place; -1 for none.
  let largestPlace: Int
  private let slots: [UInt64]
  private let places: [Int32]

  init(_ reader: inout FastTextReader, count: Int) throws(ExchangeError) {
    let range = try reader.block("dictionary.pruneidx", count: count, size: 8)
    var slots = [UInt64](repeating: 0, count: FastTextTable.capacity(count))
    var places: [Int32] = []
    places.reserveCapacity(count)
    var isNegative = false
    reader.file.withBytes(range) { bytes in
      for index in 0..<count {
        let bucket = UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8 * index, as: UInt32.self))
        let place = Int32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8 * index + 4, as: Int32.self))
        if place < 0 { isNegative = true }
        let slot = FastTextTable.find(bucket, in: slots) { _ in true }
        slots[slot] = UInt64(bucket) << 32 | UInt64(index + 1)
        places.append(place)
      }
    }
    guard !isNegative else { throw reader.malformed("dictionary.pruneidx", "a place is negative") }
    self.count = count
    self.slots = slots
    largestPlace = Int(places.max() ?? -1)
    self.places = places
  }

  /// The place of a bucket; nil where it was not kept.
  @inline(__always)
  func place(of bucket: UInt32) -> Int32? {
    let entry = slots[FastTextTable.find(bucket, in: slots) { _ in true }]
    return entry == 0 ? nil : places[Int(entry & 0xFFFF_FFFF) - 1]
  }
}
