/// Merges of byte-pair encoding: for a pair of ids its rank and the id of the two together.
struct PairTable: Sendable {
  struct Merge: Sendable {
    /// Smaller ones come first.
    var rank: Int32
    /// The token that the pair becomes.
    var id: Int32
  }

  private var keys: [UInt64]
  private var merges: [Merge]
  private let mask: Int
  /// Pairs.
  private(set) var count = 0

  /// A table for at most so many pairs.
  init(capacity: Int) {
    var size = 64
    while size < 2 * capacity { size *= 2 }
    keys = [UInt64](repeating: .max, count: size)
    merges = [Merge](repeating: Merge(rank: 0, id: 0), count: size)
    mask = size - 1
  }

  /// Adds a pair; a later one of the same ids takes its place, as in `tokenizers`.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let slot = slot(Self.key(left, right))
    if keys[slot] == .max { count += 1 }
    keys[slot] = Self.key(left, right)
    merges[slot] = merge
  }

  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> Merge? {
    let slot = slot(Self.key(left, right))
    return keys[slot] == .max ? nil : merges[slot]
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func slot(_ key: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while keys[slot] != key, keys[slot] != .max { slot = (slot + 1) & mask }
    return slot
  }
}
