public import Tensors

/// Convolution of sequences [B, T, C] (`torch.nn.Conv1d` with the channels last).
public final class Conv1d: Module {
  /// [F, C / groups, kernel size]
  public let weight: Parameter
  /// [F]
  public let bias: Parameter?
  /// Steps between two windows.
  public let stride: Int
  /// Zeros at each end.
  public let padding: Int
  /// Steps between two elements of a window.
  public let dilation: Int
  /// Groups that the channels are cut into.
  public let groups: Int

  /// F = `outputChannels` filters over C = `inputChannels` channels; the bias starts from zero.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, hasBias: Bool = true, initializer: Initializer = .xavierUniform, random: RandomStream?
  ) {
    weight = Parameter(
      initializer([outputChannels, inputChannels / groups, kernelSize], random: random?.split("weight")))
    bias = hasBias ? Parameter(Tensor(zeros: [outputChannels])) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// [B, T', F] for [B, T, C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.conv1d(
      weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  /// Sizes.
  public var summary: String {
    "input \(weight.shape[1] * groups), filters \(weight.shape[0]), kernel \(weight.shape[2])"
  }
}
