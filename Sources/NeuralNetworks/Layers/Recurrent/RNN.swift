public import Tensors

/// The simple recurrent network of Elman (1990) (`torch.nn.RNN`).
public final class RNN: RecurrentLayers, @unchecked Sendable {
  /// What is applied to the sum of products.
  public enum Nonlinearity: String, Sendable, Codable, CaseIterable {
    /// The hyperbolic tangent.
    case tanh
    /// max(0, x)
    case relu
  }

  /// Layers of H units in each direction over inputs of I numbers.
  ///
  /// - Parameter initializer: for the weights; `nil` is PyTorch's, uniform on ±1/√H for weights and biases.
  public init(
    inputSize: Int, hiddenSize: Int, layerCount: Int = 1, nonlinearity: Nonlinearity = .tanh,
    isBidirectional: Bool = false, dropout: RecurrentDropout = RecurrentDropout(), hasBias: Bool = true,
    initializer: Initializer? = nil, random: RandomStream?
  ) {
    super.init(
      nonlinearity == .tanh ? .tanhRNN : .reluRNN, inputSize: inputSize, hiddenSize: hiddenSize,
      layerCount: layerCount, isBidirectional: isBidirectional, dropout: dropout, hasBias: hasBias,
      initializer: initializer, random: random)
  }
}
