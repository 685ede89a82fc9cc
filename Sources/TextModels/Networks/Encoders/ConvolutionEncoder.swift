public import NeuralNetworks
public import Tensors

/// Convolutions of several widths with ReLU and max over time (Kim 2014).
///
/// A text that is shorter than the widest filter is read as if zero vectors followed it.
public final class ConvolutionEncoder: TextNetworkEncoder {
  /// One for each width.
  public let convolutions: [ConvolutionMaxOverTime]

  /// Filters over vectors of `inputSize` numbers.
  public init(_ options: ConvolutionOptions, inputSize: Int, random: RandomStream?) {
    // Bounds as those of `torch.nn.Conv1d`.
    convolutions = options.filterWidths.enumerated().map { index, width in
      ConvolutionMaxOverTime(
        inputSize: inputSize, filterCount: options.filterCount, width: width,
        initializer: .uniform(1 / Float(inputSize * width).squareRoot()),
        random: random?.split("convolutions").split(index))
    }
  }

  /// F · widths.
  public var outputSize: Int { convolutions.reduce(0) { $0 + $1.weight.shape[0] } }

  /// [B, F · widths]
  public func callAsFunction(_ batch: TokenBatch, _ embedding: WordEmbedding) -> Tensor {
    let widest = convolutions.map(\.width).max() ?? 1
    let rows = SequenceRows(counts: batch.lengths.map { max($0, widest) })
    var padded = [Int32](repeating: -1, count: rows.starts[rows.sequenceCount])
    var position = 0
    for (index, length) in batch.lengths.enumerated() {
      let start = rows.starts[index]
      padded.replaceSubrange(start..<start + length, with: batch.ids[position..<position + length])
      position += length
    }
    let embedded = embedding.indexed(padded)
    return Tensor.concatenated(convolutions.map { $0(embedded, rows: rows) }, axis: 1)
  }

  /// What is not a layer.
  public var summary: String { "max over time" }
}
