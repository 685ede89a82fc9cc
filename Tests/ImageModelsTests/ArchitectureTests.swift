import ImageModels
import NeuralNetworks
import Tensors
import Testing

@Suite("Image networks")
struct ArchitectureTests {
  static let counts: [(ImageArchitecture, Int, withAuxiliaryHeads: Int?)] = [
    (.lenet5, 61_706, nil), (.smallCNN, 79_426, nil), (.alexnet, 61_100_840, nil), (.vgg11, 132_863_336, nil),
    (.vgg13, 133_047_848, nil),
    (.vgg16, 138_357_544, nil), (.vgg19, 143_667_240, nil), (.vgg11BatchNorm, 132_868_840, nil),
    (.vgg13BatchNorm, 133_053_736, nil), (.vgg16BatchNorm, 138_365_992, nil), (.vgg19BatchNorm, 143_678_248, nil),
    (.googlenet, 6_624_904, 13_004_888), (.googlenetPaper, 6_998_552, nil), (.inceptionV3, 23_834_568, 27_161_264),
    (.resnet18, 11_689_512, nil), (.resnet34, 21_797_672, nil), (.resnet50, 25_557_032, nil),
    (.resnet101, 44_549_160, nil), (.resnet152, 60_192_808, nil), (.resnet20CIFAR, 269_722, nil),
    (.resnet32CIFAR, 464_154, nil), (.resnet44CIFAR, 658_586, nil), (.resnet56CIFAR, 853_018, nil),
    (.resnet110CIFAR, 1_727_962, nil), (.squeezenet11, 1_235_496, nil),
  ]

  @Test("have as many parameters as were published", arguments: counts)
  func parameterCount(architecture: ImageArchitecture, count: Int, withAuxiliaryHeads: Int?) {
    let classes = architecture.usualClasses
    #expect(architecture.makeNetwork(classes: classes, random: nil).parameterCount == count)
    if let withAuxiliaryHeads {
      let network = architecture.makeNetwork(classes: classes, hasAuxiliaryHeads: true, random: nil)
      #expect(network.parameterCount == withAuxiliaryHeads)
    }
  }
}
