import NeuralNetworks
import Tensors

/// A residual network for ImageNet (He, Zhang, Ren, Sun 2015), as torchvision has it: in blocks of three layers the
/// middle one has the stride.
final class ResNet: NarrowableNetwork {
  static var headNames: [String] { ["fc"] }

  let conv1: Conv2d
  let bn1: BatchNorm2d
  let layer1, layer2, layer3, layer4: [ResidualBlock]
  let fc: Linear

  /// Whether images are small (32 × 32 pixels): then the first convolution is 3 × 3 without a stride, and nothing is
  /// pooled behind it.
  private let isForSmallImages: Bool

  init(
    blocks: [Int], isBottleneck: Bool, classes: Int, isForSmallImages: Bool = false,
    widths: LayerWidths = LayerWidths(), random: RandomStream?
  ) {
    let sources = random.map { RandomSources($0) }
    self.isForSmallImages = isForSmallImages
    conv1 = Conv2d(
      inputChannels: 3, outputChannels: 64, kernelSize: isForSmallImages ? 3 : 7, stride: isForSmallImages ? 1 : 2,
      padding: isForSmallImages ? 1 : 3, hasBias: false, initializer: .heNormal(fan: .output), random: sources?.next())
    bn1 = BatchNorm2d(channels: 64)
    var channels = 64
    func layer(_ index: Int) -> [ResidualBlock] {
      (0..<blocks[index]).map { block in
        let width = 64 << index
        let name = "layer\(index + 1).\(block)"
        let result = ResidualBlock(
          inputChannels: channels, width: width,
          inner: (widths("\(name).conv1", width), widths("\(name).conv2", width)),
          stride: index > 0 && block == 0 ? 2 : 1, isBottleneck: isBottleneck, sources)
        channels = isBottleneck ? 4 * width : width
        return result
      }
    }
    (layer1, layer2, layer3, layer4) = (layer(0), layer(1), layer(2), layer(3))
    fc = Linear(inputSize: channels, outputSize: classes, initializer: .torchDefault, random: sources?.next())
  }

  var outputLayer: any Module { fc }

  /// What lies beside a block is added to it: only what is between its convolutions can go.
  var narrowableLayers: [NarrowableLayer] {
    [layer1, layer2, layer3, layer4].enumerated().flatMap { number, blocks in
      blocks.enumerated().flatMap { place, block in
        let name = "layer\(number + 1).\(place)"
        return (1...(block.conv3 == nil ? 1 : 2)).map {
          NarrowableLayer("\(name).conv\($0)", normalizedBy: "\(name).bn\($0)", readBy: "\(name).conv\($0 + 1)")
        }
      }
    }
  }

  func features(of images: Tensor) -> Tensor {
    var x = conv1(images, normalizedBy: bn1, clipsNegative: true)
    if !isForSmallImages { x = x.maxPool2d(kernelSize: 3, stride: 2, padding: 1) }
    for block in layer1 + layer2 + layer3 + layer4 { x = block(x) }
    return x.meanOfPixels()
  }

  func classify(_ features: Tensor) -> Tensor { fc(features) }
}

/// Two or three convolutions beside what they begin from.
final class ResidualBlock: Module {
  let conv1: Conv2d
  let bn1: BatchNorm2d
  let conv2: Conv2d
  let bn2: BatchNorm2d
  let conv3: Conv2d?
  let bn3: BatchNorm2d?
  /// A convolution and its normalisation where the shape changes.
  let downsample: [any Layer]?

  /// - Parameter inner: outputs of the convolutions before the last one; of the second in bottlenecks alone.
  init(
    inputChannels: Int, width: Int, inner: (Int, Int), stride: Int, isBottleneck: Bool, _ random: RandomSources?
  ) {
    let stride = Size2D(integerLiteral: stride)
    func convolution(_ input: Int, _ output: Int, _ kernel: Size2D, _ stride: Size2D = 1) -> Conv2d {
      Conv2d(
        inputChannels: input, outputChannels: output, kernelSize: kernel, stride: stride,
        padding: kernel == 3 ? 1 : 0, hasBias: false, initializer: .heNormal(fan: .output), random: random?.next())
    }
    let outputChannels = isBottleneck ? 4 * width : width
    if isBottleneck {
      conv1 = convolution(inputChannels, inner.0, 1)
      conv2 = convolution(inner.0, inner.1, 3, stride)
      conv3 = convolution(inner.1, outputChannels, 1)
      bn3 = BatchNorm2d(channels: outputChannels)
    } else {
      conv1 = convolution(inputChannels, inner.0, 3, stride)
      conv2 = convolution(inner.0, width, 3)
      (conv3, bn3) = (nil, nil)
    }
    bn1 = BatchNorm2d(channels: inner.0)
    bn2 = BatchNorm2d(channels: isBottleneck ? inner.1 : width)
    downsample =
      stride == 1 && inputChannels == outputChannels
      ? nil : [convolution(inputChannels, outputChannels, 1, stride), BatchNorm2d(channels: outputChannels)]
  }

  func callAsFunction(_ input: Tensor) -> Tensor {
    let beside = downsample?.forward(input) ?? input
    let first = conv1(input, normalizedBy: bn1, clipsNegative: true)
    guard let conv3 else { return conv2(first, normalizedBy: bn2, adding: beside, clipsNegative: true) }
    return conv3(
      conv2(first, normalizedBy: bn2, clipsNegative: true), normalizedBy: bn3, adding: beside, clipsNegative: true)
  }
}
