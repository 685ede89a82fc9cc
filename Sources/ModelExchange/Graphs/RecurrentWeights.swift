import NeuralNetworks
import Tensors

extension RecurrentLayers {
  /// The weights of one direction of a layer, with the gates in the order of a format.
  ///
  /// - Parameter order: where they stand among PyTorch's, which are i f g o and r z n.
  func orderedWeights(layer: Int, direction: Int, order: [Int]) -> RecurrentWeights {
    let count = hasBias ? 4 : 2
    let first = (layer * directionCount + direction) * count
    let own = weights[first..<first + count].map { $0.value.reordered(order) }
    return RecurrentWeights(
      input: own[0], recurrent: own[1], inputBias: hasBias ? own[2] : nil, recurrentBias: hasBias ? own[3] : nil)
  }
}

extension Tensor {
  /// Blocks of rows of equal size in another order.
  fileprivate func reordered(_ order: [Int]) -> Tensor {
    guard order != Array(order.indices) else { return self }
    let block = count / order.count
    return withUnsafeElements { numbers in
      Tensor(order.flatMap { numbers[$0 * block..<($0 + 1) * block] }, shape: shape)
    }
  }
}
