import NeuralNetworks
import Tensors

/// A residual network for images of 32 × 32 pixels (He, Zhang, Ren, Sun 2015, section 4.2): three stages of 16, 32 and 64
/// channels. Where the shape changes, what lies beside a block is every second pixel, with zeros for the new channels on
/// both sides (option A).
final class CIFARResNet: NarrowableNetwork {
  static var headNames: [String] { ["linear"] }

  let conv1: Conv2d
  let bn1: BatchNorm2d
  let layer1, layer2, layer3: [Block]
  let linear: Linear

  /// A network of 6 · `blocks` + 2 layers.
  init(blocks: Int, classes: Int, widths: LayerWidths = LayerWidths(), random: RandomStream?) {
    let sources = random.map { RandomSources($0) }
    conv1 = Conv2d(
      inputChannels: 3, outputChannels: 16, kernelSize: 3, padding: 1, hasBias: false, initializer: .heNormal(),
      random: sources?.next())
    bn1 = BatchNorm2d(channels: 16)
    func layer(_ number: Int, _ input: Int, _ output: Int) -> [Block] {
      (0..<blocks).map {
        Block(
          inputChannels: $0 == 0 ? input : output, innerChannels: widths("layer\(number).\($0).conv1", output),
          outputChannels: output, sources)
      }
    }
    (layer1, layer2, layer3) = (layer(1, 16, 16), layer(2, 16, 32), layer(3, 32, 64))
    linear = Linear(inputSize: 64, outputSize: classes, initializer: .heNormal(), random: sources?.next())
  }

  var outputLayer: any Module { linear }

  /// What lies beside a block is added to it: only what is between its two convolutions can go.
  var narrowableLayers: [NarrowableLayer] {
    (1...3).flatMap { number in
      layer1.indices.map {
        let block = "layer\(number).\($0)"
        return NarrowableLayer("\(block).conv1", normalizedBy: "\(block).bn1", readBy: "\(block).conv2")
      }
    }
  }

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

    init(inputChannels: Int, innerChannels: Int, outputChannels: Int, _ random: RandomSources?) {
      isWider = inputChannels != outputChannels
      func convolution(_ input: Int, _ output: Int, _ stride: Size2D) -> Conv2d {
        Conv2d(
          inputChannels: input, outputChannels: output, kernelSize: 3, stride: stride, padding: 1, hasBias: false,
          initializer: .heNormal(), random: random?.next())
      }
      conv1 = convolution(inputChannels, innerChannels, isWider ? 2 : 1)
      bn1 = BatchNorm2d(channels: innerChannels)
      conv2 = convolution(innerChannels, outputChannels, 1)
      bn2 = BatchNorm2d(channels: outputChannels)
    }

    func callAsFunction(_ input: Tensor) -> Tensor {
      let first = conv1(input, normalizedBy: bn1, clipsNegative: true)
      let beside = isWider ? input.everySecondPixel(channels: conv2.weight.shape[0]) : input
      return conv2(first, normalizedBy: bn2, adding: beside, clipsNegative: true)
    }
  }
}
