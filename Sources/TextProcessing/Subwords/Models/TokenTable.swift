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

  /// The id of a token; nil where there is none.
  @inline(__always)
  func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
    let hash = Self.hash(token)
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while true {
      let entry = Int(slots[slot]) - 1
      if entry < 0 { return nil }
      if hashes[entry] == hash, starts[entry + 1] - starts[entry] == token.count, isEqual(entry, token) {
        return ids[entry]
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
      for index in 0..<token.count where bytes[start + index] != token[index] { return false }
      return true
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

  /// Eight bytes at a time, each multiplied into the sum.
  @inline(__always)
  static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var sum = UInt64(truncatingIfNeeded: token.count) &* 0x9E37_79B9_7F4A_7C15
    var index = 0
    let raw = UnsafeRawBufferPointer(token)
    while index + 8 <= token.count {
      sum = (sum ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0xFF51_AFD7_ED55_8CCD
      sum ^= sum >> 32
      index += 8
    }
    if index < token.count {
      var rest: UInt64 = 0
      while index < token.count {
        rest = rest << 8 | UInt64(token[index])
        index += 1
      }
      sum = (sum ^ rest) &* 0xC4CE_B9FE_1A85_EC53
      sum ^= sum >> 29
    }
    return UInt32(truncatingIfNeeded: sum ^ sum >> 32)
  }
}
