public import Tensors

/// Gated recurrent units (`torch.nn.GRU`: the reset gate on the hidden product, two biases).
public final class GRU: RecurrentLayers, @unchecked Sendable {
  /// Layers of H units in each direction over inputs of I numbers.
  ///
  /// - Parameter initializer: for the weights; `nil` is PyTorch's, uniform on ±1/√H for weights and biases.
  public init(
    inputSize: Int, hiddenSize: Int, layerCount: Int = 1, isBidirectional: Bool = false,
    dropout: RecurrentDropout = RecurrentDropout(), hasBias: Bool = true, initializer: Initializer? = nil,
    random: RandomStream?
  ) {
    super.init(
      .gru, inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount, isBidirectional: isBidirectional,
      dropout: dropout, hasBias: hasBias, initializer: initializer, random: random)
  }
}
