public import Tensors

/// A convolution along the rows of sequences; weights as those of `torch.nn.Conv1d`.
public final class ConvolutionOverTime: Module {
  /// [F, C, width]
  public let weight: Parameter
  /// [F]
  public let bias: Parameter
  private let padding: Int

  /// F filters over windows of `width` rows of C = `inputSize` numbers, `padding` rows of zeros on each side.
  public init(
    inputSize: Int, filterCount: Int, width: Int, padding: Int = 0, initializer: Initializer = .xavierUniform,
    random: RandomStream?
  ) {
    weight = Parameter(initializer([filterCount, inputSize, width], random: random?.split("weight")))
    bias = Parameter(Tensor(zeros: [filterCount]))
    self.padding = padding
  }

  /// [N', F] for the rows [N, C] of B sequences, n + 2 · padding - width + 1 rows for a sequence of n.
  public func callAsFunction(_ input: Tensor, rows: SequenceRows) -> Tensor {
    input.convolutionOverTime(rows: rows, weight: weight.tensor, bias: bias.tensor, padding: padding)
  }

  /// Sizes.
  public var summary: String {
    "input \(weight.shape[1]), filters \(weight.shape[0]), width \(weight.shape[2])"
      + (padding > 0 ? ", padding \(padding)" : "")
  }
}
