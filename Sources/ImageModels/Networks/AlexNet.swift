import NeuralNetworks
import Tensors

/// AlexNet: torchvision's ("One weird trick for parallelizing convolutional neural networks", Krizhevsky 2014), and that
/// of the paper of 2012 (Krizhevsky, Sutskever, Hinton), with two groups of filters and local response normalisation.
final class AlexNet: NarrowableNetwork {
  static var headNames: [String] { ["classifier"] }

  let features: [any Layer]
  let classifier: [any Layer]
  /// What can lose outputs, from the images on: not the filters of convolutions in groups.
  let narrowableLayers: [NarrowableLayer]

  private static let units = [
    NarrowableLayer("classifier.1", readBy: "classifier.4"), NarrowableLayer("classifier.4", readBy: "classifier.6"),
  ]

  init(classes: Int, dropout: Float = 0.5, widths: LayerWidths = LayerWidths(), random: RandomStream?) {
    let random = random.map { RandomSources($0) }
    func convolution(_ input: Int, _ output: Int, _ kernel: Size2D, stride: Size2D = 1, padding: Padding2D) -> Conv2d {
      Conv2d(
        inputChannels: input, outputChannels: output, kernelSize: kernel, stride: stride, padding: padding,
        initializer: .torchDefault, random: random?.next())
    }
    let places = [0, 3, 6, 8, 10]
    let names = places.map { "features.\($0)" }
    let filters = zip(names, [64, 192, 384, 256, 256]).map { widths($0, $1) }
    features = [
      convolution(3, filters[0], 11, stride: 4, padding: 2), ReLU(), MaxPool2d(kernelSize: 3, stride: 2),
      convolution(filters[0], filters[1], 5, padding: 2), ReLU(), MaxPool2d(kernelSize: 3, stride: 2),
      convolution(filters[1], filters[2], 3, padding: 1), ReLU(),
      convolution(filters[2], filters[3], 3, padding: 1), ReLU(),
      convolution(filters[3], filters[4], 3, padding: 1), ReLU(), MaxPool2d(kernelSize: 3, stride: 2),
    ]
    classifier = Self.classifier(classes, dropout, .torchDefault, channels: filters[4], widths, random)
    narrowableLayers =
      zip(names, names.dropFirst() + ["classifier.1"]).map {
        NarrowableLayer($0, readBy: $1, span: $1 == "classifier.1" ? 36 : 1)
      } + Self.units
  }

  /// The form of the paper: images of 227 × 227 pixels, and weights that begin as there.
  init(paper classes: Int, dropout: Float = 0.5, widths: LayerWidths = LayerWidths(), random: RandomStream?) {
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
    classifier = Self.classifier(classes, dropout, .normal(standardDeviation: 0.01), channels: 256, widths, random)
    narrowableLayers = Self.units
  }

  private static func classifier(
    _ classes: Int, _ dropout: Float, _ initializer: Initializer, channels: Int, _ widths: LayerWidths,
    _ random: RandomSources?
  ) -> [any Layer] {
    func linear(_ input: Int, _ output: Int) -> Linear {
      Linear(inputSize: input, outputSize: output, initializer: initializer, random: random?.next())
    }
    let units = [widths("classifier.1", 4096), widths("classifier.4", 4096)]
    return [
      Dropout(rate: dropout), linear(channels * 6 * 6, units[0]), ReLU(), Dropout(rate: dropout),
      linear(units[0], units[1]), ReLU(), linear(units[1], classes),
    ]
  }

  var outputLayer: any Module { classifier[6] }

  func features(of images: Tensor) -> Tensor {
    features.forward(images).adaptiveAvgPool2d(outputSize: 6).flattenedImages()
  }

  func classify(_ features: Tensor) -> Tensor { classifier.forward(features) }
}
