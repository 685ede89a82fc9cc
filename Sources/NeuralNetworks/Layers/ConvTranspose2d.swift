public import Tensors

/// Transposed convolution of images [B, H, W, C] (`torch.nn.ConvTranspose2d` with the channels last).
public final class ConvTranspose2d: Module {
  /// [C, F / groups, kernel height, kernel width]
  public let weight: Parameter
  /// [F]
  public let bias: Parameter?
  /// Pixels of the result between two windows.
  public let stride: Size2D
  /// Pixels that the result loses on each side.
  public let padding: Padding2D
  /// Rows below and columns behind that the result has beyond what the windows cover.
  public let outputPadding: Size2D
  /// Pixels between two elements of a window.
  public let dilation: Size2D
  /// Groups that the channels are cut into.
  public let groups: Int

  /// F = `outputChannels` filters over C = `inputChannels` channels; the bias starts from zero.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Size2D, stride: Size2D = 1, padding: Padding2D = 0,
    outputPadding: Size2D = 0, dilation: Size2D = 1, groups: Int = 1, hasBias: Bool = true,
    initializer: Initializer = .xavierUniform, random: RandomStream?
  ) {
    weight = Parameter(
      initializer(
        [inputChannels, outputChannels / groups, kernelSize.height, kernelSize.width], random: random?.split("weight")))
    bias = hasBias ? Parameter(Tensor(zeros: [outputChannels])) : nil
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.dilation, self.groups) = (dilation, groups)
  }

  /// [B, H', W', F] for [B, H, W, C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.convTranspose2d(
      weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding, outputPadding: outputPadding,
      dilation: dilation, groups: groups)
  }

  /// Sizes.
  public var summary: String {
    "input \(weight.shape[0]), filters \(weight.shape[1] * groups), kernel \(weight.shape[2])×\(weight.shape[3])"
  }
}
