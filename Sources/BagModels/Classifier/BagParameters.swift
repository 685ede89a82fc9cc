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
    let dimensions = options.dimensions
    let numbers = (0..<rows.count).flatMap { rows.vector($0) }
    return BagParameters(
      rows: Tensor(numbers, shape: [rows.count, dimensions]), output: output.table.tensor, paths: output.paths)
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
