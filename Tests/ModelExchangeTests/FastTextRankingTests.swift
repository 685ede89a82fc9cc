import Testing

@testable import ModelExchange

@Suite("Rankings and trees of fastText")
struct FastTextRankingTests {
  @Test("the best come out, best first", arguments: [1, 2, 3, 7, 50, 1000])
  func best(limit: Int) {
    var state: UInt32 = 7
    let scores: [Float] = (0..<200).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / Float(1 << 24)
    }
    var ranking = FastTextRanking(limit: limit)
    for (label, score) in scores.enumerated() where !ranking.excludes(score) { ranking.add(score, Int32(label)) }
    #expect(ranking.sorted().map(\.score) == Array(scores.sorted(by: >).prefix(limit)))
  }

  /// std::push_heap, std::pop_heap and std::sort_heap of GNU's library with eight equal scores and limits of 3 and 8.
  @Test("of equal scores GNU's heap decides")
  func ties() {
    func order(_ limit: Int) -> [Int32] {
      var ranking = FastTextRanking(limit: limit)
      for label in 0..<8 as Range<Int32> { ranking.add(1, label) }
      return ranking.sorted().map(\.label)
    }
    #expect(order(3) == [7, 1, 6])
    #expect(order(8) == [3, 1, 4, 7, 5, 6, 2, 0])
  }

  @Test("frequent labels are near the root, and equal weights take inner nodes first")
  func tree() {
    let tree = FastTextTree(counts: [8, 4, 2, 2])
    // 2 + 2 is as heavy as the leaf of 4, and goes first.
    #expect(tree.left == [3, 4, 5] && tree.right == [2, 1, 0])
    #expect(tree.root == 6)
    #expect(FastTextTree(counts: [5]).root == 0)
    #expect(FastTextTree(counts: [0, 0, 0]).left.count == 2)
  }
}
