/// A binary tree over labels in which frequent ones are near the root (Huffman 1952), so that the path of an average text
/// is short. K labels, K - 1 inner nodes.
struct HuffmanTree: Sendable {
  /// The inner nodes of each label's path from the root on, one label behind the other, as rows of the output table.
  private(set) var nodes: [Int32] = []
  /// Which way each of them goes on: 1 for right, 0 for left.
  private(set) var turns: [Float] = []
  /// Where each label's path begins, and where the last one ends.
  private(set) var starts: [Int] = [0]
  /// The children of each inner node: a label, or `~n` for inner node n.
  private(set) var left: [Int32] = []
  private(set) var right: [Int32] = []

  /// A tree for labels that occur so often. Counts fall, as those of a classifier's labels do.
  init(counts: [Int64]) {
    // Two queues, both in rising order: leaves from the end on, and inner nodes as they are made.
    var leaf = counts.count - 1
    var inner = 0
    var sums: [Int64] = []
    var parents = [Int32](repeating: -1, count: max(0, 2 * counts.count - 1))
    /// The lightest of what is left: a label, or K + n for inner node n.
    func lightest() -> Int {
      if leaf >= 0, inner >= sums.count || counts[leaf] <= sums[inner] {
        leaf -= 1
        return leaf + 1
      }
      inner += 1
      return counts.count + inner - 1
    }
    func weight(_ node: Int) -> Int64 { node < counts.count ? counts[node] : sums[node - counts.count] }
    for node in 0..<max(0, counts.count - 1) {
      let (a, b) = (lightest(), lightest())
      sums.append(weight(a) &+ weight(b))
      (parents[a], parents[b]) = (Int32(node), Int32(node))
      left.append(a < counts.count ? Int32(a) : ~Int32(a - counts.count))
      right.append(b < counts.count ? Int32(b) : ~Int32(b - counts.count))
    }
    for label in counts.indices {
      var path: [(node: Int32, turn: Float)] = []
      var (place, entry) = (label, Int32(label))
      while parents[place] >= 0 {
        let parent = parents[place]
        path.append((parent, right[Int(parent)] == entry ? 1 : 0))
        (place, entry) = (counts.count + Int(parent), ~parent)
      }
      for step in path.reversed() {
        nodes.append(step.node)
        turns.append(step.turn)
      }
      starts.append(nodes.count)
    }
  }

  /// The root, which is the last node made; nil for a single label.
  var root: Int32? { left.isEmpty ? nil : Int32(left.count - 1) }
}
