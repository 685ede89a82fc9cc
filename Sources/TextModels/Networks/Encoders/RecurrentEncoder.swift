public import NeuralNetworks
public import Tensors

/// Recurrent layers, and their states pooled over time.
public final class RecurrentEncoder: TextNetworkEncoder {
  /// One or two directions.
  public let recurrent: RecurrentLayers
  /// Weighs the states, where they are pooled so.
  public let attention: AttentionPooling?
  package let pooling: SequencePooling

  /// Layers over vectors of `inputSize` numbers.
  public init(_ options: RecurrentOptions, inputSize: Int, random: RandomStream?) {
    recurrent = options.makeLayers(inputSize: inputSize, random: random?.split("recurrent"))
    pooling = options.pooling
    attention =
      pooling == .attention
      ? AttentionPooling(inputSize: recurrent.outputSize, random: random?.split("attention")) : nil
  }

  /// D·H, twice that with two poolings.
  public var outputSize: Int { recurrent.outputSize * (pooling == .maxMean ? 2 : 1) }

  /// [B, D·H]
  public func callAsFunction(_ batch: TokenBatch, _ embedding: WordEmbedding) -> Tensor {
    let layout = SequenceLayout(lengths: batch.lengths)
    let states = recurrent(embedding.indexed(layout.packed(batch.ids)), layout: layout)
    if let attention { return attention(states, layout: layout).pooled }
    return switch pooling {
    case .last: states.lastStates(layout: layout, directions: recurrent.directionCount)
    case .mean, .attention: states.meanOverTime(layout: layout)
    case .max: states.maxOverTime(layout: layout)
    case .maxMean:
      Tensor.concatenated([states.maxOverTime(layout: layout), states.meanOverTime(layout: layout)], axis: 1)
    }
  }

  /// What is not a layer.
  public var summary: String { "\(pooling.rawValue) over time" }
}

extension RecurrentOptions {
  /// The layers over vectors of `inputSize` numbers.
  func makeLayers(
    inputSize: Int, initializer: Initializer = .xavierUniform, random: RandomStream?
  ) -> RecurrentLayers {
    let dropout = RecurrentDropout(betweenLayers: layerDropout, isLocked: isDropoutLocked, weights: weightDropout)
    switch cell {
    case .lstm:
      return LSTM(
        inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount, isBidirectional: isBidirectional,
        dropout: dropout, initializer: initializer, forgetBias: 1, random: random)
    case .gru:
      return GRU(
        inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount, isBidirectional: isBidirectional,
        dropout: dropout, initializer: initializer, random: random)
    case .tanhRNN, .reluRNN:
      return RNN(
        inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount,
        nonlinearity: cell == .tanhRNN ? .tanh : .relu, isBidirectional: isBidirectional, dropout: dropout,
        initializer: initializer, random: random)
    }
  }
}
