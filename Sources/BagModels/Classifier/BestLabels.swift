#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The best of many, best first, equal ones in the order of their labels.
struct BestLabels {
  struct Entry {
    let label: Int
    let probability: Float
  }

  private(set) var entries: [Entry] = []
  private let limit: Int

  init(_ limit: Int) { self.limit = limit }

  /// What a label must have to come in.
  var least: Float { entries.count < limit ? -.infinity : entries.last?.probability ?? .infinity }

  mutating func add(_ label: Int, _ probability: Float) {
    let entry = Entry(label: label, probability: probability)
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      let other = entries[middle]
      if (other.probability, -other.label) > (probability, -label) { low = middle + 1 } else { high = middle }
    }
    guard low < limit else { return }
    if entries.count == limit { entries.removeLast() }
    entries.insert(entry, at: low)
  }
}

extension OutputLayer {
  /// The likeliest labels of the hidden vector that the scratch holds.
  func best(_ count: Int, threshold: Float, scratch: PredictionScratch) -> [(label: Int, probability: Float)] {
    guard count > 0 else { return [] }
    var best = BestLabels(min(count, labelCount))
    let scores = scratch.scores.base
    let hidden = scratch.hidden.base
    if let tree {
      search(tree, from: tree.root, hidden: hidden, threshold: threshold, into: &best)
    } else {
      kernels.dot_rows(table.base, table.stride, table.width, nil, labelCount, hidden, scores)
      if loss == .softmax {
        kernels.softmax(scores, 1, labelCount, scores)
      } else {
        kernels.sigmoid(scores, scores, labelCount)
      }
      for label in 0..<labelCount where scores[label] >= threshold && scores[label] >= best.least {
        best.add(label, scores[label])
      }
    }
    return best.entries.map { ($0.label, $0.probability) }
  }

  /// Goes down the tree from its root, the likelier way first, and leaves out what is below a node that is not likelier
  /// than the worst label found: a label is never likelier than a node above it.
  private func search(
    _ tree: HuffmanTree, from root: Int32?, hidden: UnsafeMutablePointer<Float>, threshold: Float,
    into best: inout BestLabels
  ) {
    guard let root else { return best.add(0, 1) }
    var open: [(node: Int32, probability: Float)] = [(~root, 1)]
    while let (place, probability) = open.popLast() {
      guard probability >= threshold, probability >= best.least else { continue }
      if place >= 0 {
        best.add(Int(place), probability)
        continue
      }
      let node = Int(~place)
      var score: Float = 0
      kernels.dot_rows(table[node], table.stride, table.width, nil, 1, hidden, &score)
      let turn = 1 / (1 + exp(-score))
      let right = (tree.right[node], probability * turn)
      let left = (tree.left[node], probability * (1 - turn))
      open += turn > 0.5 ? [left, right] : [right, left]
    }
  }
}
