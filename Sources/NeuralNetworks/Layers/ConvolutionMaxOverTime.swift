public import Tensors

/// A text convolution with ReLU, pooled by the maximum over time (Kim 2014); weights as those of `torch.nn.Conv1d`.
public final class ConvolutionMaxOverTime: Module {
  /// [F, E, width]
  public let weight: Parameter
  /// [F]
  public let bias: Parameter
  private let kept = PackedWeights<QuantizedTextFilters>()

  /// F filters over windows of `width` rows of E numbers.
  public init(
    inputSize: Int, filterCount: Int, width: Int, initializer: Initializer = .xavierUniform, random: RandomStream?
  ) {
    weight = Parameter(initializer([filterCount, inputSize, width], random: random?.split("weight")))
    bias = Parameter(Tensor(zeros: [filterCount]))
  }

  /// [B, F] for the rows [N, E] of B sequences, each with at least `width` rows.
  public func callAsFunction(_ input: Tensor, rows: SequenceRows) -> Tensor {
    input.convolutionMaxOverTime(rows: rows, weight: weight.tensor, bias: bias.tensor)
  }

  /// The same for rows that repeat, such as words: their products are formed once for each distinct one.
  public func callAsFunction(_ input: IndexedRows, rows: SequenceRows) -> Tensor {
    if let bytes = weight.bytes {
      return input.convolutionMaxOverTime(
        rows: rows, filters: kept.value(for: [weight]) { QuantizedTextFilters(weight.loadedBytes ?? bytes) },
        bias: bias.value)
    }
    if GradientTape.isTraining { kept.clear() }
    return input.convolutionMaxOverTime(rows: rows, weight: weight.tensor, bias: bias.tensor)
  }

  /// Rows under a window.
  public var width: Int { weight.shape[2] }

  /// Sizes.
  public var summary: String { "input \(weight.shape[1]), filters \(weight.shape[0]), width \(width)" }
}
