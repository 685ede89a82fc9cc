import TextProcessing

/// Counts the tokens of a corpus and makes a vocabulary of the frequent ones.
///
/// Memory grows with the number of distinct tokens, not with the corpus: each is stored once, and costs about 50 bytes
/// beside its own. To count on several threads give each its own counter and ``merge(_:)`` them: the result does not
/// depend on how the corpus was cut, nor on the order of tokens.
public struct VocabularyCounter: Sendable {
  private(set) var tokens = TokenArena()
  private(set) var counts: [Int64] = []
  /// Set when a token found no room; `build` refuses rather than giving a vocabulary that lacks tokens silently.
  private var overflowed = false

  /// How many tokens were counted, all occurrences together.
  public private(set) var totalCount: Int64 = 0

  /// A counter that has seen nothing.
  public init() {}

  /// How many distinct tokens were counted.
  public var distinctCount: Int { tokens.count }

  /// Whether a token found no room.
  var hasOverflowed: Bool { overflowed }

  /// Bytes that the counter takes, about.
  public var memory: Int { tokens.memory + 8 * counts.capacity }

  /// The tokens in the order of their bytes.
  var sortedIndices: [Int] { ranking(minimumCount: 0, leavingOut: nil, byCount: false).map { Int($0.index) } }

  /// Counts occurrences of tokens that are left out.
  mutating func skip(_ count: Int64) { totalCount = Self.sum(totalCount, count) }

  /// The counts of the most frequent tokens and of some others; the occurrences of the rest stay in ``totalCount``.
  ///
  /// - Returns: also how often the last of the most frequent ones was counted; nil where there are no others.
  func mostFrequent(_ size: Int, and others: Set<[UInt8]>) -> (counter: VocabularyCounter, last: Int64)? {
    guard size > 0, size < tokens.count else { return nil }
    let ranked = ranking(minimumCount: 0, leavingOut: nil)
    var kept = VocabularyCounter()
    let bytes = tokens.bytes.span.bytes
    for (place, candidate) in ranked.enumerated() {
      let range = tokens.range(of: Int(candidate.index))
      guard place < size || others.contains(Array(tokens.bytes[range])) else { continue }
      kept.add(bytes.extracting(range), count: candidate.count)
    }
    kept.totalCount = totalCount
    kept.overflowed = overflowed
    return (kept, ranked[size - 1].count)
  }

  /// Counts a token `count` times; a `count` below 1 changes nothing. Allocates only for a token that is new.
  public mutating func add(_ utf8: Span<UInt8>, count: Int64 = 1) { add(utf8.bytes, count: count) }

  /// Counts a token `count` times; a `count` below 1 changes nothing. Allocates only for a token that is new.
  public mutating func add(_ token: String, count: Int64 = 1) { add(token.utf8.span.bytes, count: count) }

  /// Counts all that another counter has counted.
  public mutating func merge(_ other: consuming VocabularyCounter) {
    let bytes = other.tokens.bytes.span.bytes
    for index in 0..<other.tokens.count {
      add(bytes.extracting(other.tokens.range(of: index)), count: other.counts[index])
    }
    overflowed = overflowed || other.overflowed
  }

  /// How often a token was counted.
  public func count(of token: String) -> Int64 { count(of: token.utf8.span.bytes) }

  @inline(__always)
  private mutating func add(_ token: RawSpan, count: Int64) {
    guard count > 0 else { return }
    guard let place = tokens.insert(token) else {
      overflowed = true
      return
    }
    if place.isNew {
      counts.append(count)
    } else {
      counts[place.index] = Self.sum(counts[place.index], count)
    }
    totalCount = Self.sum(totalCount, count)
  }

  /// Stops at the largest number: counts can come from files, and a sum must not trap.
  @inline(__always)
  private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }

  private func count(of token: RawSpan) -> Int64 { tokens.index(of: token).map { counts[$0] } ?? 0 }
}

