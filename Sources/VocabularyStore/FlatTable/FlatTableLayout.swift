/// Where everything is in a flat table: one contiguous block of bytes, every number little-endian.
///
/// | Section    | Size             | Content                                                         |
/// |------------|------------------|-----------------------------------------------------------------|
/// | header     | 80               | see the offsets below                                           |
/// | slots      | 16 × slotCount   | open addressing: id, size of the token, and its ``Key``         |
/// | boundaries | 4 × (count + 1)  | token i is arena[boundaries[i] ..< boundaries[i + 1]]           |
/// | counts     | 8 × count        | how often each token was seen                                   |
/// | kinds      | count            | ``VocabularyEntry/Kind`` raw values                             |
/// | arena      | arenaSize        | the tokens' bytes in the order of their ids                     |
/// | settings   | settingsSize     | the tokenizer's settings as JSON                                |
///
/// A search costs what it misses in the caches. A slot therefore holds a token of up to eight bytes itself, which is
/// most words of most languages: one miss. Of a longer token it holds half of the hash and the place: two misses.
///
/// Boundaries and arena are in the order of ids, that is of falling count, so the tokens that texts are made of share
/// a few cache lines.
struct FlatTableLayout: Sendable, Equatable {
  /// "NLPVOCAB" in the order of the file.
  static let magic: UInt64 = 0x4241_434F_5650_4C4E
  static let version: UInt32 = 1
  static let headerSize = 80
  static let slotSize = 16
  /// The id in a slot that holds no token.
  static let vacantSlot = UInt32.max
  /// The longest token that lies in its slot.
  static let inlineSize = 8

  /// Offsets in the header.
  enum Field {
    static let magic = 0
    static let version = 8
    static let count = 12
    static let slotCount = 16
    static let paddingID = 20
    static let unknownID = 24
    static let arenaSize = 32
    static let settingsSize = 40
    static let fingerprint = 48
  }

  static let fingerprintSize = 32

  let count: Int
  let slotCount: Int
  let arenaSize: Int
  let settingsSize: Int

  let slots: Int
  let boundaries: Int
  let counts: Int
  let kinds: Int
  let arena: Int
  let settings: Int
  /// The size of the whole table.
  let size: Int

  /// The layout for these sizes; nil where they cannot belong to a table. No combination overflows.
  init?(count: UInt64, slotCount: UInt64, arenaSize: UInt64, settingsSize: UInt64) {
    // One vacant slot is what ends every search.
    guard count <= UInt64(TokenArena.maximumCount), slotCount <= UInt64(UInt32.max), slotCount > count,
      arenaSize <= UInt64(TokenArena.maximumByteCount),
      settingsSize <= UInt64(UInt32.max)
    else { return nil }
    self.count = Int(count)
    self.slotCount = Int(slotCount)
    self.arenaSize = Int(arenaSize)
    self.settingsSize = Int(settingsSize)
    slots = Self.headerSize
    boundaries = slots + Self.slotSize * self.slotCount
    counts = boundaries + 4 * (self.count + 1)
    kinds = counts + 8 * self.count
    arena = kinds + self.count
    settings = arena + self.arenaSize
    size = settings + self.settingsSize
  }

  /// The number of slots for so many tokens: at two thirds full a search looks at two slots on average.
  static func slotCount(for count: Int) -> UInt64 { UInt64(count) + UInt64(count) / 2 + 1 }

  /// Where the search for a hash begins: its upper bits scaled to the number of slots, which need be no power of two.
  @inline(__always)
  func slot(for hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(truncatingIfNeeded: slotCount)).high)
  }

  /// The slot after another, the first after the last.
  @inline(__always)
  func slot(after slot: Int) -> Int { slot &+ 1 == slotCount ? 0 : slot &+ 1 }

  /// What a slot says of a token of up to ``inlineSize`` bytes: the bytes, then zeros.
  @inline(__always)
  static func inlineKey(_ token: RawSpan) -> UInt64 {
    let size = token.byteCount
    if size == 8 { return token.loadUInt64(at: 0) }
    if size >= 4 {
      // The two loads overlap in bytes that are equal.
      return UInt64(token.loadUInt32(at: 0)) | UInt64(token.loadUInt32(at: size &- 4)) << UInt64(8 &* (size &- 4))
    }
    var key: UInt64 = 0
    for index in 0..<size { key |= UInt64(token.loadByte(at: index)) << UInt64(8 &* index) }
    return key
  }

  /// What a slot says of a longer token: the lower half of its hash, and where in the arena it begins.
  ///
  /// The upper half chose the slot and would tell little here.
  @inline(__always)
  static func outlineKey(hash: UInt64, offset: UInt32) -> UInt64 { hash & 0xFFFF_FFFF | UInt64(offset) << 32 }
}
