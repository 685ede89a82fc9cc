import TextProcessing

/// What `vocab show` says about a vocabulary before its entries.
public struct VocabularySummary: Sendable, Hashable, Codable {
  /// The number of tokens, reserved ones included.
  public let count: Int
  /// How many of them are reserved.
  public let reservedCount: Int
  /// The sum of all counts.
  public let totalCount: Int64
  /// The largest count of an ordinary token.
  public let largestCount: Int64
  /// The smallest count of an ordinary token.
  public let smallestCount: Int64
  /// The bytes of all tokens together.
  public let tokenBytes: Int
  /// How texts were cut into tokens.
  public let settings: TokenizerSettings
  /// What weights are held against.
  public let fingerprint: String
}

extension Vocabulary {
  /// Sizes and sums over all entries: O(count).
  public var summary: VocabularySummary {
    var reserved = 0
    var total: Int64 = 0
    var largest: Int64 = 0
    var smallest = Int64.max
    for index in 0..<table.count {
      let count = table.occurrences(of: index)
      let (sum, overflow) = total.addingReportingOverflow(count)
      total = overflow ? .max : sum
      if table.kind(of: index) == .reserved {
        reserved += 1
      } else {
        largest = max(largest, count)
        smallest = min(smallest, count)
      }
    }
    return VocabularySummary(
      count: count, reservedCount: reserved, totalCount: total, largestCount: largest,
      smallestCount: min(smallest, largest), tokenBytes: table.layout.arenaSize, settings: settings,
      fingerprint: fingerprint)
  }
}

extension VocabularyStore {
  /// Sizes and sums over all entries: O(count).
  ///
  /// - Throws: As ``vocabulary()``.
  public func summary() throws(VocabularyError) -> VocabularySummary { try vocabulary().summary }
}
