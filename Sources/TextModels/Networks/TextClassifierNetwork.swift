public import NeuralNetworks
public import Tensors

/// A network that gives each text of a batch a score for each class.
public protocol TextClassifierNetwork: Module {
  /// Scores before the softmax, [B, K].
  func logits(_ batch: TokenBatch) -> Tensor
}

extension TextClassifierConfiguration {
  /// The network, with new weights from `random`; without it the weights are zero until others are loaded.
  public func makeNetwork(random: RandomStream?) -> any TextClassifierNetwork {
    switch architecture {
    case .lstm, .bilstm: RecurrentClassifier(self, random: random)
    case .cnn: ConvolutionalClassifier(self, random: random)
    }
  }
}

/// Embedding → LSTM → pooling over time → linear layer.
public final class RecurrentClassifier: TextClassifierNetwork {
  /// [V, E]
  public let embedding: Embedding
  /// One or two directions.
  public let lstm: LSTM
  /// [K, D·H]
  public let output: Linear
  private let pooling: SequencePooling
  private let dropout: Float
  private let embeddingDropout: Float

  /// A network of the configuration's sizes.
  public init(_ configuration: TextClassifierConfiguration, random: RandomStream?) {
    let isBidirectional = configuration.architecture == .bilstm
    embedding = Embedding(
      vocabularySize: configuration.vocabularySize, embeddingSize: configuration.embeddingSize,
      initializer: .normal(standardDeviation: 0.1), random: random?.split("embedding"))
    lstm = LSTM(
      inputSize: configuration.embeddingSize, hiddenSize: configuration.hiddenSize,
      layerCount: configuration.layerCount, isBidirectional: isBidirectional,
      dropout: RecurrentDropout(betweenLayers: configuration.dropout),
      initializer: .xavierUniform, forgetBias: 1, random: random?.split("lstm"))
    output = Linear(
      inputSize: configuration.hiddenSize * (isBidirectional ? 2 : 1), outputSize: configuration.classCount,
      random: random?.split("output"))
    pooling = configuration.pooling
    dropout = configuration.dropout
    embeddingDropout = configuration.embeddingDropout
  }

  /// [B, K]
  public func logits(_ batch: TokenBatch) -> Tensor {
    let layout = SequenceLayout(lengths: batch.lengths)
    let words = embedding.indexed(layout.packed(batch.ids))
    let states = lstm(words.dropout(embeddingDropout), layout: layout)
    let pooled =
      switch pooling {
      case .last: states.lastStates(layout: layout, directions: lstm.directionCount)
      case .mean: states.meanOverTime(layout: layout)
      case .max: states.maxOverTime(layout: layout)
      }
    return output(pooled.dropout(dropout))
  }

  /// What is not a layer.
  public var summary: String { "\(pooling.rawValue) over time, dropout \(dropout)" }
}

/// Embedding → convolutions of several widths → max over time → linear layer (Kim 2014).
///
/// A text that is shorter than the widest filter is read as if zero vectors followed it.
public final class ConvolutionalClassifier: TextClassifierNetwork {
  /// [V, E]
  public let embedding: Embedding
  /// One for each width.
  public let convolutions: [ConvolutionMaxOverTime]
  /// [K, F · widths]
  public let output: Linear
  private let dropout: Float
  private let embeddingDropout: Float

  /// A network of the configuration's sizes.
  public init(_ configuration: TextClassifierConfiguration, random: RandomStream?) {
    embedding = Embedding(
      vocabularySize: configuration.vocabularySize, embeddingSize: configuration.embeddingSize,
      initializer: .normal(standardDeviation: 0.1), random: random?.split("embedding"))
    convolutions = configuration.filterWidths.enumerated().map { index, width in
      ConvolutionMaxOverTime(
        inputSize: configuration.embeddingSize, filterCount: configuration.filterCount, width: width,
        random: random?.split("convolutions").split(index))
    }
    output = Linear(
      inputSize: configuration.filterCount * configuration.filterWidths.count, outputSize: configuration.classCount,
      random: random?.split("output"))
    dropout = configuration.dropout
    embeddingDropout = configuration.embeddingDropout
  }

  /// [B, K]
  public func logits(_ batch: TokenBatch) -> Tensor {
    let widest = convolutions.map(\.width).max() ?? 1
    let rows = SequenceRows(counts: batch.lengths.map { max($0, widest) })
    var padded = [Int32](repeating: -1, count: rows.starts[rows.sequenceCount])
    var position = 0
    for (index, length) in batch.lengths.enumerated() {
      let start = rows.starts[index]
      padded.replaceSubrange(start..<start + length, with: batch.ids[position..<position + length])
      position += length
    }
    let embedded = embedding(padded).dropout(embeddingDropout)
    let features = convolutions.map { $0(embedded, rows: rows) }
    return output(Tensor.concatenated(features, axis: 1).dropout(dropout))
  }

  /// What is not a layer.
  public var summary: String { "max over time, dropout \(dropout)" }
}
