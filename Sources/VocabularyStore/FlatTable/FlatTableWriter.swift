/// Collects tokens in the order of their ids and lays them out as a flat table.
///
/// Every vocabulary is made here, whether counted, imported or read from rows, so equal content gives equal bytes.
struct FlatTableWriter {
  private var tokens = TokenArena()
  private var counts: [Int64] = []
  private var kinds: [UInt8] = []

  /// What became of a token.
  enum Outcome: Equatable {
    case appended
    /// The same bytes have this id already.
    case duplicate(of: Int32)
    case noRoom
  }

  var count: Int { tokens.count }

  /// Gives the token the next id.
  mutating func append(_ token: RawSpan, count: Int64, kind: VocabularyEntry.Kind) -> Outcome {
    guard let place = tokens.insert(token) else { return .noRoom }
    guard place.isNew else { return .duplicate(of: Int32(truncatingIfNeeded: place.index)) }
    counts.append(count)
    kinds.append(kind.rawValue)
    return .appended
  }

  /// The vocabulary of all tokens. Both ids must be among them.
  ///
  /// - Throws: ``VocabularyError/tooLarge(reason:)`` for more bytes than a table can address,
  ///   ``VocabularyError/invalidOptions(reason:)`` for ids that no token has.
  consuming func finish(
    paddingID: Int32, unknownID: Int32, settings: SettingsForm
  ) throws(VocabularyError) -> Vocabulary {
    guard
      let layout = FlatTableLayout(
        count: UInt64(count), slotCount: FlatTableLayout.slotCount(for: count), arenaSize: UInt64(tokens.bytes.count),
        settingsSize: UInt64(settings.json.count))
    else { throw .tooLarge(reason: "\(count) tokens of \(tokens.bytes.count) bytes do not fit in one table") }
    guard 0..<Int32(layout.count) ~= paddingID, 0..<Int32(layout.count) ~= unknownID else {
      throw .invalidOptions(reason: "the padding or unknown token is not among the \(count) tokens")
    }
    var bytes = [UInt8](repeating: 0, count: layout.size)
    writeHeader(to: &bytes, layout: layout, paddingID: paddingID, unknownID: unknownID)
    writeSlots(to: &bytes, layout: layout)
    writeColumns(to: &bytes, layout: layout)
    bytes.replaceSubrange(layout.arena..<layout.settings, with: tokens.bytes)
    bytes.replaceSubrange(layout.settings..<layout.size, with: settings.json)

    let start = FlatTableLayout.Field.fingerprint
    bytes.replaceSubrange(
      start..<start + FlatTableLayout.fingerprintSize, with: Self.fingerprint(of: bytes, layout: layout))
    do {
      let checksum = ByteHash.checksum(bytes.span.bytes)
      return Vocabulary(table: try FlatTable(bytes, checksum: checksum), settings: settings.settings)
    } catch {
      throw .invalidOptions(reason: error.reason)
    }
  }

  private func writeHeader(to bytes: inout [UInt8], layout: FlatTableLayout, paddingID: Int32, unknownID: Int32) {
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    raw.store(FlatTableLayout.magic, at: FlatTableLayout.Field.magic)
    raw.store(FlatTableLayout.version, at: FlatTableLayout.Field.version)
    raw.store(UInt32(layout.count), at: FlatTableLayout.Field.count)
    raw.store(UInt32(truncatingIfNeeded: layout.slotCount), at: FlatTableLayout.Field.slotCount)
    raw.store(UInt32(bitPattern: paddingID), at: FlatTableLayout.Field.paddingID)
    raw.store(UInt32(bitPattern: unknownID), at: FlatTableLayout.Field.unknownID)
    raw.store(UInt64(layout.arenaSize), at: FlatTableLayout.Field.arenaSize)
    raw.store(UInt64(layout.settingsSize), at: FlatTableLayout.Field.settingsSize)
  }

  private func writeSlots(to bytes: inout [UInt8], layout: FlatTableLayout) {
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    for slot in 0..<layout.slotCount {
      raw.store(UInt64(FlatTableLayout.vacantSlot), at: layout.slots + FlatTableLayout.slotSize * slot)
    }
    let arena = tokens.bytes.span.bytes
    for (index, hash) in tokens.hashes.enumerated() {
      var slot = layout.slot(for: hash)
      while raw.bytes.loadUInt32(at: layout.slots + FlatTableLayout.slotSize * slot) != FlatTableLayout.vacantSlot {
        slot = layout.slot(after: slot)
      }
      let range = tokens.range(of: index)
      let key =
        range.count <= FlatTableLayout.inlineSize
        ? FlatTableLayout.inlineKey(arena.extracting(range))
        : FlatTableLayout.outlineKey(hash: hash, offset: tokens.boundaries[index])
      let place = layout.slots + FlatTableLayout.slotSize * slot
      raw.store(UInt64(index) | UInt64(range.count) << 32, at: place)
      raw.store(key, at: place + 8)
    }
  }

  private func writeColumns(to bytes: inout [UInt8], layout: FlatTableLayout) {
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    for (index, boundary) in tokens.boundaries.enumerated() {
      raw.store(boundary, at: layout.boundaries + 4 * index)
    }
    for index in 0..<layout.count {
      raw.store(UInt64(bitPattern: counts[index]), at: layout.counts + 8 * index)
      raw.storeBytes(of: kinds[index], toByteOffset: layout.kinds + index, as: UInt8.self)
    }
  }

  /// SHA-256 over what weights depend on: which bytes have which id, and how texts are cut. Counts may differ.
  private static func fingerprint(of bytes: [UInt8], layout: FlatTableLayout) -> [UInt8] {
    let raw = bytes.span.bytes
    var header = [UInt8]("nlptool vocabulary 1".utf8)
    for field in [FlatTableLayout.Field.count, FlatTableLayout.Field.paddingID, FlatTableLayout.Field.unknownID] {
      header += bytes[field..<field + 4]
    }
    var digest = SHA256()
    digest.update(header.span.bytes)
    digest.update(raw.extracting(layout.boundaries..<layout.counts))
    digest.update(raw.extracting(layout.arena..<layout.size))
    return digest.digest()
  }
}
