public import NeuralNetworks
public import Tensors

/// Each word with its left and right context (Lai et al. 2015, "Recurrent convolutional neural networks for text
/// classification"): the states of a recurrent network in both directions beside the word's vector, a layer with tanh, and
/// the maximum over time.
public final class RecurrentConvolutionEncoder: TextNetworkEncoder {
  /// Both directions.
  public let recurrent: RecurrentLayers
  /// [A, 2H + E]
  public let projection: Linear

  /// A network over vectors of `inputSize` numbers.
  public init(_ options: RecurrentConvolutionOptions, inputSize: Int, random: RandomStream?) {
    var layers = RecurrentOptions(options.cell, isBidirectional: true)
    layers.hiddenSize = options.hiddenSize
    recurrent = layers.makeLayers(inputSize: inputSize, random: random?.split("recurrent"))
    projection = Linear(
      inputSize: 2 * options.hiddenSize + inputSize, outputSize: options.featureCount,
      random: random?.split("projection"))
  }

  /// A.
  public var outputSize: Int { projection.weight.shape[0] }

  /// [B, A]
  public func callAsFunction(_ batch: TokenBatch, _ embedding: WordEmbedding) -> Tensor {
    let layout = SequenceLayout(lengths: batch.lengths)
    let words = embedding.indexed(layout.packed(batch.ids))
    let states = recurrent(words, layout: layout)
    return projection(Tensor.concatenated([states, words.expanded], axis: 1)).tanh().maxOverTime(layout: layout)
  }

  /// What is not a layer.
  public var summary: String { "tanh, max over time" }
}
