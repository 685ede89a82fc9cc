/// The Huffman tree of a hierarchical softmax, made of the labels' counts as training made it: among equal weights inner
/// nodes come before leaves, which decides whose row is whose. K labels; nodes K and up are inner ones, the last one the
/// root.
struct FastTextTree: Sendable {
  /// Counts are below this, the weight of a node that does not exist yet.
  static let countLimit: Int64 = 1_000_000_000_000_000

  let labelCount: Int
  /// The children of inner node K + i.
  private(set) var left: [Int32] = []
  private(set) var right: [Int32] = []

  /// A tree for K ≥ 1 labels with counts of 0..<countLimit, which fall as a rule.
  init(counts: [Int64]) {
    labelCount = counts.count
    var weights = counts
    weights.reserveCapacity(2 * counts.count)
    var leaf = counts.count - 1
    var inner = counts.count
    func weight(_ node: Int) -> Int64 { node < weights.count ? weights[node] : Self.countLimit }
    func lightest() -> Int {
      if leaf >= 0, weights[leaf] < weight(inner) {
        leaf -= 1
        return leaf + 1
      }
      inner += 1
      return inner - 1
    }
    for _ in 0..<max(0, counts.count - 1) {
      let (a, b) = (lightest(), lightest())
      left.append(Int32(truncatingIfNeeded: a))
      right.append(Int32(truncatingIfNeeded: b))
      // The counts of a damaged file may be anything.
      weights.append(weight(a) &+ weight(b))
    }
  }

  var root: Int32 { Int32(truncatingIfNeeded: 2 * labelCount - 2) }
}
