import NeuralNetworks
import Tensors

/// Inception-v3 (Szegedy et al. 2015, "Rethinking the Inception architecture for computer vision"), as torchvision has
/// it, for images of 299 × 299 pixels, perhaps with an auxiliary head in training.
final class InceptionV3: ImageNetwork {
  static var headNames: [String] { ["fc"] }

  static var checkpointNames: [String: String] {
    [
      "conv1a": "Conv2d_1a_3x3", "conv2a": "Conv2d_2a_3x3", "conv2b": "Conv2d_2b_3x3", "conv3b": "Conv2d_3b_1x1",
      "conv4a": "Conv2d_4a_3x3", "mixed5b": "Mixed_5b", "mixed5c": "Mixed_5c", "mixed5d": "Mixed_5d",
      "mixed6a": "Mixed_6a", "mixed6b": "Mixed_6b", "mixed6c": "Mixed_6c", "mixed6d": "Mixed_6d",
      "mixed6e": "Mixed_6e", "auxiliary": "AuxLogits", "mixed7a": "Mixed_7a", "mixed7b": "Mixed_7b",
      "mixed7c": "Mixed_7c",
    ]
  }

  let conv1a, conv2a, conv2b, conv3b, conv4a: ConvolutionBlock
  let mixed5b, mixed5c, mixed5d: BranchesA
  let mixed6a: BranchesB
  let mixed6b, mixed6c, mixed6d, mixed6e: BranchesC
  let auxiliary: AuxiliaryHead?
  let mixed7a: BranchesD
  let mixed7b, mixed7c: BranchesE
  let dropout: Dropout
  let fc: Linear

  init(classes: Int, dropout: Float = 0.5, hasAuxiliaryHead: Bool, random: RandomStream?) {
    let form = Self.form
    let random = random.map { RandomSources($0) }
    conv1a = ConvolutionBlock(3, 32, 3, stride: 2, form, random)
    conv2a = ConvolutionBlock(32, 32, 3, form, random)
    conv2b = ConvolutionBlock(32, 64, 3, padding: 1, form, random)
    conv3b = ConvolutionBlock(64, 80, 1, form, random)
    conv4a = ConvolutionBlock(80, 192, 3, form, random)
    mixed5b = BranchesA(192, pooled: 32, random)
    mixed5c = BranchesA(256, pooled: 64, random)
    mixed5d = BranchesA(288, pooled: 64, random)
    mixed6a = BranchesB(288, random)
    mixed6b = BranchesC(768, inner: 128, random)
    mixed6c = BranchesC(768, inner: 160, random)
    mixed6d = BranchesC(768, inner: 160, random)
    mixed6e = BranchesC(768, inner: 192, random)
    auxiliary = hasAuxiliaryHead ? AuxiliaryHead(768, classes, random) : nil
    mixed7a = BranchesD(768, random)
    mixed7b = BranchesE(1280, random)
    mixed7c = BranchesE(2048, random)
    self.dropout = Dropout(rate: dropout)
    fc = Linear(inputSize: 2048, outputSize: classes, initializer: form.initializer, random: random?.next())
  }

  static let form = ConvolutionBlock.Form(initializer: .truncatedNormal(standardDeviation: 0.1))

  var outputLayer: any Module { fc }

  func features(of images: Tensor) -> Tensor { trunk(images).features }

  func classify(_ features: Tensor) -> Tensor { fc(dropout(features)) }

  func logits(of images: Tensor) -> ImageLogits {
    let (features, middle) = trunk(images)
    let heads: [(share: Float, logits: Tensor)] = auxiliary.map { [(share: Float(0.4), logits: $0(middle))] } ?? []
    return ImageLogits(main: classify(features), auxiliary: heads)
  }

  private func trunk(_ images: Tensor) -> (features: Tensor, middle: Tensor) {
    var x = conv2b(conv2a(conv1a(images))).maxPool2d(kernelSize: 3, stride: 2)
    x = conv4a(conv3b(x)).maxPool2d(kernelSize: 3, stride: 2)
    x = mixed6a(mixed5d(mixed5c(mixed5b(x))))
    let middle = mixed6e(mixed6d(mixed6c(mixed6b(x))))
    return (mixed7c(mixed7b(mixed7a(middle))).meanOfPixels(), middle)
  }

  /// A classifier in the middle of the network.
  final class AuxiliaryHead: Module {
    let conv0, conv1: ConvolutionBlock
    let fc: Linear

    init(_ input: Int, _ classes: Int, _ random: RandomSources?) {
      conv0 = ConvolutionBlock(input, 128, 1, InceptionV3.form, random)
      conv1 = ConvolutionBlock(
        128, 768, 5, ConvolutionBlock.Form(initializer: .truncatedNormal(standardDeviation: 0.01)), random)
      fc = Linear(
        inputSize: 768, outputSize: classes, initializer: .truncatedNormal(standardDeviation: 0.001),
        random: random?.next())
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      fc(conv1(conv0(x.avgPool2d(kernelSize: 5, stride: 3))).meanOfPixels())
    }
  }
}
