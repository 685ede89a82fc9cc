import CKernels
import Tensors

/// From a text's hidden vector to its labels: a table with a row for each label, or for each inner node of the Huffman
/// tree. K labels.
struct OutputLayer: Sendable {
  let loss: BagLoss
  /// How often each label occurred in training; they fall.
  let labelCounts: [Int64]
  let table: RowTable
  /// Of the hierarchical softmax.
  let tree: HuffmanTree?

  var labelCount: Int { labelCounts.count }

  /// Makes a text's hidden vector its labels' scores.
  func becomeIdentity() {
    for label in 0..<table.count { table[label][label] = 1 }
  }

  /// Rows of the table for so many labels.
  static func rowCount(_ loss: BagLoss, labels: Int) -> Int {
    loss == .hierarchicalSoftmax ? max(1, labels - 1) : labels
  }

  init(loss: BagLoss, labelCounts: [Int64], table: RowTable) {
    self.loss = loss
    self.labelCounts = labelCounts
    self.table = table
    tree = loss == .hierarchicalSoftmax ? HuffmanTree(counts: labelCounts) : nil
  }
}

/// Trains an output layer, one text after the other.
final class OutputTraining {
  private let layer: OutputLayer
  /// Whether the layer is the identity and stays so.
  private let isIdentity: Bool
  private let sampler: NegativeSampler?
  private let negatives: Int
  private var scores = ScratchBuffer<Float>()
  private var factors = ScratchBuffer<Float>()
  private var targets = ScratchBuffer<Float>()
  private var rows = ScratchBuffer<Int32>()
  /// Of a wide layer: each piece's part of the gradient.
  private var partial = ScratchBuffer<Float>()
  private var generator: RandomStream.Generator

  /// Rows that a wide layer takes at once: about a second-level cache.
  private let rowsPerTile: Int

  init(_ layer: OutputLayer, isIdentity: Bool, negatives: Int, random: RandomStream) {
    self.layer = layer
    self.isIdentity = isIdentity
    self.negatives = negatives
    generator = random.generator
    sampler = layer.loss == .negativeSampling ? NegativeSampler(counts: layer.labelCounts, power: 0.5) : nil
    rowsPerTile = max(1, 16_384 / layer.table.stride)
    let rowCount = layer.table.count
    scores.reserve(rowCount)
    factors.reserve(max(rowCount, negatives + 1))
    targets.reserve(max(rowCount, negatives + 1))
    targets.base.initialize(repeating: 0, count: max(rowCount, negatives + 1))
    rows.reserve(negatives + 1)
    scores.reserve(negatives + 1)
    partial.reserve((rowCount + rowsPerTile - 1) / rowsPerTile * layer.table.stride)
  }

  /// Whether one text is work enough for several threads.
  var isWide: Bool {
    !isIdentity && (layer.loss == .softmax || layer.loss == .oneVersusAll) && layer.table.count >= 4 * rowsPerTile
  }

  /// Changes the rows by one text; `gradient` receives what the hidden vector is to be changed by. Returns the loss.
  func step(
    hidden: UnsafePointer<Float>, labels: ArraySlice<Int32>, rate: Float, gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    gradient.update(repeating: 0, count: layer.table.stride)
    if layer.loss == .oneVersusAll { return allLabels(hidden, labels, rate, gradient) }
    guard let first = labels.first else { return 0 }
    // One of several labels at random.
    let label = labels.count == 1 ? first : labels[labels.startIndex + generator.next(below: labels.count)]
    switch layer.loss {
    case .softmax: return softmax(hidden, Int(label), rate, gradient)
    case .hierarchicalSoftmax: return path(hidden, Int(label), rate, gradient)
    case .negativeSampling, .oneVersusAll: return sampled(hidden, label, rate, gradient)
    }
  }

  private func softmax(
    _ hidden: UnsafePointer<Float>, _ label: Int, _ rate: Float, _ gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    var target = Int32(truncatingIfNeeded: label)
    let count = layer.table.count
    scoreAll(hidden)
    let loss = kernels.softmax_cross_entropy(scores.base, 1, count, &target, factors.base)
    for index in 0..<count { factors.base[index] *= -rate }
    factors.base[label] += rate
    blendRows(hidden, gradient)
    return loss
  }

