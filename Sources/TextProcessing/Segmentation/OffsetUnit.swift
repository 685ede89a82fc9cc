/// What offsets into a text count.
public enum OffsetUnit: String, Sendable, Codable, Hashable, CaseIterable {
  /// Bytes of UTF-8.
  case bytes
  /// Unicode scalars, which Python's strings count.
  case scalars
  /// Units of UTF-16, which JavaScript, Java and NSString count.
  case utf16
  /// Grapheme clusters, which Swift's strings and readers count.
  case graphemes
}

/// Turns offsets in bytes into others. Belongs to one thread.
public final class OffsetConverter {
  /// What the results count.
  public let unit: OffsetUnit
  private let clusters: (tokenizer: Tokenizer, workspace: TokenizerWorkspace)?
  private var order: [Int] = []
  private var ends: [Int] = []

  /// A converter to a unit.
  public init(to unit: OffsetUnit) throws(TokenizerError) {
    self.unit = unit
    if unit == .graphemes {
      let tokenizer = try Tokenizer(TokenizerSettings(unit: .character, skippedKinds: []))
      clusters = (tokenizer, tokenizer.makeWorkspace())
    } else {
      clusters = nil
    }
  }

  /// Ranges of bytes of a text in the unit. A range that begins or ends within one of the unit's characters is widened to the
  /// whole of it. Costs one pass over the text, and a sort where the ranges are not in order.
  ///
  /// Of a text that was mended the results are offsets into the original. Its bytes are counted as they were; of the other
  /// units each ill-formed sequence is the U+FFFD that decoders replace it by, also where it was left out.
  public func convert(
    _ ranges: [Range<Int>], in text: Span<UInt8>, repairs: TextRepairs = TextRepairs()
  ) -> [Range<Int>] {
    if unit == .bytes { return repairs.originalRanges(of: ranges) }
    if !repairs.leavesOut { return convertWhole(ranges, in: text) }
    let (replaced, ranges) = repairs.replaced(text, ranges)
    return convertWhole(ranges, in: replaced.span)
  }

  private func convertWhole(_ ranges: [Range<Int>], in text: Span<UInt8>) -> [Range<Int>] {
    text.withUnsafeBufferPointer { text in
      let isPlain = ByteScanner.best.firstNonASCII(in: text) == text.count
      // Of ASCII, CR LF alone is one cluster.
      if isPlain, unit != .graphemes || !text.contains(0x0D) { return ranges }
      let starts = counts(ranges.map(\.lowerBound), in: text, roundingUp: false)
      let ends = counts(ranges.map(\.upperBound), in: text, roundingUp: true)
      return zip(starts, ends).map { $0..<max($0, $1) }
    }
  }

  /// How many of the unit's characters end at or before each offset; rounded up, how many begin before it.
  private func counts(_ offsets: [Int], in text: UnsafeBufferPointer<UInt8>, roundingUp: Bool) -> [Int] {
    order.removeAll(keepingCapacity: true)
    order += offsets.indices
    if zip(offsets, offsets.dropFirst()).contains(where: { $0 > $1 }) { order.sort { offsets[$0] < offsets[$1] } }
    if unit == .graphemes { findClusters(text) }
    var result = [Int](repeating: 0, count: offsets.count)
    var (place, count, cluster) = (0, 0, 0)
    for index in order {
      let offset = min(max(0, offsets[index]), text.count)
      if unit == .graphemes {
        while cluster < ends.count, ends[cluster] <= offset { cluster += 1 }
        let begins = cluster == 0 ? 0 : ends[cluster - 1]
        result[index] = cluster + (roundingUp && begins < offset ? 1 : 0)
        continue
      }
      while place < offset {
        let size = UTF8Decoding.scalar(in: text, at: place).size
        if place + size > offset { break }
        place += size
        count += unit == .utf16 && size == 4 ? 2 : 1
      }
      let isInside = place < offset
      let width = isInside && unit == .utf16 && UTF8Decoding.scalar(in: text, at: place).size == 4 ? 2 : 1
      result[index] = count + (roundingUp && isInside ? width : 0)
    }
    return result
  }

  private func findClusters(_ text: UnsafeBufferPointer<UInt8>) {
    ends.removeAll(keepingCapacity: true)
    guard let clusters, (try? clusters.tokenizer.tokenize(text.span, with: clusters.workspace)) != nil else { return }
    // A byte order mark that the tokenizer leaves away is a cluster of its own.
    if let first = clusters.workspace.count > 0 ? clusters.workspace.range(at: 0).lowerBound : nil, first > 0 {
      ends.append(first)
    }
    for index in 0..<clusters.workspace.count { ends.append(clusters.workspace.range(at: index).upperBound) }
  }
}
