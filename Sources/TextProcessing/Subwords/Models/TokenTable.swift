/// Ids of byte strings: an open-addressing table over one array of bytes. Tokens are compared by their bytes alone.
struct TokenTable: Sendable {
  /// The bytes of all tokens, one behind the other.
  private var bytes: [UInt8] = []
  /// Where each entry begins in `bytes`, and the end of the last one.
  private var starts: [Int] = [0]
  private var ids: [Int32] = []
  private var hashes: [UInt32] = []
  /// Entry + 1 of each slot; 0 is free.
  private var slots: [Int32]

  /// A table with room for so many tokens.
  init(capacity: Int = 0) {
    slots = [Int32](repeating: 0, count: Self.slotCount(capacity))
    ids.reserveCapacity(capacity)
    starts.reserveCapacity(capacity + 1)
    hashes.reserveCapacity(capacity)
  }

  /// Entries.
  var count: Int { ids.count }

  /// Adds a token; false, and nothing changes, where it is there already.
  @discardableResult
  mutating func insert(_ token: some Collection<UInt8>, id: Int32) -> Bool {
    let own = Array(token)
    return own.withUnsafeBufferPointer { token in
      if self.id(of: token) != nil { return false }
      if 2 * (ids.count + 1) > slots.count { grow() }
      let hash = Self.hash(token)
      hashes.append(hash)
      ids.append(id)
      bytes += own
      starts.append(bytes.count)
      place(Int32(ids.count), hash)
      return true
    }
  }

  /// Adds a token whose id is its place among the entries, unless it is there; returns that place.
  @inline(__always)
  mutating func insert(_ token: UnsafeBufferPointer<UInt8>) -> (entry: Int, isNew: Bool) {
    let hash = Self.hash(token)
    if let entry = entry(of: token, hash) { return (entry, false) }
    if 2 * (ids.count + 1) > slots.count { grow() }
    let entry = ids.count
    hashes.append(hash)
    ids.append(Int32(truncatingIfNeeded: entry))
    bytes += token
    starts.append(bytes.count)
    place(Int32(truncatingIfNeeded: entry + 1), hash)
    return (entry, true)
  }

  /// Bytes that it takes, about.
  var memory: Int { bytes.count + 16 * ids.count + 4 * slots.count }

  /// Bytes of an entry's token.
  func size(of entry: Int) -> Int { starts[entry + 1] - starts[entry] }

  /// An entry's token.
  @inline(__always)
  func withBytes<R>(of entry: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[starts[entry]..<starts[entry + 1]])) }
  }

  /// The id of a token; nil where there is none.
  @inline(__always)
  func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
    entry(of: token, Self.hash(token)).map { ids[$0] }
  }

  @inline(__always)
  private func entry(of token: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int? {
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while true {
      let entry = Int(slots[slot]) - 1
      if entry < 0 { return nil }
      if hashes[entry] == hash, starts[entry + 1] - starts[entry] == token.count, isEqual(entry, token) {
        return entry
      }
      slot = (slot + 1) & mask
    }
  }

  /// The id of a token; nil where there is none.
  func id(of token: some Collection<UInt8>) -> Int32? {
    token.withContiguousStorageIfAvailable { id(of: $0) } ?? Array(token).withUnsafeBufferPointer { id(of: $0) }
  }

  private func isEqual(_ entry: Int, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = starts[entry]
    return bytes.withUnsafeBufferPointer { bytes in
      guard let own = bytes.baseAddress, let base = token.baseAddress else { return token.isEmpty }
      return Self.isEqual(own + start, base, token.count)
    }
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: 2 * slots.count)
    for (entry, hash) in hashes.enumerated() { place(Int32(entry + 1), hash) }
  }

  private mutating func place(_ entry: Int32, _ hash: UInt32) {
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = entry
  }

  private static func slotCount(_ capacity: Int) -> Int {
    var count = 64
    while count < 2 * capacity { count *= 2 }
    return count
  }

  /// Eight bytes at a time, each multiplied into the sum; the last eight may overlap those before.
  @inline(__always)
  static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt32 {
    let raw = UnsafeRawBufferPointer(token)
    let count = token.count
    var sum = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    var rest: UInt64 = 0
    if count >= 8 {
      var index = 0
      while index + 8 < count {
        sum = (sum ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0xFF51_AFD7_ED55_8CCD
        sum ^= sum >> 32
        index += 8
      }
      rest = raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
    } else if count >= 4 {
      rest =
        UInt64(raw.loadUnaligned(as: UInt32.self))
        | UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)) << 32
    } else if count > 0 {
      rest = UInt64(token[0]) | UInt64(token[count / 2]) << 8 | UInt64(token[count - 1]) << 16
    }
    sum = (sum ^ rest) &* 0xC4CE_B9FE_1A85_EC53
    sum ^= sum >> 29
    return UInt32(truncatingIfNeeded: sum ^ sum >> 32)
  }

  /// Whether two pieces of memory of so many bytes are equal: short ones without a call.
  @inline(__always)
  static func isEqual(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
    if count >= 8 {
      var index = 0
      while index + 8 < count {
        if a.loadUnaligned(fromByteOffset: index, as: UInt64.self)
          != b.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        {
          return false
        }
        index += 8
      }
      return a.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        == b.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
    }
    if count >= 4 {
      return a.loadUnaligned(as: UInt32.self) == b.loadUnaligned(as: UInt32.self)
        && a.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
          == b.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
    }
    for index in 0..<count
    where a.load(fromByteOffset: index, as: UInt8.self) != b.load(fromByteOffset: index, as: UInt8.self) {
      return false
    }
    return true
  }
}
