import CTextKernels

/// The pieces of words that were met before: one look-up in place of an encoding.
///
/// It is larger than the processor's caches, so that a look-up waits for memory, up to three times. Whoever looks up many
/// words asks for what the later ones need before it looks up the first: ``prefetchSlot(_:)``, then ``prefetchEntry(_:)``.
struct WordMemory {
  /// Words that are remembered, at most.
  private static let wordLimit = 1 << 18
  /// Bytes of a word that is remembered, at most.
  static let sizeLimit = 64

  private struct Slot {
    var hash: UInt32
    /// Where the word's bytes and pieces begin.
    var byteStart: UInt32
    var pieceStart: UInt32
    /// 0 for a free slot.
    var size: UInt16
    var pieceCount: UInt16
  }

  private static let free = Slot(hash: 0, byteStart: 0, pieceStart: 0, size: 0, pieceCount: 0)

  private var slots = [Slot](repeating: free, count: 1024)
  private var count = 0
  private var bytes: [UInt8] = []
  private(set) var pieces: [SubwordPiece] = []

  /// Where the pieces of a word stand in `pieces`; nil for a word that is not known.
  @inline(__always)
  func range(of word: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Range<Int>? {
    let mask = slots.count - 1
    return slots.withUnsafeBufferPointer { slots in
      var index = Int(hash) & mask
      while true {
        let slot = slots[index]
        if slot.size == 0 { return nil }
        if slot.hash == hash, Int(slot.size) == word.count, isEqual(Int(slot.byteStart), word) {
          return Int(slot.pieceStart)..<Int(slot.pieceStart) + Int(slot.pieceCount)
        }
        index = (index + 1) & mask
      }
    }
  }

  /// Has memory fetch the slot of a word.
  @inline(__always)
  func prefetchSlot(_ hash: UInt32) {
    slots.withUnsafeBufferPointer { slots in
      if let base = slots.baseAddress { text_prefetch(base + (Int(hash) & (slots.count - 1))) }
    }
  }

  /// Has memory fetch the bytes and pieces that a slot which is there already leads to.
  @inline(__always)
  func prefetchEntry(_ hash: UInt32) {
    let slot = slots.withUnsafeBufferPointer { $0[Int(hash) & ($0.count - 1)] }
    guard slot.hash == hash, slot.size > 0 else { return }
    bytes.withUnsafeBufferPointer { if let base = $0.baseAddress { text_prefetch(base + Int(slot.byteStart)) } }
    pieces.withUnsafeBufferPointer { if let base = $0.baseAddress { text_prefetch(base + Int(slot.pieceStart)) } }
  }

  /// Remembers a word of 1 to `sizeLimit` bytes that is not known. When there are too many, all others are forgotten.
  mutating func insert(_ word: UnsafeBufferPointer<UInt8>, hash: UInt32, _ found: [SubwordPiece]) -> Range<Int> {
    if count == Self.wordLimit { self = WordMemory() }
    if 2 * (count + 1) > slots.count { grow() }
    let slot = Slot(
      hash: hash, byteStart: UInt32(bytes.count), pieceStart: UInt32(pieces.count), size: UInt16(word.count),
      pieceCount: UInt16(found.count))
    bytes += word
    pieces += found
    place(slot)
    count += 1
    return Int(slot.pieceStart)..<pieces.count
  }

  @inline(__always)
  private func isEqual(_ start: Int, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.withUnsafeBufferPointer { bytes in
      guard let own = bytes.baseAddress, let base = word.baseAddress else { return false }
      return TokenTable.isEqual(own + start, base, word.count)
    }
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Self.free, count: 2 * old.count)
    for slot in old where slot.size > 0 { place(slot) }
  }

  private mutating func place(_ slot: Slot) {
    let mask = slots.count - 1
    var index = Int(slot.hash) & mask
    while slots[index].size > 0 { index = (index + 1) & mask }
    slots[index] = slot
  }
}
