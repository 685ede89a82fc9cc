import NeuralNetworks
import Tensors

/// A residual network for images of 32 × 32 pixels (He, Zhang, Ren, Sun 2015, section 4.2): three stages of 16, 32 and 64
/// channels. Where the shape changes, what lies beside a block is every second pixel, with zeros for the new channels on
/// both sides (option A).
final class CIFARResNet: ImageNetwork {
  static var headNames: [String] { ["linear"] }

  let conv1: Conv2d
  let bn1: BatchNorm2d
  let layer1, layer2, layer3: [Block]
  let linear: Linear

  /// A network of 6 · `blocks` + 2 layers.
  init(blocks: Int, classes: Int, random: RandomStream?) {
    let sources = random.map { RandomSources($0) }
    conv1 = Conv2d(
      inputChannels: 3, outputChannels: 16, kernelSize: 3, padding: 1, hasBias: false, initializer: .heNormal(),
      random: sources?.next())
    bn1 = BatchNorm2d(channels: 16)
    func layer(_ input: Int, _ output: Int) -> [Block] {
      (0..<blocks).map { Block(inputChannels: $0 == 0 ? input : output, outputChannels: output, sources) }
    }
    (layer1, layer2, layer3) = (layer(16, 16), layer(16, 32), layer(32, 64))
    linear = Linear(inputSize: 64, outputSize: classes, initializer: .heNormal(), random: sources?.next())
  }

  var outputLayer: any Module { linear }

  func features(of images: Tensor) -> Tensor {
    var x = conv1(images, normalizedBy: bn1, clipsNegative: true)
    for block in layer1 + layer2 + layer3 { x = block(x) }
    return x.meanOfPixels()
  }

  func classify(_ features: Tensor) -> Tensor { linear(features) }

  /// Two convolutions beside what they begin from.
  final class Block: Module {
    let conv1: Conv2d
    let bn1: BatchNorm2d
    let conv2: Conv2d
    let bn2: BatchNorm2d
    private let isWider: Bool

    init(inputChannels: Int, outputChannels: Int, _ random: RandomSources?) {
      isWider = inputChannels != outputChannels
      func convolution(_ input: Int, _ stride: Size2D) -> Conv2d {
        Conv2d(
          inputChannels: input, outputChannels: outputChannels, kernelSize: 3, stride: stride, padding: 1,
          hasBias: false, initializer: .heNormal(), random: random?.next())
      }
      conv1 = convolution(inputChannels, isWider ? 2 : 1)
      bn1 = BatchNorm2d(channels: outputChannels)
      conv2 = convolution(outputChannels, 1)
      bn2 = BatchNorm2d(channels: outputChannels)
    }

    func callAsFunction(_ input: Tensor) -> Tensor {
      let first = conv1(input, normalizedBy: bn1, clipsNegative: true)
      let beside = isWider ? input.everySecondPixel(channels: conv2.weight.shape[0]) : input
      return conv2(first, normalizedBy: bn2, adding: beside, clipsNegative: true)
    }
  }
}
