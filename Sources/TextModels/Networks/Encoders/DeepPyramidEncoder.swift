public import NeuralNetworks
public import Tensors

/// A deep pyramid CNN (Johnson & Zhang 2017, "Deep pyramid convolutional neural networks for text categorization"): blocks of
/// two convolutions with a shortcut around them, each block behind the first reading half as many positions, and the
/// maximum over what is left.
public final class DeepPyramidEncoder: TextNetworkEncoder {
  /// Over three words each.
  public let region: ConvolutionOverTime
  /// Two convolutions for each block.
  public let convolutions: [ConvolutionOverTime]

  /// A pyramid over vectors of `inputSize` numbers.
  public init(_ options: DeepPyramidOptions, inputSize: Int, random: RandomStream?) {
    let filters = options.filterCount
    region = ConvolutionOverTime(
      inputSize: inputSize, filterCount: filters, width: 3, padding: 1, random: random?.split("region"))
    convolutions = (0..<2 * (options.blockCount + 1)).map { index in
      ConvolutionOverTime(
        inputSize: filters, filterCount: filters, width: 3, padding: 1, initializer: .heNormal(),
        random: random?.split("convolutions").split(index))
    }
  }

  /// F.
  public var outputSize: Int { region.weight.shape[0] }

  /// [B, F]
  public func callAsFunction(_ batch: TokenBatch, _ embedding: WordEmbedding) -> Tensor {
    var rows = SequenceRows(counts: batch.lengths)
    var x = region(embedding(batch.ids), rows: rows)
    for block in 0..<convolutions.count / 2 {
      if block > 0 { (x, rows) = x.maxPooledOverTime(rows: rows, size: 3, stride: 2) }
      let inner = convolutions[2 * block](x.relu(), rows: rows)
      x = x + convolutions[2 * block + 1](inner.relu(), rows: rows)
    }
    let longest = (0..<rows.sequenceCount).map { rows.count($0) }.max() ?? 1
    return x.maxPooledOverTime(rows: rows, size: longest, stride: longest).values
  }

  /// What is not a layer.
  public var summary: String { "\(convolutions.count / 2) blocks, max over time" }
}
