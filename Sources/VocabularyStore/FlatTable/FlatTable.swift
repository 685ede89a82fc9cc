/// A vocabulary as one block of bytes that is used as it lies in the file: a hash table from bytes to ids, and back.
///
/// Opening checks everything that a search relies on, so that no file, however hostile, leads a search out of bounds
/// or into an endless loop. After that a search allocates nothing and takes no lock.
struct FlatTable: Sendable {
  /// What does not fit in a block of bytes that should be a flat table.
  struct Damage: Error, Equatable {
    let reason: String
  }

  let bytes: [UInt8]
  let layout: FlatTableLayout
  let paddingID: Int32
  let unknownID: Int32

  /// Takes over the bytes of a table after checking all of them: O(size), a few milliseconds for a million tokens.
  init(_ bytes: [UInt8], checksum: UInt64) throws(Damage) {
    let raw = bytes.span.bytes
    let layout = try Self.layout(ofHeader: raw)
    guard ByteHash.checksum(raw) == checksum else { throw Damage(reason: "the table's checksum is wrong") }
    try Self.checkBoundaries(in: raw, layout: layout)
    try Self.checkSlots(in: raw, layout: layout)
    try Self.checkColumns(in: raw, layout: layout)
    let padding = raw.loadUInt32(at: FlatTableLayout.Field.paddingID)
    let unknown = raw.loadUInt32(at: FlatTableLayout.Field.unknownID)
    guard padding < layout.count, unknown < layout.count else {
      throw Damage(reason: "the padding or unknown token is not in the table")
    }
    self.bytes = bytes
    self.layout = layout
    paddingID = Int32(padding)
    unknownID = Int32(unknown)
  }

  var count: Int { layout.count }

  /// The id of these bytes, or nil.
  @inline(__always)
  func id(of token: RawSpan) -> Int32? {
    let raw = bytes.span.bytes
    let hash = ByteHash.token(token)
    let size = UInt32(truncatingIfNeeded: token.byteCount)
    let isInline = token.byteCount <= FlatTableLayout.inlineSize
    let key = isInline ? FlatTableLayout.inlineKey(token) : hash & 0xFFFF_FFFF
    var slot = layout.slot(for: hash)
    while true {
      let place = layout.slots &+ slot &* FlatTableLayout.slotSize
      let head = raw.loadUInt64(at: place)
      let id = UInt32(truncatingIfNeeded: head)
      if id == FlatTableLayout.vacantSlot { return nil }
      if UInt32(truncatingIfNeeded: head >> 32) == size {
        let found = raw.loadUInt64(at: place &+ 8)
        if isInline {
          if found == key { return Int32(truncatingIfNeeded: id) }
        } else if found & 0xFFFF_FFFF == key,
          raw.matches(token, at: layout.arena &+ Int(truncatingIfNeeded: found >> 32))
        {
          return Int32(truncatingIfNeeded: id)
        }
      }
      slot = layout.slot(after: slot)
    }
  }

  /// Where in `bytes` token `index` is; the index must be in range.
  @inline(__always)
  func range(of index: Int) -> Range<Int> {
    // Both boundaries are neighbours: one load.
    let pair = bytes.span.bytes.loadUInt64(at: layout.boundaries &+ index &* 4)
    let start = Int(UInt32(truncatingIfNeeded: pair))
    let end = Int(UInt32(truncatingIfNeeded: pair >> 32))
    return Range(uncheckedBounds: (layout.arena &+ start, layout.arena &+ end))
  }

  /// How often token `index` was seen; the index must be in range.
  func occurrences(of index: Int) -> Int64 {
    Int64(truncatingIfNeeded: bytes.span.bytes.loadUInt64(at: layout.counts + 8 * index))
  }

  /// What token `index` is for; the index must be in range.
  func kind(of index: Int) -> VocabularyEntry.Kind {
    VocabularyEntry.Kind(rawValue: bytes[layout.kinds + index]) ?? .ordinary
  }

  /// The settings as JSON.
  var settings: ArraySlice<UInt8> { bytes[layout.settings..<layout.size] }

  /// The digest of tokens and settings.
  var fingerprint: ArraySlice<UInt8> {
    let start = FlatTableLayout.Field.fingerprint
    return bytes[start..<start + FlatTableLayout.fingerprintSize]
  }

  /// The checksum to store beside the table.
  var checksum: UInt64 { ByteHash.checksum(bytes.span.bytes) }
}

// MARK: - Checks

extension FlatTable {
  /// Reads the sizes in the header and holds them against the real one.
  private static func layout(ofHeader raw: RawSpan) throws(Damage) -> FlatTableLayout {
    guard raw.byteCount >= FlatTableLayout.headerSize else { throw Damage(reason: "the table is cut in its header") }
    guard raw.loadUInt64(at: FlatTableLayout.Field.magic) == FlatTableLayout.magic else {
      throw Damage(reason: "the table does not begin with its mark")
    }
    let version = raw.loadUInt32(at: FlatTableLayout.Field.version)
    guard version == FlatTableLayout.version else {
      throw Damage(reason: "the table has the unknown version \(version)")
    }
    guard
      let layout = FlatTableLayout(
        count: UInt64(raw.loadUInt32(at: FlatTableLayout.Field.count)),
        slotCount: UInt64(raw.loadUInt32(at: FlatTableLayout.Field.slotCount)),
        arenaSize: raw.loadUInt64(at: FlatTableLayout.Field.arenaSize),
        settingsSize: raw.loadUInt64(at: FlatTableLayout.Field.settingsSize)),
      layout.size == raw.byteCount
    else { throw Damage(reason: "the sizes in the table's header do not add up to its \(raw.byteCount) bytes") }
    return layout
  }

  private static func checkBoundaries(in raw: RawSpan, layout: FlatTableLayout) throws(Damage) {
    var previous = raw.loadUInt32(at: layout.boundaries)
    var rising = previous == 0
    for index in 0...layout.count {
      let boundary = raw.loadUInt32(at: layout.boundaries + 4 * index)
      rising = rising && boundary >= previous
      previous = boundary
    }
    guard rising, Int(previous) == layout.arenaSize else {
      throw Damage(reason: "the token boundaries are not in order")
    }
  }

  private static func checkSlots(in raw: RawSpan, layout: FlatTableLayout) throws(Damage) {
    var occupied = 0
    var inRange = true
    for index in 0..<layout.slotCount {
      let place = layout.slots + FlatTableLayout.slotSize * index
      let id = raw.loadUInt32(at: place)
      if id != FlatTableLayout.vacantSlot {
        occupied += 1
        let size = Int(raw.loadUInt32(at: place + 4))
        let offset = size > FlatTableLayout.inlineSize ? Int(raw.loadUInt32(at: place + 12)) : 0
        inRange = inRange && id < layout.count && offset + size <= layout.arenaSize
      }
    }
    // As many as tokens and not more: since there are more slots than tokens, every search meets a vacant one.
    guard inRange, occupied == layout.count else { throw Damage(reason: "the hash slots do not fit the tokens") }
  }

  private static func checkColumns(in raw: RawSpan, layout: FlatTableLayout) throws(Damage) {
    var kindsKnown = true
    var countsValid = true
    for index in 0..<layout.count {
      kindsKnown = kindsKnown && VocabularyEntry.Kind(rawValue: raw.loadByte(at: layout.kinds + index)) != nil
      countsValid = countsValid && raw.loadUInt64(at: layout.counts + 8 * index) <= UInt64(Int64.max)
    }
    guard kindsKnown else { throw Damage(reason: "a token has an unknown kind") }
    guard countsValid else { throw Damage(reason: "a token has a negative count") }
  }
}
