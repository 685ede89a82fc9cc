import NeuralNetworks
import Tensors

/// SqueezeNet 1.1 (Iandola et al. 2016, and its release 1.1), as torchvision has it.
final class SqueezeNet: ImageNetwork {
  static var headNames: [String] { ["classifier"] }

  let features: [any Layer]
  let classifier: [any Layer]

  init(classes: Int, dropout: Float = 0.5, random: RandomStream?) {
    let random = random.map { RandomSources($0) }
    let pooling = { MaxPool2d(kernelSize: 3, stride: 2, ceilMode: true) }
    func fire(_ input: Int, _ squeezed: Int, _ expanded: Int) -> Fire {
      Fire(inputChannels: input, squeezed: squeezed, expanded: expanded, random)
    }
    features = [
      Conv2d(
        inputChannels: 3, outputChannels: 64, kernelSize: 3, stride: 2, initializer: .heUniform(),
        random: random?.next()),
      ReLU(), pooling(), fire(64, 16, 64), fire(128, 16, 64), pooling(), fire(128, 32, 128), fire(256, 32, 128),
      pooling(), fire(256, 48, 192), fire(384, 48, 192), fire(384, 64, 256), fire(512, 64, 256),
    ]
    classifier = [
      Dropout(rate: dropout),
      Conv2d(
        inputChannels: 512, outputChannels: classes, kernelSize: 1, initializer: .normal(standardDeviation: 0.01),
        random: random?.next()),
      ReLU(),
    ]
  }

  var outputLayer: any Module { classifier[1] }

  /// [B, H', W', 512]
  func features(of images: Tensor) -> Tensor { features.forward(images) }

  func classify(_ features: Tensor) -> Tensor { classifier.forward(features).meanOfPixels() }

  /// Few channels, and two convolutions of them side by side.
  final class Fire: Layer {
    let squeeze, expand1x1, expand3x3: Conv2d

    init(inputChannels: Int, squeezed: Int, expanded: Int, _ random: RandomSources?) {
      func convolution(_ input: Int, _ output: Int, _ kernel: Size2D) -> Conv2d {
        Conv2d(
          inputChannels: input, outputChannels: output, kernelSize: kernel, padding: kernel == 3 ? 1 : 0,
          initializer: .heUniform(), random: random?.next())
      }
      squeeze = convolution(inputChannels, squeezed, 1)
      expand1x1 = convolution(squeezed, expanded, 1)
      expand3x3 = convolution(squeezed, expanded, 3)
    }

    func forward(_ input: Tensor) -> Tensor {
      let squeezed = squeeze(input, clipsNegative: true)
      return Tensor.concatenated(
        [expand1x1(squeezed, clipsNegative: true), expand3x3(squeezed, clipsNegative: true)], axis: 3)
    }
  }
}
