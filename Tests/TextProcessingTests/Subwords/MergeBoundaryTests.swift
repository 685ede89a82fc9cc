import Testing

@testable import TextProcessing

@Suite("Long words of byte-pair models")
struct MergeBoundaryTests {
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

  @Test("parts and passes merge as one queue over the whole word does", arguments: [false, true])
  func equality(repeats: Bool) throws {
    var random = SplitMix(state: repeats ? 11 : 7)
    var scratch = MergeScratch()
    var cuts = 0
    for round in 0..<30 {
      let symbols = Int.random(in: 1...9, using: &random)
      let table = Table(
        symbols: symbols, merges: symbols == 1 ? 6 : Int.random(in: 3...60, using: &random), repeats: repeats, &random)
      let boundaries = try #require(MergeBoundaries(table.merges, tokenCount: table.tokenCount))
      #expect(repeats || boundaries.isEachMadeOnce)
      for length in [2, 60, 999] + (round < 4 ? [70_001] : []) {
        let run = Int.random(in: 0..<3, using: &random) == 0
        let word = (0..<Int32(length)).map { index in
          SubwordPiece(id: run ? 0 : Int32.random(in: 0..<Int32(symbols), using: &random), end: index + 1)
        }
        var (whole, parts) = (word, word)
        scratch.merge(&whole, from: 0, table.pairs)
        scratch.merge(&parts, from: 0, table.pairs, within: boundaries)
        #expect(whole == parts, "\(symbols) symbols, \(length) pieces")
        cuts += zip(word, word.dropFirst()).count { !boundaries.mayJoin($0.id, $1.id) }
      }
    }
    #expect(cuts > 0)
  }

  @Test("merges that are in no order are not cut")
  func disorder() {
    // A token is used before it is made.
    #expect(MergeBoundaries([(2, 0, 3), (0, 1, 2)], tokenCount: 4) == nil)
    // A token begins with one symbol by one merge, with another by the other.
    #expect(MergeBoundaries([(0, 1, 2), (1, 0, 2)], tokenCount: 3) == nil)
    #expect(MergeBoundaries([(0, 1, 9)], tokenCount: 3) == nil)
  }
}
