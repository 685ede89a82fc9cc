/// The character map of a SentencePiece model: replacements of short strings, in a double-array trie (Aoe 1989) as
/// darts-clone writes it, with the results behind it, each ended by a zero.
struct PrecompiledCharacterMap: Sendable {
  /// Bytes of a string that is replaced and of what it becomes, at most: Unicode's longest have a few dozen. A damaged trie may
  /// have a way without an end.
  private static let lengthLimit = 1024

  /// Units of the trie.
  private let units: [UInt32]
  private let results: [UInt8]
  /// Whether the longest string that begins at a place is replaced, as SentencePiece itself does, and not what a grapheme or
  /// a scalar begins with.
  var matchesLongest = false
  /// Strings that stay as they are.
  var kept = ByteTrie()

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

  /// As it stands in a model.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for word in [UInt32(truncatingIfNeeded: 4 * units.count)] + units {
      for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(8 * shift))) }
    }
    return bytes + results
  }

  /// As the crate `spm_precompiled` does: a grapheme of up to five bytes as a whole, or else each of its scalars.
  func apply(to text: inout AlignedText) {
    guard !units.isEmpty else { return }
    if matchesLongest { return applyLongest(to: &text) }
    var builder = text.makeBuilder()
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

  private func applyLongest(to text: inout AlignedText) {
    var builder = text.makeBuilder()
    var start = 0
    /// What stands before it is in the result.
    var done = 0
    while start < text.bytes.count {
      let protected =
        kept.depth > 0 ? text.bytes.withUnsafeBufferPointer { kept.longestMatch(in: $0, from: start) } : nil
      if let protected {
        start = protected.end
      } else if let (end, result) = longestReplacement(in: text.bytes, from: start) {
        builder.append(text, done..<start)
        append(result, text.source(of: start..<end), &builder)
        start = end
        done = end
      } else {
        start += 1
        while start < text.bytes.count, text.bytes[start] & 0xC0 == 0x80 { start += 1 }
      }
    }
    if done == 0 { return }
    builder.append(text, done..<text.bytes.count)
    text.replace(builder)
  }

  private func longestReplacement(in text: [UInt8], from start: Int) -> (end: Int, result: ArraySlice<UInt8>)? {
    var found: (end: Int, result: ArraySlice<UInt8>)?
    var node = 0
    guard let root = unit(at: 0) else { return nil }
    node ^= Self.offset(root)
    for index in start..<min(text.count, start + Self.lengthLimit) {
      let byte = text[index]
      node ^= Int(byte)
      guard byte != 0, let next = unit(at: node), next & 0x8000_00FF == UInt32(byte) else { break }
      node ^= Self.offset(next)
      if next >> 8 & 1 == 1, let leaf = unit(at: node), let result = result(of: leaf) {
        found = (index + 1, result)
      }
    }
    return found
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
        return self.unit(at: node).flatMap { result(of: $0) }
      }
    }
    return nil
  }

  /// What a leaf stands for; nil for a place that is not there or a result that does not end.
  private func result(of leaf: UInt32) -> ArraySlice<UInt8>? {
    let start = Int(leaf & 0x7FFF_FFFF)
    guard start <= results.count else { return nil }
    let result = results[start...].prefix(Self.lengthLimit).prefix { $0 != 0 }
    return result.count < Self.lengthLimit ? result : nil
  }

  private func unit(at node: Int) -> UInt32? { units.indices.contains(node) ? units[node] : nil }

  private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
