import NeuralNetworks
import Tensors

/// GoogLeNet (Szegedy et al. 2014): torchvision's, with batch normalisation and 3 × 3 filters where the paper has 5 × 5,
/// and the paper's own, with biases and local response normalisation. Both may have two auxiliary heads in training.
final class GoogLeNet: ImageNetwork {
  static var headNames: [String] { ["fc"] }

  let conv1, conv2, conv3: ConvolutionBlock
  let inception3a, inception3b: Inception
  let inception4a, inception4b, inception4c, inception4d, inception4e: Inception
  let inception5a, inception5b: Inception
  let aux1, aux2: AuxiliaryHead?
  let dropout: Dropout
  let fc: Linear
  private let isOfPaper: Bool

  init(classes: Int, isOfPaper: Bool = false, hasAuxiliaryHeads: Bool, random: RandomStream?) {
    let random = random.map { RandomSources($0) }
    self.isOfPaper = isOfPaper
    let form = ConvolutionBlock.Form(
      hasBatchNorm: !isOfPaper, initializer: .truncatedNormal(standardDeviation: 0.01))
    func block(_ input: Int, _ sizes: [Int]) -> Inception {
      Inception(input, sizes, largeKernel: isOfPaper ? 5 : 3, form, random)
    }
    conv1 = ConvolutionBlock(3, 64, 7, stride: 2, padding: 3, form, random)
    conv2 = ConvolutionBlock(64, 64, 1, form, random)
    conv3 = ConvolutionBlock(64, 192, 3, padding: 1, form, random)
    inception3a = block(192, [64, 96, 128, 16, 32, 32])
    inception3b = block(256, [128, 128, 192, 32, 96, 64])
    inception4a = block(480, [192, 96, 208, 16, 48, 64])
    inception4b = block(512, [160, 112, 224, 24, 64, 64])
    inception4c = block(512, [128, 128, 256, 24, 64, 64])
    inception4d = block(512, [112, 144, 288, 32, 64, 64])
    inception4e = block(528, [256, 160, 320, 32, 128, 128])
    inception5a = block(832, [256, 160, 320, 32, 128, 128])
    inception5b = block(832, [384, 192, 384, 48, 128, 128])
    aux1 = hasAuxiliaryHeads ? AuxiliaryHead(512, classes, hasPaperWindows: isOfPaper, form, random) : nil
    aux2 = hasAuxiliaryHeads ? AuxiliaryHead(528, classes, hasPaperWindows: isOfPaper, form, random) : nil
    dropout = Dropout(rate: isOfPaper ? 0.4 : 0.2)
    fc = Linear(inputSize: 1024, outputSize: classes, initializer: form.initializer, random: random?.next())
  }

  var outputLayer: any Module { fc }

  func features(of images: Tensor) -> Tensor { trunk(images).features }

  func classify(_ features: Tensor) -> Tensor { fc(dropout(features)) }

  func logits(of images: Tensor) -> ImageLogits {
    let (features, first, second) = trunk(images)
    let heads = [aux1.map { $0(first) }, aux2.map { $0(second) }].compactMap { $0 }
    return ImageLogits(main: classify(features), auxiliary: heads.map { (0.3, $0) })
  }

  /// The features, and what the auxiliary heads look at.
  private func trunk(_ images: Tensor) -> (features: Tensor, first: Tensor, second: Tensor) {
    func pooled(_ x: Tensor, _ size: Size2D = 3) -> Tensor {
      x.maxPool2d(kernelSize: size, stride: 2, ceilMode: true)
    }
    func responses(_ x: Tensor) -> Tensor { isOfPaper ? x.localResponseNorm(size: 5) : x }
    var x = responses(pooled(conv1(images)))
    x = pooled(responses(conv3(conv2(x))))
    x = pooled(inception3b(inception3a(x)))
    let first = inception4a(x)
    let second = inception4d(inception4c(inception4b(first)))
    x = pooled(inception4e(second), isOfPaper ? 3 : 2)
    return (inception5b(inception5a(x)).meanOfPixels(), first, second)
  }

  /// Four branches side by side.
  final class Inception: Module {
    let branch1: ConvolutionBlock
    let branch2, branch3: [any Layer]
    let branch4: [any Layer]

    /// - Parameter sizes: channels of 1 × 1, before 3 × 3, of 3 × 3, before the large filters, of those, behind pooling.
    init(
      _ input: Int, _ sizes: [Int], largeKernel: Int, _ form: ConvolutionBlock.Form, _ random: RandomSources?
    ) {
      let large = Size2D(integerLiteral: largeKernel)
      branch1 = ConvolutionBlock(input, sizes[0], 1, form, random)
      branch2 = [
        ConvolutionBlock(input, sizes[1], 1, form, random),
        ConvolutionBlock(sizes[1], sizes[2], 3, padding: 1, form, random),
      ]
      branch3 = [
        ConvolutionBlock(input, sizes[3], 1, form, random),
        ConvolutionBlock(sizes[3], sizes[4], large, padding: Padding2D(integerLiteral: largeKernel / 2), form, random),
      ]
      branch4 = [
        MaxPool2d(kernelSize: 3, stride: 1, padding: 1, ceilMode: true),
        ConvolutionBlock(input, sizes[5], 1, form, random),
      ]
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      Tensor.concatenated([branch1(x), branch2.forward(x), branch3.forward(x), branch4.forward(x)], axis: 3)
    }
  }

  /// A classifier in the middle of the network.
  final class AuxiliaryHead: Module {
    let conv: ConvolutionBlock
    let fc1, fc2: Linear
    let dropout: Dropout

    private let hasPaperWindows: Bool

    init(
      _ input: Int, _ classes: Int, hasPaperWindows: Bool, _ form: ConvolutionBlock.Form, _ random: RandomSources?
    ) {
      self.hasPaperWindows = hasPaperWindows
      conv = ConvolutionBlock(input, 128, 1, form, random)
      fc1 = Linear(inputSize: 2048, outputSize: 1024, initializer: form.initializer, random: random?.next())
      fc2 = Linear(inputSize: 1024, outputSize: classes, initializer: form.initializer, random: random?.next())
      dropout = Dropout(rate: 0.7)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      // Of 14 × 14 pixels both make 4 × 4: the paper by windows of 5 × 5, torchvision by those that divide the image.
      let pooled =
        hasPaperWindows ? x.avgPool2d(kernelSize: 5, stride: 3) : x.adaptiveAvgPool2d(outputSize: 4)
      return fc2(dropout(fc1(conv(pooled).flattenedImages()).relu()))
    }
  }
}
