import NeuralNetworks
import Tensors

/// VGG (Simonyan & Zisserman 2014), as torchvision has it, without and with batch normalisation.
final class VGG: NarrowableNetwork {
  static var headNames: [String] { ["classifier"] }

  /// Convolutions before each of the five poolings.
  enum Depth: Int {
    case eleven = 11
    case thirteen = 13
    case sixteen = 16
    case nineteen = 19

    var convolutions: [Int] {
      switch self {
      case .eleven: [1, 1, 2, 2, 2]
      case .thirteen: [2, 2, 2, 2, 2]
      case .sixteen: [2, 2, 3, 3, 3]
      case .nineteen: [2, 2, 4, 4, 4]
      }
    }
  }

  let features: [any Layer]
  let classifier: [any Layer]

  /// What can lose outputs, from the images on.
  let narrowableLayers: [NarrowableLayer]

  init(
    _ depth: Depth, hasBatchNorm: Bool, classes: Int, dropout: Float = 0.5, widths: LayerWidths = LayerWidths(),
    random: RandomStream?
  ) {
    let random = random.map { RandomSources($0) }
    var layers: [any Layer] = []
    var channels = 3
    var places: [Int] = []
    for (count, filters) in zip(depth.convolutions, [64, 128, 256, 512, 512]) {
      for _ in 0..<count {
        places.append(layers.count)
        let filters = widths("features.\(layers.count)", filters)
        layers.append(
          Conv2d(
            inputChannels: channels, outputChannels: filters, kernelSize: 3, padding: 1,
            initializer: .heNormal(fan: .output), random: random?.next()))
        if hasBatchNorm { layers.append(BatchNorm2d(channels: filters)) }
        layers.append(ReLU())
        channels = filters
      }
      layers.append(MaxPool2d(kernelSize: 2))
    }
    features = layers
    func linear(_ input: Int, _ output: Int) -> Linear {
      Linear(
        inputSize: input, outputSize: output, initializer: .normal(standardDeviation: 0.01), random: random?.next())
    }
    let units = [widths("classifier.0", 4096), widths("classifier.3", 4096)]
    classifier = [
      linear(channels * 7 * 7, units[0]), ReLU(), Dropout(rate: dropout), linear(units[0], units[1]), ReLU(),
      Dropout(rate: dropout), linear(units[1], classes),
    ]
    let readers = places.dropFirst().map { "features.\($0)" } + ["classifier.0"]
    narrowableLayers =
      zip(places, readers).map { place, reader in
        // The normalisation stands behind its convolution.
        NarrowableLayer(
          "features.\(place)", normalizedBy: hasBatchNorm ? "features.\(place + 1)" : nil, readBy: reader,
          span: reader == "classifier.0" ? 49 : 1)
      } + [
        NarrowableLayer("classifier.0", readBy: "classifier.3"),
        NarrowableLayer("classifier.3", readBy: "classifier.6"),
      ]
  }

  var outputLayer: any Module { classifier[6] }

  func features(of images: Tensor) -> Tensor {
    features.forward(images).adaptiveAvgPool2d(outputSize: 7).flattenedImages()
  }

  func classify(_ features: Tensor) -> Tensor { classifier.forward(features) }
}
