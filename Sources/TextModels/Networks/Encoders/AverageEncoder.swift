public import NeuralNetworks
public import Tensors

/// The mean of the words' vectors, through hidden layers with ReLU (Iyyer et al. 2015, "Deep unordered composition rivals
/// syntactic methods for text classification").
public final class AverageEncoder: TextNetworkEncoder {
  /// The hidden layers.
  public let hidden: [Linear]
  private let inputSize: Int

  /// Layers over vectors of `inputSize` numbers.
  public init(_ options: AverageOptions, inputSize: Int, random: RandomStream?) {
    self.inputSize = inputSize
    hidden = options.hiddenSizes.enumerated().map { index, size in
      Linear(
        inputSize: index == 0 ? inputSize : options.hiddenSizes[index - 1], outputSize: size,
        random: random?.split(index))
    }
  }

  /// Units of the last layer.
  public var outputSize: Int { hidden.last?.weight.shape[0] ?? inputSize }

  /// [B, units of the last layer]
  public func callAsFunction(_ batch: TokenBatch, _ embedding: WordEmbedding) -> Tensor {
    let layout = SequenceLayout(lengths: batch.lengths)
    let mean = embedding(layout.packed(batch.ids)).meanOverTime(layout: layout)
    return hidden.reduce(mean) { $1($0).relu() }
  }

  /// What is not a layer.
  public var summary: String { "mean over time" }
}
