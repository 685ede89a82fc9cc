/// Some texts as ids: no padding, one text behind the other. B texts, N ids in all.
public struct TokenBatch: Sendable, Hashable {
  /// The N ids.
  public let ids: [Int32]
  /// How many of them each text has, at least 1.
  public let lengths: [Int]

  /// A batch of texts with `lengths` ids each, `ids` one text behind the other.
  public init(ids: [Int32], lengths: [Int]) {
    precondition(lengths.reduce(0, +) == ids.count, "TokenBatch: \(ids.count) ids for the lengths \(lengths)")
    self.ids = ids
    self.lengths = lengths
  }

  /// A batch of texts.
  public init(_ texts: [[Int32]]) {
    self.init(ids: texts.flatMap { $0 }, lengths: texts.map(\.count))
  }

  /// B.
  public var count: Int { lengths.count }
}

/// Texts as ids, in the order of the corpus; 4 bytes a token.
public struct EncodedTexts: Sendable {
  private var ids: [Int32] = []
  private var starts: [Int] = [0]
  /// How many of the texts were longer than what is read of them.
  public private(set) var truncatedCount = 0

  /// No texts yet.
  public init() {}

  /// Adds a text.
  public mutating func append(_ tokens: some Collection<Int32>, isTruncated: Bool = false) {
    ids.append(contentsOf: tokens)
    starts.append(ids.count)
    if isTruncated { truncatedCount += 1 }
  }

  /// Number of texts.
  public var count: Int { starts.count - 1 }

  /// Ids of a text.
  public func length(_ index: Int) -> Int { starts[index + 1] - starts[index] }

  /// The share of the ids of some texts that are not `unknown`; 1 where there are none.
  func coverage(of indices: [Int], unknown: Int32) -> Double {
    var (total, known) = (0, 0)
    for index in indices {
      let text = ids[starts[index]..<starts[index + 1]]
      total += text.count
      known += text.count { $0 != unknown }
    }
    return total == 0 ? 1 : Double(known) / Double(total)
  }

  /// A number that differs where the ids or targets of some texts, or their order, do (FNV-1a over 32 bits at a time).
  func fingerprint(of parts: [Int]..., targets: TextTargets) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ value: Int32) { hash = (hash ^ UInt64(UInt32(bitPattern: value))) &* 0x100_0000_01B3 }
    for part in parts {
      add(Int32(truncatingIfNeeded: part.count))
      for index in part {
        for value in targets.code(index) { add(value) }
        add(-2)
        for id in ids[starts[index]..<starts[index + 1]] { add(id) }
        add(-1)
      }
    }
    return hash
  }

  /// Some texts as a batch.
  public func batch(_ indices: some Sequence<Int>) -> TokenBatch {
    var batchIDs: [Int32] = []
    var lengths: [Int] = []
    for index in indices {
      batchIDs.append(contentsOf: ids[starts[index]..<starts[index + 1]])
      lengths.append(length(index))
    }
    return TokenBatch(ids: batchIDs, lengths: lengths)
  }
}
