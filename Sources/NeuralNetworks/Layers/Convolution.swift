public import Tensors

/// Convolution of sequences [B, C, T] (`torch.nn.Conv1d`).
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

  /// [B, F, T'] for [B, C, T].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.conv1d(
      weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  /// Sizes.
  public var summary: String {
    "input \(weight.shape[1] * groups), filters \(weight.shape[0]), kernel \(weight.shape[2])"
  }
}

/// Convolution of images [B, C, H, W] (`torch.nn.Conv2d`).
public final class Conv2d: Module {
  /// [F, C / groups, kernel height, kernel width]
  public let weight: Parameter
  /// [F]
  public let bias: Parameter?
  /// Pixels between two windows.
  public let stride: Size2D
  /// Zeros on each side.
  public let padding: Size2D
  /// Pixels between two elements of a window.
  public let dilation: Size2D
  /// Groups that the channels are cut into.
  public let groups: Int

  /// F = `outputChannels` filters over C = `inputChannels` channels; the bias starts from zero.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Size2D, stride: Size2D = 1, padding: Size2D = 0,
    dilation: Size2D = 1, groups: Int = 1, hasBias: Bool = true, initializer: Initializer = .xavierUniform,
    random: RandomStream?
  ) {
    weight = Parameter(
      initializer(
        [outputChannels, inputChannels / groups, kernelSize.height, kernelSize.width], random: random?.split("weight")))
    bias = hasBias ? Parameter(Tensor(zeros: [outputChannels])) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// [B, F, H', W'] for [B, C, H, W].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.conv2d(
      weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  /// Sizes.
  public var summary: String {
    "input \(weight.shape[1] * groups), filters \(weight.shape[0]), kernel \(weight.shape[2])×\(weight.shape[3])"
  }
}
