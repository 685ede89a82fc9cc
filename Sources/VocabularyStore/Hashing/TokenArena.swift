/// Distinct byte strings, each stored once, numbered in the order of their first appearance.
///
/// One growing buffer of bytes and an open-addressing index over it: no object per token, and memory that grows with
/// the number of distinct tokens only (their bytes and 20 to 40 bytes more each). What the counter and the flat
/// table's writer have in common.
package struct TokenArena: Sendable {
  /// A vocabulary's bytes are addressed with 32 bits, its ids with 31.
  static let maximumByteCount = Int(UInt32.max)
  static let maximumCount = Int(Int32.max)

  /// The bytes of all tokens, one after the other.
  package private(set) var bytes: [UInt8] = []
  /// Where token i begins is `boundaries[i]`, where it ends is `boundaries[i + 1]`.
  private(set) var boundaries: [UInt32] = [0]
  /// Kept so that the index can grow, and a flat table be written, without reading the bytes again.
  package private(set) var hashes: [UInt64] = []
  /// 0 where vacant, else the upper half of the hash above the token's number plus one.
  private var slots = [UInt64](repeating: 0, count: 64)

  /// An arena without tokens.
  package init() {}

  /// Bytes that it takes, about.
  package var memory: Int { bytes.capacity + 4 * boundaries.capacity + 8 * (hashes.capacity + slots.count) }

  /// The number of distinct tokens.
  package var count: Int { hashes.count }

  /// Where the bytes of token `index` are.
  @inline(__always)
  package func range(of index: Int) -> Range<Int> { Int(boundaries[index])..<Int(boundaries[index &+ 1]) }

  /// The number of the token with these bytes, or nil.
  package func index(of token: RawSpan) -> Int? {
    switch probe(token, hash: ByteHash.token(token)) {
    case .found(let index): index
    case .vacant: nil
    }
  }

  /// The number of the token with these bytes, which is added if it is new; nil if there is no room for it.
  @inline(__always)
  package mutating func insert(_ token: RawSpan) -> (index: Int, isNew: Bool)? {
    let hash = ByteHash.token(token)
    switch probe(token, hash: hash) {
    case .found(let index): return (index, false)
    case .vacant(let slot): return append(token, hash: hash, slot: slot).map { ($0, true) }
    }
  }

  private enum Place {
    case found(Int)
    case vacant(slot: Int)
  }

  @inline(__always)
  private func probe(_ token: RawSpan, hash: UInt64) -> Place {
    let mask = slots.count &- 1
    let tag = hash >> 32
    let arena = bytes.span.bytes
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let content = slots[slot]
      if content == 0 { return .vacant(slot: slot) }
      if content >> 32 == tag {
        let index = Int(truncatingIfNeeded: content & 0xFFFF_FFFF) &- 1
        let range = range(of: index)
        if range.count == token.byteCount, arena.matches(token, at: range.lowerBound) { return .found(index) }
      }
      slot = (slot &+ 1) & mask
    }
  }

  private mutating func append(_ token: RawSpan, hash: UInt64, slot: Int) -> Int? {
    let index = count
    guard index < Self.maximumCount, bytes.count + token.byteCount <= Self.maximumByteCount else { return nil }
    for position in 0..<token.byteCount { bytes.append(token.loadByte(at: position)) }
    boundaries.append(UInt32(bytes.count))
    hashes.append(hash)
    slots[slot] = Self.slot(hash: hash, index: index)
    // At two thirds full a probe for a new token looks at five slots on average; beyond, it quickly gets worse.
    if count * 3 > slots.count * 2 { growIndex() }
    return index
  }

  private mutating func growIndex() {
    var larger = [UInt64](repeating: 0, count: slots.count * 2)
    let mask = larger.count - 1
    for (index, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & mask
      while larger[slot] != 0 { slot = (slot &+ 1) & mask }
      larger[slot] = Self.slot(hash: hash, index: index)
    }
    slots = larger
  }

  @inline(__always)
  private static func slot(hash: UInt64, index: Int) -> UInt64 {
    (hash >> 32) << 32 | UInt64(truncatingIfNeeded: index &+ 1)
  }
}
