import NeuralNetworks
import Tensors

/// AlexNet: torchvision's ("One weird trick for parallelizing convolutional neural networks", Krizhevsky 2014), and that
/// of the paper of 2012 (Krizhevsky, Sutskever, Hinton), with two groups of filters and local response normalisation.
final class AlexNet: ImageNetwork {
  static var headNames: [String] { ["classifier"] }

  let features: [any Layer]
  let classifier: [any Layer]

  init(classes: Int, dropout: Float = 0.5, random: RandomStream?) {
    let random = random.map { RandomSources($0) }
    func convolution(_ input: Int, _ output: Int, _ kernel: Size2D, stride: Size2D = 1, padding: Padding2D) -> Conv2d {
      Conv2d(
        inputChannels: input, outputChannels: output, kernelSize: kernel, stride: stride, padding: padding,
        initializer: .torchDefault, random: random?.next())
    }
    features = [
      convolution(3, 64, 11, stride: 4, padding: 2), ReLU(), MaxPool2d(kernelSize: 3, stride: 2),
      convolution(64, 192, 5, padding: 2), ReLU(), MaxPool2d(kernelSize: 3, stride: 2),
      convolution(192, 384, 3, padding: 1), ReLU(), convolution(384, 256, 3, padding: 1), ReLU(),
      convolution(256, 256, 3, padding: 1), ReLU(), MaxPool2d(kernelSize: 3, stride: 2),
    ]
    classifier = Self.classifier(classes, dropout, .torchDefault, random)
  }

  /// The form of the paper: images of 227 × 227 pixels, and weights that begin as there.
  init(paper classes: Int, dropout: Float = 0.5, random: RandomStream?) {
    let random = random.map { RandomSources($0) }
    func convolution(
      _ input: Int, _ output: Int, _ kernel: Size2D, stride: Size2D = 1, padding: Padding2D = 0, groups: Int = 1
    ) -> Conv2d {
      Conv2d(
        inputChannels: input, outputChannels: output, kernelSize: kernel, stride: stride, padding: padding,
        groups: groups, initializer: .normal(standardDeviation: 0.01), random: random?.next())
    }
    features = [
      convolution(3, 96, 11, stride: 4), ReLU(), LocalResponseNorm(size: 5, k: 2), MaxPool2d(kernelSize: 3, stride: 2),
      convolution(96, 256, 5, padding: 2, groups: 2), ReLU(), LocalResponseNorm(size: 5, k: 2),
      MaxPool2d(kernelSize: 3, stride: 2),
      convolution(256, 384, 3, padding: 1), ReLU(), convolution(384, 384, 3, padding: 1, groups: 2), ReLU(),
      convolution(384, 256, 3, padding: 1, groups: 2), ReLU(), MaxPool2d(kernelSize: 3, stride: 2),
    ]
    classifier = Self.classifier(classes, dropout, .normal(standardDeviation: 0.01), random)
  }

  private static func classifier(
    _ classes: Int, _ dropout: Float, _ initializer: Initializer, _ random: RandomSources?
  ) -> [any Layer] {
    func linear(_ input: Int, _ output: Int) -> Linear {
      Linear(inputSize: input, outputSize: output, initializer: initializer, random: random?.next())
    }
    return [
      Dropout(rate: dropout), linear(256 * 6 * 6, 4096), ReLU(), Dropout(rate: dropout), linear(4096, 4096), ReLU(),
      linear(4096, classes),
    ]
  }

  var outputLayer: any Module { classifier[6] }

  func features(of images: Tensor) -> Tensor {
    features.forward(images).adaptiveAvgPool2d(outputSize: 6).flattenedImages()
  }

  func classify(_ features: Tensor) -> Tensor { classifier.forward(features) }
}