extension VocabularyCounter {
  /// The vocabulary of the most frequent tokens.
  ///
  /// A token of the corpus that reads like a reserved one is the reserved one, whose count it becomes. Costs a sort of
  /// the tokens that are frequent enough.
  ///
  /// - Parameters:
  ///   - minimumCount: Tokens seen less often are left out.
  ///   - maximumSize: The most entries, reserved ones included, or nil for all.
  ///   - reserved: The complete list of reserved tokens: the first is padding, the second unknown.
  ///   - settings: How the corpus was cut, kept with the tokens so that later texts are cut the same way.
  /// - Throws: ``VocabularyError/empty(reason:)`` where no token is left, ``VocabularyError/invalidOptions(reason:)``
  ///   for reserved tokens or a size that cannot be, ``VocabularyError/tooLarge(reason:)`` beyond 2³¹ − 1 tokens or
  ///   4 GiB of them.
  public func build(
    minimumCount: Int = 1, maximumSize: Int? = nil, reserved: [String] = Vocabulary.defaultReservedTokens,
    settings: TokenizerSettings
  ) throws(VocabularyError) -> Vocabulary {
    let reserved = try ReservedTokens(reserved)
    let settings = try SettingsForm(settings)
    let room = try room(maximumSize: maximumSize, reserved: reserved)
    guard !overflowed else {
      throw .tooLarge(
        reason: "more than \(TokenArena.maximumCount) distinct tokens or 4 GiB of them; use shorter tokens")
    }
    guard tokens.count > 0 else { throw .empty(reason: "the corpus has no tokens") }

    var writer = FlatTableWriter()
    try reserved.append(to: &writer) { count(of: $0) }
    let ranked = ranking(minimumCount: minimumCount, leavingOut: reserved)
    guard !ranked.isEmpty else {
      throw .empty(reason: "no token occurs at least \(minimumCount) times; lower the minimum count")
    }
    let bytes = tokens.bytes.span.bytes
    for candidate in ranked.prefix(room) {
      let token = bytes.extracting(tokens.range(of: Int(candidate.index)))
      guard writer.append(token, count: candidate.count, kind: .ordinary) == .appended else {
        throw .tooLarge(reason: "more than \(TokenArena.maximumCount) tokens or 4 GiB of them; lower the maximum size")
      }
    }
    return try writer.finish(
      paddingID: ReservedTokens.paddingID, unknownID: ReservedTokens.unknownID, settings: settings)
  }

  private func room(maximumSize: Int?, reserved: ReservedTokens) throws(VocabularyError) -> Int {
    guard let maximumSize else { return .max }
    guard maximumSize > reserved.tokens.count else {
      throw .invalidOptions(
        reason: "a maximum size of \(maximumSize) leaves no room beside \(reserved.tokens.count) reserved tokens")
    }
    return maximumSize - reserved.tokens.count
  }

  /// What decides a token's rank, together in one place: a comparison rarely has to look at the token itself.
  private struct Candidate {
    let count: Int64
    /// The first eight bytes as a big-endian number, zeros where there are fewer: orders as the bytes do.
    let prefix: UInt64
    let index: UInt32
  }

  private func ranking(
    minimumCount: Int, leavingOut reserved: ReservedTokens?, byCount: Bool = true
  ) -> [Candidate] {
    let reservedIndices = Set((reserved?.tokens ?? []).compactMap { tokens.index(of: $0.utf8.span.bytes) })
    var candidates: [Candidate] = []
    let bytes = tokens.bytes
    for index in 0..<tokens.count where counts[index] >= minimumCount && !reservedIndices.contains(index) {
      var prefix: UInt64 = 0
      let range = tokens.range(of: index)
      for offset in 0..<8 {
        let byte = offset < range.count ? bytes[range.lowerBound + offset] : 0
        prefix = prefix << 8 | UInt64(byte)
      }
      candidates.append(Candidate(count: counts[index], prefix: prefix, index: UInt32(index)))
    }
    candidates.sort { left, right in
      if byCount, left.count != right.count { return left.count > right.count }
      if left.prefix != right.prefix { return left.prefix < right.prefix }
      let (leftRange, rightRange) = (tokens.range(of: Int(left.index)), tokens.range(of: Int(right.index)))
      for offset in 0..<min(leftRange.count, rightRange.count) {
        let (leftByte, rightByte) = (bytes[leftRange.lowerBound + offset], bytes[rightRange.lowerBound + offset])
        if leftByte != rightByte { return leftByte < rightByte }
      }
      return leftRange.count < rightRange.count
    }
    return candidates
  }
}
