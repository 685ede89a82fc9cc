/// Merges of byte-pair encoding: for a pair of ids its rank and the id of the two together.
struct PairTable: Sendable {
  struct Merge: Sendable {
    /// Smaller ones come first.
    var rank: Int32
    /// The token that the pair becomes.
    var id: Int32
  }

  private struct Slot {
    /// `max` is free.
    var key: UInt64
    var merge: Merge
  }

  private var slots: [Slot]
  private let mask: Int
  /// Pairs.
  private(set) var count = 0

  /// A table for at most so many pairs.
  init(capacity: Int) {
    var size = 64
    while size < 2 * capacity { size *= 2 }
    slots = [Slot](repeating: Slot(key: .max, merge: Merge(rank: 0, id: 0)), count: size)
    mask = size - 1
  }

  /// Adds a pair; a later one of the same ids takes its place, as in `tokenizers`.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let key = Self.key(left, right)
    let place = place(of: key)
    if slots[place].key == .max { count += 1 }
    slots[place] = Slot(key: key, merge: merge)
  }

  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> Merge? {
    let slot = slots[place(of: Self.key(left, right))]
    return slot.key == .max ? nil : slot.merge
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func place(of key: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while slots[place].key != key, slots[place].key != .max { place = (place + 1) & mask }
    return place
  }
}
