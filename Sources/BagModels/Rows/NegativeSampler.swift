import Tensors

/// Draws numbers by a power of their counts (Mikolov et al. 2013, "Distributed Representations of Words and Phrases and
/// their Compositionality"), in constant time (Walker 1977).
struct NegativeSampler: Sendable {
  private let limits: [UInt32]
  private let aliases: [Int32]

  /// - Parameter power: 0.5 as in fastText; word2vec takes 0.75.
  init(counts: [Int64], power: Double) {
    let weights = counts.map { $0 > 0 ? pow(Double($0), power) : 0 }
    let mean = max(weights.reduce(0, +), .leastNormalMagnitude) / Double(max(counts.count, 1))
    var rest = weights.map { $0 / mean }
    var limits = [UInt32](repeating: .max, count: counts.count)
    var aliases = counts.indices.map { Int32($0) }
    var small = rest.indices.filter { rest[$0] < 1 }
    var large = rest.indices.filter { rest[$0] >= 1 }
    while let low = small.popLast(), let high = large.last {
      limits[low] = UInt32(min(rest[low] * 0x1p32, 0x1p32 - 1))
      aliases[low] = Int32(high)
      rest[high] -= 1 - rest[low]
      if rest[high] < 1 {
        large.removeLast()
        small.append(high)
      }
    }
    self.limits = limits
    self.aliases = aliases
  }

  /// A number for 64 random bits.
  @inline(__always)
  func number(_ bits: UInt64) -> Int32 {
    let place = Int((bits >> 32).multipliedFullWidth(by: UInt64(limits.count) << 32).high)
    return UInt32(truncatingIfNeeded: bits) <= limits[place] ? Int32(truncatingIfNeeded: place) : aliases[place]
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
