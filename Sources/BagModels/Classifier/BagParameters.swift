import Tensors

/// The numbers that a classifier computes with, for other programs: a text is the mean of some rows, and the output layer
/// scores it.
package struct BagParameters: Sendable {
  /// [R, D]: reserved words, words, n-grams.
  package let rows: Tensor
  /// [O, D]: a row for each label, or for each inner node of the Huffman tree.
  package let output: Tensor
  /// Of the hierarchical softmax: which nodes each label's path leaves to the right and to the left, [O, K] each.
  package let paths: (right: Tensor, left: Tensor)?
}

extension BagClassifier {
  /// The numbers that it computes with, copied.
  package var parameters: BagParameters {
    var numbers: [Float] = []
    numbers.reserveCapacity(rows.count * options.dimensions)
    for row in 0..<rows.count { numbers += rows.vector(row) }
    return BagParameters(
      rows: Tensor(numbers, shape: [rows.count, options.dimensions]), output: output.table.tensor, paths: output.paths)
  }

  /// Elements of one of the matrices of paths; 0 where there are none.
  package var pathCount: Int { output.tree == nil ? 0 : output.table.count * labels.count }

  /// The scores of a text's rows, as ``parameters`` give them: K numbers, the logarithms of probabilities with the
  /// hierarchical softmax.
  package func scores(of indices: [Int32]) -> [Float] {
    let width = output.table.width
    let mean = [Float](unsafeUninitializedCapacity: width) { mean, count in
      if let base = mean.baseAddress { rows.mean(of: indices, into: base, width: width) }
      count = width
    }
    let hidden = Tensor(Array(mean.prefix(options.dimensions)), shape: [1, options.dimensions])
    let scores = hidden.linear(weight: output.table.tensor)
    guard let paths = output.paths else { return scores.scalars }
    // log σ(x) = -log(1 + e⁻ˣ)
    let (right, left) = ((scores * -1).softplus() * -1, scores.softplus() * -1)
    return (right.linear(weight: paths.right.transposed()) + left.linear(weight: paths.left.transposed())).scalars
  }

  /// The rows of a text, in the order in which it has them; their mean is the text's vector.
  package func rowIndices(_ text: String) -> [Int32] { pool.withScratch { $0.indices(text, self) } }
}

extension OutputLayer {
  fileprivate var paths: (right: Tensor, left: Tensor)? {
    guard let tree else { return nil }
    let shape = [table.count, labelCount]
    var (right, left) = (Tensor(zeros: shape), Tensor(zeros: shape))
    for label in 0..<labelCount {
      for step in tree.starts[label]..<tree.starts[label + 1] {
        let node = Int(tree.nodes[step])
        if tree.turns[step] > 0 { right[node, label] = 1 } else { left[node, label] = 1 }
      }
    }
    return (right, left)
  }
}
