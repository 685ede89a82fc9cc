import NeuralNetworks
import Tensors

// The modules of Inception-v3, under the letters that torchvision gives them; a property `branch3x3dbl_2` of torchvision's
// is the layer 1 of `double` here.

/// Names of the layers of some branches, from 1 on.
private func names(_ branches: (property: String, name: String)...) -> [String: String] {
  Dictionary(uniqueKeysWithValues: branches.map { ($0.property, $0.name) })
}

private func block(
  _ input: Int, _ output: Int, _ kernel: Size2D, stride: Size2D = 1, _ random: RandomSources?, padded: Bool = true
) -> ConvolutionBlock {
  ConvolutionBlock(
    input, output, kernel, stride: stride,
    padding: padded ? Padding2D(height: kernel.height / 2, width: kernel.width / 2) : 0, InceptionV3.form, random)
}

private let across = Size2D(height: 1, width: 7)
private let down = Size2D(height: 7, width: 1)

/// The mean of a pixel and its neighbours, where the image's edge counts as zeros.
private func smoothed(_ x: Tensor) -> Tensor { x.avgPool2d(kernelSize: 3, stride: 1, padding: 1) }

/// 1 × 1, 5 × 5 and twice 3 × 3 beside pooling.
final class BranchesA: Module {
  static var checkpointNames: [String: String] {
    names(
      ("single", "branch1x1"), ("large1", "branch5x5_1"), ("large2", "branch5x5_2"), ("double1", "branch3x3dbl_1"),
      ("double2", "branch3x3dbl_2"), ("double3", "branch3x3dbl_3"), ("pooled", "branch_pool"))
  }

  let single, large1, large2, double1, double2, double3, pooled: ConvolutionBlock

  init(_ input: Int, pooled channels: Int, _ random: RandomSources?) {
    single = block(input, 64, 1, random)
    large1 = block(input, 48, 1, random)
    large2 = block(48, 64, 5, random)
    double1 = block(input, 64, 1, random)
    double2 = block(64, 96, 3, random)
    double3 = block(96, 96, 3, random)
    pooled = block(input, channels, 1, random)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor.concatenated(
      [single(x), large2(large1(x)), double3(double2(double1(x))), pooled(smoothed(x))], axis: 3)
  }
}

/// Half the size: 3 × 3 and twice 3 × 3 beside pooling.
final class BranchesB: Module {
  static var checkpointNames: [String: String] {
    names(
      ("single", "branch3x3"), ("double1", "branch3x3dbl_1"), ("double2", "branch3x3dbl_2"),
      ("double3", "branch3x3dbl_3"))
  }

  let single, double1, double2, double3: ConvolutionBlock

  init(_ input: Int, _ random: RandomSources?) {
    single = block(input, 384, 3, stride: 2, random, padded: false)
    double1 = block(input, 64, 1, random)
    double2 = block(64, 96, 3, random)
    double3 = block(96, 96, 3, stride: 2, random, padded: false)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor.concatenated(
      [single(x), double3(double2(double1(x))), x.maxPool2d(kernelSize: 3, stride: 2)], axis: 3)
  }
}

/// 1 × 1, 7 × 7 and twice 7 × 7, each as a row and a column, beside pooling.
final class BranchesC: Module {
  static var checkpointNames: [String: String] {
    names(
      ("single", "branch1x1"), ("large1", "branch7x7_1"), ("large2", "branch7x7_2"), ("large3", "branch7x7_3"),
      ("double1", "branch7x7dbl_1"), ("double2", "branch7x7dbl_2"), ("double3", "branch7x7dbl_3"),
      ("double4", "branch7x7dbl_4"), ("double5", "branch7x7dbl_5"), ("pooled", "branch_pool"))
  }

  let single, large1, large2, large3: ConvolutionBlock
  let double1, double2, double3, double4, double5: ConvolutionBlock
  let pooled: ConvolutionBlock

  init(_ input: Int, inner: Int, _ random: RandomSources?) {
    single = block(input, 192, 1, random)
    large1 = block(input, inner, 1, random)
    large2 = block(inner, inner, across, random)
    large3 = block(inner, 192, down, random)
    double1 = block(input, inner, 1, random)
    double2 = block(inner, inner, down, random)
    double3 = block(inner, inner, across, random)
    double4 = block(inner, inner, down, random)
    double5 = block(inner, 192, across, random)
    pooled = block(input, 192, 1, random)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor.concatenated(
      [
        single(x), large3(large2(large1(x))), double5(double4(double3(double2(double1(x))))), pooled(smoothed(x)),
      ], axis: 3)
  }
}

/// Half the size: 3 × 3, and 7 × 7 before it, beside pooling.
final class BranchesD: Module {
  static var checkpointNames: [String: String] {
    names(
      ("single1", "branch3x3_1"), ("single2", "branch3x3_2"), ("large1", "branch7x7x3_1"),
      ("large2", "branch7x7x3_2"), ("large3", "branch7x7x3_3"), ("large4", "branch7x7x3_4"))
  }

  let single1, single2, large1, large2, large3, large4: ConvolutionBlock

  init(_ input: Int, _ random: RandomSources?) {
    single1 = block(input, 192, 1, random)
    single2 = block(192, 320, 3, stride: 2, random, padded: false)
    large1 = block(input, 192, 1, random)
    large2 = block(192, 192, across, random)
    large3 = block(192, 192, down, random)
    large4 = block(192, 192, 3, stride: 2, random, padded: false)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor.concatenated(
      [single2(single1(x)), large4(large3(large2(large1(x)))), x.maxPool2d(kernelSize: 3, stride: 2)], axis: 3)
  }
}

/// 1 × 1, and 3 × 3 as a row and a column side by side, twice, beside pooling.
final class BranchesE: Module {
  static var checkpointNames: [String: String] {
    names(
      ("single", "branch1x1"), ("split1", "branch3x3_1"), ("split2a", "branch3x3_2a"), ("split2b", "branch3x3_2b"),
      ("double1", "branch3x3dbl_1"), ("double2", "branch3x3dbl_2"), ("double3a", "branch3x3dbl_3a"),
      ("double3b", "branch3x3dbl_3b"), ("pooled", "branch_pool"))
  }

  let single, split1, split2a, split2b: ConvolutionBlock
  let double1, double2, double3a, double3b: ConvolutionBlock
  let pooled: ConvolutionBlock

  init(_ input: Int, _ random: RandomSources?) {
    let (across, down) = (Size2D(height: 1, width: 3), Size2D(height: 3, width: 1))
    single = block(input, 320, 1, random)
    split1 = block(input, 384, 1, random)
    split2a = block(384, 384, across, random)
    split2b = block(384, 384, down, random)
    double1 = block(input, 448, 1, random)
    double2 = block(448, 384, 3, random)
    double3a = block(384, 384, across, random)
    double3b = block(384, 384, down, random)
    pooled = block(input, 192, 1, random)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (split, double) = (split1(x), double2(double1(x)))
    return Tensor.concatenated(
      [single(x), split2a(split), split2b(split), double3a(double), double3b(double), pooled(smoothed(x))], axis: 3)
  }
}
