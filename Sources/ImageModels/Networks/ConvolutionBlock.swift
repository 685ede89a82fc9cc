import NeuralNetworks
import Tensors

/// Convolution, batch normalisation and ReLU, as torchvision's `BasicConv2d`; without normalisation it has a bias.
final class ConvolutionBlock: Layer {
  /// What the blocks of a network have in common.
  struct Form {
    var hasBatchNorm = true
    var initializer: Initializer
  }

  let conv: Conv2d
  let bn: BatchNorm2d?

  init(
    _ inputChannels: Int, _ outputChannels: Int, _ kernelSize: Size2D, stride: Size2D = 1, padding: Padding2D = 0,
    _ form: Form, _ random: RandomSources?
  ) {
    conv = Conv2d(
      inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: kernelSize, stride: stride,
      padding: padding, hasBias: !form.hasBatchNorm, initializer: form.initializer, random: random?.next())
    bn = form.hasBatchNorm ? BatchNorm2d(channels: outputChannels, epsilon: 1e-3) : nil
  }

  func forward(_ input: Tensor) -> Tensor { conv(input, normalizedBy: bn, clipsNegative: true) }

  func callAsFunction(_ input: Tensor) -> Tensor { forward(input) }
}
