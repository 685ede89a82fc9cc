public import NeuralNetworks
public import Tensors

/// Recurrent layers, and their states pooled over time.
public final class RecurrentEncoder: TextNetworkEncoder {
  /// One or two directions.
  public let recurrent: RecurrentLayers
  /// Weighs the states, where they are pooled so.
  public let attention: AttentionPooling?
  private let pooling: SequencePooling

  /// Layers over vectors of `inputSize` numbers.
  public init(_ options: RecurrentOptions, inputSize: Int, random: RandomStream?) {
    let dropout = RecurrentDropout(
      betweenLayers: options.layerDropout, isLocked: options.isDropoutLocked, weights: options.weightDropout)
    recurrent =
      switch options.cell {
      case .lstm:
        LSTM(
          inputSize: inputSize, hiddenSize: options.hiddenSize, layerCount: options.layerCount,
          isBidirectional: options.isBidirectional, dropout: dropout, initializer: .xavierUniform, forgetBias: 1,
          random: random?.split("recurrent"))
      case .gru:
        GRU(
          inputSize: inputSize, hiddenSize: options.hiddenSize, layerCount: options.layerCount,
          isBidirectional: options.isBidirectional, dropout: dropout, initializer: .xavierUniform,
          random: random?.split("recurrent"))
      case .tanhRNN, .reluRNN:
        RNN(
          inputSize: inputSize, hiddenSize: options.hiddenSize, layerCount: options.layerCount,
          nonlinearity: options.cell == .tanhRNN ? .tanh : .relu, isBidirectional: options.isBidirectional,
          dropout: dropout, initializer: .xavierUniform, random: random?.split("recurrent"))
      }
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
