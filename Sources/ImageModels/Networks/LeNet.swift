import NeuralNetworks
import Tensors

/// LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998) as it is built today: ReLU and maximum pooling, for images of 28 × 28
/// pixels of one channel.
final class LeNet: NarrowableNetwork {
  static var headNames: [String] { ["fc1", "fc2", "fc3"] }

  let conv1, conv2: Conv2d
  let fc1, fc2, fc3: Linear

  init(classes: Int, widths: LayerWidths = LayerWidths(), random: RandomStream?) {
    let filters = [widths("conv1", 6), widths("conv2", 16)]
    let units = [widths("fc1", 120), widths("fc2", 84)]
    conv1 = Conv2d(
      inputChannels: 1, outputChannels: filters[0], kernelSize: 5, padding: 2, initializer: .torchDefault,
      random: random?.split("conv1"))
    conv2 = Conv2d(
      inputChannels: filters[0], outputChannels: filters[1], kernelSize: 5, initializer: .torchDefault,
      random: random?.split("conv2"))
    fc1 = Linear(
      inputSize: 25 * filters[1], outputSize: units[0], initializer: .torchDefault, random: random?.split("fc1"))
    fc2 = Linear(inputSize: units[0], outputSize: units[1], initializer: .torchDefault, random: random?.split("fc2"))
    fc3 = Linear(inputSize: units[1], outputSize: classes, initializer: .torchDefault, random: random?.split("fc3"))
  }

  var outputLayer: any Module { fc3 }

  var narrowableLayers: [NarrowableLayer] {
    [
      NarrowableLayer("conv1", readBy: "conv2"), NarrowableLayer("conv2", readBy: "fc1", span: 25),
      NarrowableLayer("fc1", readBy: "fc2"), NarrowableLayer("fc2", readBy: "fc3"),
    ]
  }

  func features(of images: Tensor) -> Tensor {
    let first = conv1(images, clipsNegative: true).maxPool2d(kernelSize: 2)
    return conv2(first, clipsNegative: true).maxPool2d(kernelSize: 2).flattenedImages()
  }

  func classify(_ features: Tensor) -> Tensor {
    fc3(fc2(fc1(features).relu()).relu())
  }
}
