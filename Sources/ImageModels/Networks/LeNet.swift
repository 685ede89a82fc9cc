import NeuralNetworks
import Tensors

/// LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998) as it is built today: ReLU and maximum pooling, for images of 28 × 28
/// pixels of one channel.
final class LeNet: ImageNetwork {
  static var headNames: [String] { ["fc1", "fc2", "fc3"] }

  let conv1, conv2: Conv2d
  let fc1, fc2, fc3: Linear

  init(classes: Int, random: RandomStream?) {
    conv1 = Conv2d(
      inputChannels: 1, outputChannels: 6, kernelSize: 5, padding: 2, initializer: .torchDefault,
      random: random?.split("conv1"))
    conv2 = Conv2d(
      inputChannels: 6, outputChannels: 16, kernelSize: 5, initializer: .torchDefault, random: random?.split("conv2"))
    fc1 = Linear(inputSize: 400, outputSize: 120, initializer: .torchDefault, random: random?.split("fc1"))
    fc2 = Linear(inputSize: 120, outputSize: 84, initializer: .torchDefault, random: random?.split("fc2"))
    fc3 = Linear(inputSize: 84, outputSize: classes, initializer: .torchDefault, random: random?.split("fc3"))
  }

  var outputLayer: any Module { fc3 }

  func features(of images: Tensor) -> Tensor {
    let first = conv1(images, clipsNegative: true).maxPool2d(kernelSize: 2)
    return conv2(first, clipsNegative: true).maxPool2d(kernelSize: 2).flattenedImages()
  }

  func classify(_ features: Tensor) -> Tensor {
    fc3(fc2(fc1(features).relu()).relu())
  }
}
