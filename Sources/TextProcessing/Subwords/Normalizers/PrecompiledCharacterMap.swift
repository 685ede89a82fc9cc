/// The character map of a SentencePiece model: replacements of short strings, in a double-array trie (Aoe 1989) as
/// darts-clone writes it, with the results behind it, each ended by a zero.
struct PrecompiledCharacterMap: Sendable {
  /// Units of the trie.
  private let units: [UInt32]
  private let results: [UInt8]

  /// - Throws: a size that is not that of the bytes.
  init(_ bytes: [UInt8]) throws(SubwordTokenizerError) {
    func word(_ offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }
    guard bytes.count >= 4 else { throw .invalid(part: "precompiled_charsmap", reason: "it has no size") }
    let size = Int(word(0))
    guard size % 4 == 0, size <= bytes.count - 4 else {
      throw .invalid(part: "precompiled_charsmap", reason: "its trie should have \(size) bytes, more than there are")
    }
    units = (0..<size / 4).map { word(4 + 4 * $0) }
    results = Array(bytes[(4 + size)...])
  }

  /// As the crate `spm_precompiled` does: a grapheme of up to five bytes as a whole, or else each of its scalars.
  func apply(to text: inout AlignedText) {
    guard !units.isEmpty else { return }
    var builder = AlignedTextBuilder(capacity: text.bytes.count)
    let string = String(decoding: text.bytes, as: UTF8.self)
    var start = 0
    for character in string {
      let size = character.utf8.count
      let end = start + size
      if size < 6, let result = replacement(of: text.bytes[start..<end]) {
        append(result, text.source(of: start..<end), &builder)
      } else {
        var place = start
        for scalar in character.unicodeScalars {
          let next = place + UTF8.width(scalar)
          if let result = replacement(of: text.bytes[place..<next]) {
            append(result, text.source(of: place..<next), &builder)
          } else {
            builder.append(text, place..<next)
          }
          place = next
        }
      }
      start = end
    }
    text.replace(builder)
  }

  private func append(_ result: ArraySlice<UInt8>, _ source: Range<Int>, _ builder: inout AlignedTextBuilder) {
    builder.append(result, from: Int32(source.lowerBound)..<Int32(source.upperBound))
  }

  /// What the shortest prefix that has a replacement becomes.
  private func replacement(of string: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var node = 0
    guard var unit = unit(at: 0) else { return nil }
    node ^= Self.offset(unit)
    for byte in string {
      if byte == 0 { return nil }
      node ^= Int(byte)
      guard let next = self.unit(at: node), next & 0x8000_00FF == UInt32(byte) else { return nil }
      unit = next
      node ^= Self.offset(unit)
      if unit >> 8 & 1 == 1 {
        guard let leaf = self.unit(at: node) else { return nil }
        let start = Int(leaf & 0x7FFF_FFFF)
        guard start <= results.count else { return nil }
        return results[start...].prefix { $0 != 0 }
      }
    }
    return nil
  }

  private func unit(at node: Int) -> UInt32? { units.indices.contains(node) ? units[node] : nil }

  private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
