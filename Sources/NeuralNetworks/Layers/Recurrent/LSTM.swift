public import Tensors

/// Long short-term memory (`torch.nn.LSTM`).
public final class LSTM: RecurrentLayers, @unchecked Sendable {
  /// Layers of H units in each direction over inputs of I numbers.
  ///
  /// - Parameters:
  ///   - initializer: for the weights; `nil` is PyTorch's, uniform on ±1/√H for weights and biases.
  ///   - forgetBias: added to the input bias of the forget gate (Jozefowicz et al. 2015 suggest 1).
  public init(
    inputSize: Int, hiddenSize: Int, layerCount: Int = 1, isBidirectional: Bool = false,
    dropout: RecurrentDropout = RecurrentDropout(), hasBias: Bool = true, initializer: Initializer? = nil,
    forgetBias: Float = 0, random: RandomStream?
  ) {
    super.init(
      .lstm, inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount, isBidirectional: isBidirectional,
      dropout: dropout, hasBias: hasBias, initializer: initializer, random: random,
      adjust: { name, value in
        guard name == "bias_ih", forgetBias != 0 else { return }
        for unit in hiddenSize..<2 * hiddenSize { value[unit] += forgetBias }
      })
  }
}
