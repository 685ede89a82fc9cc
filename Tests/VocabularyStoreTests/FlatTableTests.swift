import Testing

@testable import VocabularyStore

/// Tables as an attacker would write them: with a checksum that is right.
@Suite struct FlatTableTests {
  private func open(_ bytes: [UInt8]) throws(FlatTable.Damage) -> FlatTable {
    try FlatTable(bytes, checksum: checksum(bytes))
  }

  /// Whether a table that opens can be searched and read from end to end without leaving its bytes.
  private func use(_ table: FlatTable) {
    for index in 0..<table.count {
      let token = Array(table.bytes[table.range(of: index)])
      _ = table.id(of: token.span.bytes)
      _ = (table.occurrences(of: index), table.kind(of: index))
    }
    for stranger in ["", "a", "the", "some longer token"] { _ = table.id(of: stranger.utf8.span.bytes) }
  }

  @Test("a table cut anywhere is refused, whatever its checksum")
  func cuts() throws {
    let bytes = try randomVocabulary(tokens: 50, seed: 1).table.bytes
    for size in 0..<bytes.count {
      #expect(throws: FlatTable.Damage.self) { try open(Array(bytes.prefix(size))) }
    }
    #expect(throws: FlatTable.Damage.self) { try open(bytes + [0]) }
    #expect(throws: Never.self) { try open(bytes) }
  }

  @Test("the checksum refuses every flipped byte")
  func flips() throws {
    var bytes = try vocabulary(of: "a b c").table.bytes
    let expected = checksum(bytes)
    for index in bytes.indices {
      bytes[index] ^= 0x40
      #expect(throws: FlatTable.Damage.self) { try FlatTable(bytes, checksum: expected) }
      bytes[index] ^= 0x40
    }
  }

  @Test("changed bytes under a right checksum give an error or a table that is safe to use")
  func hostileBytes() throws {
    let original = try randomVocabulary(tokens: 40, seed: 2).table
    var numbers = SeededNumbers(seed: 3)
    var opened = 0
    for _ in 0..<20_000 {
      var bytes = original.bytes
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        // Mostly the header, slots and boundaries: that is where offsets are.
        let end = Bool.random(using: &numbers) ? original.layout.counts : bytes.count
        let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: .min ... .max, using: &numbers)]
        bytes[Int.random(in: 0..<end, using: &numbers)] = values[Int.random(in: 0..<values.count, using: &numbers)]
      }
      if let table = try? open(bytes) {
        use(table)
        opened += 1
      }
    }
    #expect(opened > 0)
  }

  @Test("sizes in the header that overflow or do not add up are refused before anything is read by them")
  func hostileSizes() throws {
    let bytes = try vocabulary(of: "a b c").table.bytes
    for field in [FlatTableLayout.Field.arenaSize, FlatTableLayout.Field.settingsSize] {
      for value: UInt64 in [.max, .max - 7, 1 << 63, 1 << 32, 1 << 31, 0] {
        var changed = bytes
        for byte in 0..<8 { changed[field + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte))) }
        #expect(throws: FlatTable.Damage.self) { try open(changed) }
      }
    }
    for field in [FlatTableLayout.Field.count, FlatTableLayout.Field.slotCount] {
      for value: UInt32 in [.max, 1 << 31, .max >> 1, 0, 1, 3] {
        var changed = bytes
        for byte in 0..<4 { changed[field + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
        #expect(throws: FlatTable.Damage.self) { try open(changed) }
      }
    }
  }

  @Test("a table without a vacant slot would search forever, and is refused")
  func fullSlots() throws {
    let table = try vocabulary(of: "a b c").table
    var bytes = table.bytes
    let slots = table.layout.slots..<table.layout.boundaries
    bytes.replaceSubrange(slots, with: [UInt8](repeating: 0, count: slots.count))
    #expect(throws: FlatTable.Damage(reason: "the hash slots do not fit the tokens")) { try open(bytes) }
  }

  @Test("the number of slots leaves room at every size")
  func slotCounts() {
    for count in 0...5000 {
      let slots = FlatTableLayout.slotCount(for: count)
      #expect(slots > count)
      #expect(FlatTableLayout(count: UInt64(count), slotCount: slots, arenaSize: 0, settingsSize: 0) != nil)
    }
  }
}
