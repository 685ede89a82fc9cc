public import NeuralNetworks
public import Tensors

/// Convolutions over the characters of a text (Zhang, Zhao, LeCun 2015, "Character-level convolutional networks for text
/// classification"): six of them, three with pooling, and two hidden layers. Characters have trained vectors in place of
/// the paper's one-hot ones.
public final class CharacterConvolutionEncoder: TextNetworkEncoder {
  private static let widths = [7, 7, 3, 3, 3, 3]
  /// The convolutions that pooling follows.
  package static let pooled: Set = [0, 1, 5]

  /// Rows that are left of a text of some length.
  static func rowCount(length: Int) -> Int {
    widths.indices.reduce(length) { rows, index in
      let windows = max(0, rows - widths[index] + 1)
      return pooled.contains(index) ? (windows + 2) / 3 : windows
    }
  }

  /// The shortest text of which a row is left.
  static let shortestLength = (1...256).first { rowCount(length: $0) > 0 } ?? 256

  /// Six of them.
  public let convolutions: [ConvolutionOverTime]
  /// Two.
  public let hidden: [Linear]
  package let length: Int
  private let dropout: Float

  /// A network over vectors of `inputSize` numbers.
  public init(_ options: CharacterConvolutionOptions, inputSize: Int, random: RandomStream?) {
    length = options.length
    dropout = options.hiddenDropout
    convolutions = Self.widths.enumerated().map { index, width in
      ConvolutionOverTime(
        inputSize: index == 0 ? inputSize : options.filterCount, filterCount: options.filterCount, width: width,
        initializer: .heNormal(), random: random?.split("convolutions").split(index))
    }
    let features = Self.rowCount(length: options.length) * options.filterCount
    hidden = (0..<2).map { index in
      Linear(
        inputSize: index == 0 ? features : options.hiddenSize, outputSize: options.hiddenSize,
        random: random?.split("hidden").split(index))
    }
  }

  /// Units of the hidden layers.
  public var outputSize: Int { hidden[1].weight.shape[0] }

  /// [B, units of the hidden layers]
  public func callAsFunction(_ batch: TokenBatch, _ embedding: WordEmbedding) -> Tensor {
    var ids = [Int32](repeating: -1, count: batch.count * length)
    var position = 0
    for (index, count) in batch.lengths.enumerated() {
      let read = min(count, length)
      ids.replaceSubrange(index * length..<index * length + read, with: batch.ids[position..<position + read])
      position += count
    }
    var rows = SequenceRows(counts: Array(repeating: length, count: batch.count))
    var x = embedding(ids)
    for (index, convolution) in convolutions.enumerated() {
      x = convolution(x, rows: rows).relu()
      rows = SequenceRows(counts: (0..<batch.count).map { rows.count($0) - Self.widths[index] + 1 })
      if Self.pooled.contains(index) { (x, rows) = x.maxPooledOverTime(rows: rows, size: 3, stride: 3) }
    }
    let features = x.reshaped([batch.count, x.count / max(batch.count, 1)])
    return hidden[1](hidden[0](features).relu().dropout(dropout)).relu()
  }

  /// What is not a layer.
  public var summary: String { "\(length) characters" }
}
