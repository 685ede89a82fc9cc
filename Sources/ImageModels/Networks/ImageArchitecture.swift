public import Tensors

/// The networks by their names, torchvision's with a dash: the first number that they were published with stands in
/// their documentation.
public enum ImageArchitecture: String, Sendable, Hashable, Codable, CaseIterable {
  /// LeNet-5, 28 × 28 pixels of one channel
  case lenet5
  /// Five convolutions with batch normalisation, 28 × 28 pixels of one channel
  case smallCNN = "small-cnn"
  /// AlexNet as torchvision has it
  case alexnet
  /// AlexNet as in the paper of 2012
  case alexnet2012 = "alexnet-2012"
  /// VGG with 8 convolutions
  case vgg11
  /// VGG with 10 convolutions
  case vgg13
  /// VGG with 13 convolutions
  case vgg16
  /// VGG with 16 convolutions
  case vgg19
  /// The same with batch normalisation
  case vgg11BatchNorm = "vgg11-bn"
  /// The same with batch normalisation
  case vgg13BatchNorm = "vgg13-bn"
  /// The same with batch normalisation
  case vgg16BatchNorm = "vgg16-bn"
  /// The same with batch normalisation
  case vgg19BatchNorm = "vgg19-bn"
  /// GoogLeNet as torchvision has it
  case googlenet
  /// GoogLeNet as in the paper
  case googlenetPaper = "googlenet-paper"
  /// Inception-v3
  case inceptionV3 = "inception-v3"
  /// ResNet of 18 layers
  case resnet18
  /// ResNet of 34 layers
  case resnet34
  /// ResNet of 50 layers
  case resnet50
  /// ResNet of 101 layers
  case resnet101
  /// ResNet of 152 layers
  case resnet152
  /// ResNet-18 whose beginning suits 32 × 32 pixels
  case resnet18CIFAR = "resnet18-cifar"
  /// The narrow ResNet for CIFAR-10, 20 layers
  case resnet20CIFAR = "resnet20-cifar"
  /// 32 layers
  case resnet32CIFAR = "resnet32-cifar"
  /// 44 layers
  case resnet44CIFAR = "resnet44-cifar"
  /// 56 layers
  case resnet56CIFAR = "resnet56-cifar"
  /// 110 layers
  case resnet110CIFAR = "resnet110-cifar"
  /// SqueezeNet 1.1
  case squeezenet11 = "squeezenet1.1"

  /// The size of images that the network was made for.
  public var imageSize: Size2D {
    switch self {
    case .lenet5, .smallCNN: 28
    case .alexnet2012: 227
    case .inceptionV3: 299
    case .resnet18CIFAR, .resnet20CIFAR, .resnet32CIFAR, .resnet44CIFAR, .resnet56CIFAR, .resnet110CIFAR: 32
    default: 224
    }
  }

  /// Channels of its images.
  public var channels: Int { self == .lenet5 || self == .smallCNN ? 1 : 3 }

  /// Classes of the data that it was published with.
  public var usualClasses: Int { imageSize.width < 100 ? 10 : 1000 }

  /// Whether it was trained with auxiliary heads.
  public var mayHaveAuxiliaryHeads: Bool { [.googlenet, .googlenetPaper, .inceptionV3].contains(self) }

  /// A new network.
  ///
  /// - Parameters:
  ///   - hasAuxiliaryHeads: whether it has the auxiliary heads that it was trained with, if it was.
  ///   - widths: of layers that have lost outputs.
  ///   - random: what its weights are drawn from; without, they have shapes alone, for those that are loaded.
  public func makeNetwork(
    classes: Int, hasAuxiliaryHeads: Bool = false, widths: LayerWidths = LayerWidths(), random: RandomStream?
  ) -> any ImageNetwork {
    func vgg(_ depth: VGG.Depth, _ hasBatchNorm: Bool = false) -> VGG {
      VGG(depth, hasBatchNorm: hasBatchNorm, classes: classes, widths: widths, random: random)
    }
    func resnet(_ blocks: [Int], _ isBottleneck: Bool = false, isForSmallImages: Bool = false) -> ResNet {
      ResNet(
        blocks: blocks, isBottleneck: isBottleneck, classes: classes, isForSmallImages: isForSmallImages,
        widths: widths, random: random)
    }
    func cifar(_ blocks: Int) -> CIFARResNet {
      CIFARResNet(blocks: blocks, classes: classes, widths: widths, random: random)
    }
    return switch self {
    case .lenet5: LeNet(classes: classes, widths: widths, random: random)
    case .smallCNN: SmallCNN(classes: classes, widths: widths, random: random)
    case .alexnet: AlexNet(classes: classes, widths: widths, random: random)
    case .alexnet2012: AlexNet(paper: classes, widths: widths, random: random)
    case .vgg11: vgg(.eleven)
    case .vgg13: vgg(.thirteen)
    case .vgg16: vgg(.sixteen)
    case .vgg19: vgg(.nineteen)
    case .vgg11BatchNorm: vgg(.eleven, true)
    case .vgg13BatchNorm: vgg(.thirteen, true)
    case .vgg16BatchNorm: vgg(.sixteen, true)
    case .vgg19BatchNorm: vgg(.nineteen, true)
    case .googlenet: GoogLeNet(classes: classes, hasAuxiliaryHeads: hasAuxiliaryHeads, random: random)
    case .googlenetPaper:
      GoogLeNet(classes: classes, isOfPaper: true, hasAuxiliaryHeads: hasAuxiliaryHeads, random: random)
    case .inceptionV3: InceptionV3(classes: classes, hasAuxiliaryHead: hasAuxiliaryHeads, random: random)
    case .resnet18: resnet([2, 2, 2, 2])
    case .resnet34: resnet([3, 4, 6, 3])
    case .resnet50: resnet([3, 4, 6, 3], true)
    case .resnet101: resnet([3, 4, 23, 3], true)
    case .resnet152: resnet([3, 8, 36, 3], true)
    case .resnet18CIFAR: resnet([2, 2, 2, 2], isForSmallImages: true)
    case .resnet20CIFAR: cifar(3)
    case .resnet32CIFAR: cifar(5)
    case .resnet44CIFAR: cifar(7)
    case .resnet56CIFAR: cifar(9)
    case .resnet110CIFAR: cifar(18)
    case .squeezenet11: SqueezeNet(classes: classes, random: random)
    }
  }
}
