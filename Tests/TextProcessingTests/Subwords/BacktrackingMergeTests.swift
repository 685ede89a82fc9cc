import Testing

@testable import TextProcessing

@Suite("Long words of byte-pair models")
struct BacktrackingMergeTests {
  /// Merges over some symbols, each of tokens that are there already.
  private struct Table {
    var pairs: PairTable
    var merges: [(left: Int32, right: Int32, id: Int32)] = []
    let tokenCount: Int

    /// - Parameter repeats: whether some merges make a token that another one makes too.
    init(symbols: Int, merges count: Int, repeats: Bool, _ random: inout SplitMix) {
      pairs = PairTable(capacity: count)
      tokenCount = symbols + count
      var spelt: [[Int32]: Int32] = [:]
      var tokens = (0..<Int32(symbols)).map { [$0] }
      for token in tokens { spelt[token] = token[0] }
      while merges.count < count {
        // Short tokens more often: long ones hardly ever meet.
        func pick() -> Int {
          min(Int.random(in: 0..<tokens.count, using: &random), Int.random(in: 0..<tokens.count, using: &random))
        }
        let (left, right) = (pick(), pick())
        let whole = tokens[left] + tokens[right]
        guard whole.count <= 12, pairs.merge(Int32(left), Int32(right)) == nil else { continue }
        let known = spelt[whole]
        guard known == nil || repeats else { continue }
        let id = known ?? Int32(tokens.count)
        if known == nil {
          tokens.append(whole)
          spelt[whole] = id
        }
        pairs.insert(Int32(left), Int32(right), .init(rank: Int32(merges.count), id: id))
        merges.append((Int32(left), Int32(right), id))
      }
    }
  }

  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  @Test("backtracking merges as a queue over the whole word does", arguments: [false, true])
  func equality(repeats: Bool) throws {
    var random = SplitMix(state: repeats ? 11 : 7)
    var scratch = MergeScratch()
    var backtracking = BacktrackingMerges.Scratch()
    var used = 0
    for _ in 0..<1000 {
      let symbols = Int.random(in: 1...9, using: &random)
      let table = Table(
        symbols: symbols, merges: symbols == 1 ? 6 : Int.random(in: 3...60, using: &random), repeats: repeats, &random)
      // Where a token that two merges make is used between them, ranks do not say what comes first.
      guard let merges = BacktrackingMerges(table.merges, tokenCount: table.tokenCount, table.pairs) else {
        #expect(repeats)
        continue
      }
      for length in [1, 2, 3, 5, 60, 300] {
        let run = Int.random(in: 0..<3, using: &random) == 0
        let word = (0..<Int32(length)).map { index in
          SubwordPiece(id: run ? 0 : Int32.random(in: 0..<Int32(symbols), using: &random), end: 2 * index + 2)
        }
        var (queued, found) = (word, word)
        scratch.merge(&queued, from: 0, table.pairs)
        let isDone = merges.merge(&found, from: 0, &backtracking)
        #expect(isDone)
        #expect(queued == found, "\(symbols) symbols, \(length) pieces")
        used += 1
      }
    }
    #expect(used > 500)
  }

  @Test("pieces before the word stay")
  func place() throws {
    var pairs = PairTable(capacity: 1)
    pairs.insert(0, 1, .init(rank: 0, id: 2))
    let merges = try #require(BacktrackingMerges([(0, 1, 2)], tokenCount: 3, pairs))
    var scratch = BacktrackingMerges.Scratch()
    var pieces = [0, 1, 0, 1, 1].enumerated().map { SubwordPiece(id: $1, end: Int32($0 + 1)) }
    let isDone = merges.merge(&pieces, from: 2, &scratch)
    #expect(isDone)
    #expect(pieces.map(\.id) == [0, 1, 2, 1])
    #expect(pieces.map(\.end) == [1, 2, 4, 5])
    // A word in which a token stands that merges make is left to the queue.
    let whole = pieces
    let isDoneAgain = merges.merge(&pieces, from: 0, &scratch)
    #expect(!isDoneAgain)
    #expect(pieces == whole)
  }

  @Test("merges that are in no order, or too long, are refused")
  func disorder() {
    func make(_ merges: [(left: Int32, right: Int32, id: Int32)], _ tokenCount: Int) -> BacktrackingMerges? {
      var pairs = PairTable(capacity: merges.count)
      for (rank, merge) in merges.enumerated() {
        pairs.insert(merge.left, merge.right, .init(rank: Int32(rank), id: merge.id))
      }
      return BacktrackingMerges(merges, tokenCount: tokenCount, pairs)
    }
    // A token is used before it is made.
    #expect(make([(2, 0, 3), (0, 1, 2)], 4) == nil)
    // Two tokens are spelt alike: 0 1 0 as (0 1) 0 never comes to be, since 1 0 is joined first, so that this is none.
    #expect(make([(1, 0, 2), (0, 1, 3), (3, 0, 4), (0, 2, 5)], 6) != nil)
    #expect(make([(0, 1, 9)], 3) == nil)
    // Each token twice the one before.
    #expect(make((0..<40).map { ($0, $0, $0 + 1) }, 41) == nil)
  }
}