  private func allLabels(
    _ hidden: UnsafePointer<Float>, _ labels: ArraySlice<Int32>, _ rate: Float, _ gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    for label in labels { targets.base[Int(label)] = 1 }
    defer { for label in labels { targets.base[Int(label)] = 0 } }
    scoreAll(hidden)
    let loss = kernels.logistic_factors(scores.base, targets.base, layer.table.count, rate, factors.base)
    blendRows(hidden, gradient)
    return loss
  }

  private func path(
    _ hidden: UnsafePointer<Float>, _ label: Int, _ rate: Float, _ gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    guard let tree = layer.tree else { return 0 }
    let range = tree.starts[label]..<tree.starts[label + 1]
    return tree.nodes.withUnsafeBufferPointer { nodes in
      tree.turns.withUnsafeBufferPointer { turns in
        guard let nodes = nodes.baseAddress, let turns = turns.baseAddress else { return 0 }
        return logistic(
          hidden, nodes + range.lowerBound, turns + range.lowerBound, range.count, rate, gradient)
      }
    }
  }

  private func sampled(
    _ hidden: UnsafePointer<Float>, _ label: Int32, _ rate: Float, _ gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    guard let sampler else { return 0 }
    var count = 1
    rows.base[0] = label
    for _ in 0..<negatives {
      let other = sampler.number(generator.next())
      if other != label {
        rows.base[count] = other
        count += 1
      }
    }
    targets.base[0] = 1
    defer { targets.base[0] = 0 }
    return logistic(hidden, rows.base, targets.base, count, rate, gradient)
  }

  /// Logistic regressions of some rows.
  private func logistic(
    _ hidden: UnsafePointer<Float>, _ rows: UnsafePointer<Int32>, _ targets: UnsafePointer<Float>, _ count: Int,
    _ rate: Float, _ gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    let table = layer.table
    scores.reserve(count)
    factors.reserve(count)
    kernels.dot_rows(table.base, table.stride, table.width, rows, count, hidden, scores.base)
    let loss = kernels.logistic_factors(scores.base, targets, count, rate, factors.base)
    kernels.blend_rows(table.base, table.stride, table.width, rows, count, factors.base, hidden, gradient)
    return loss
  }

  private func scoreAll(_ hidden: UnsafePointer<Float>) {
    let (table, scores) = (layer.table, scores.base)
    if isIdentity { return scores.update(from: hidden, count: table.count) }
    forEachTile { first, count in
      kernels.dot_rows(table[first], table.stride, table.width, nil, count, hidden, scores + first)
    }
  }

  /// Adds the rows by their factors to the gradient, and the hidden vector to the rows.
  private func blendRows(_ hidden: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    let table = layer.table
    if isIdentity { return gradient.update(from: factors.base, count: table.count) }
    guard isWide else {
      kernels.blend_rows(table.base, table.stride, table.width, nil, table.count, factors.base, hidden, gradient)
      return
    }
    let (factors, partial) = (factors.base, partial.base)
    forEachTile { first, count in
      let own = partial + first / rowsPerTile * table.stride
      own.update(repeating: 0, count: table.stride)
      kernels.blend_rows(table[first], table.stride, table.width, nil, count, factors + first, hidden, own)
    }
    for tile in 0..<(table.count + rowsPerTile - 1) / rowsPerTile {
      kernels.add(gradient, partial + tile * table.stride, gradient, table.stride)
    }
  }

  /// Calls `body` for consecutive rows: on several threads in a wide layer.
  private func forEachTile(_ body: (_ first: Int, _ count: Int) -> Void) {
    let count = layer.table.count
    guard isWide else { return body(0, count) }
    let perTile = rowsPerTile
    parallelFor((count + perTile - 1) / perTile) { tile in
      body(tile * perTile, min(perTile, count - tile * perTile))
    }
  }
}
