import CKernels

/// A height and a width; a literal stands for both.
public struct Size2D: Sendable, Hashable, ExpressibleByIntegerLiteral {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A height and a width.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The same number for both.
  public init(integerLiteral value: Int) {
    self.init(height: value, width: value)
  }
}

/// All sizes of one convolution: B images of C channels of H × W, F filters in groups over C / groups channels each.
struct ConvolutionShape: Sendable {
  let batch: Int
  let groups: Int
  let filters: Int
  let image: Size2D
  let kernel: Size2D
  let output: Size2D
  let channelsPerGroup: Int
  /// For the kernels.
  let cValue: convolution_shape

  init(
    _ operation: StaticString, input: [Int], weight: [Int], bias: [Int]?, stride: Size2D, padding: Size2D,
    dilation: Size2D, groups: Int
  ) {
    precondition(
      input.count == 4 && weight.count == 4 && groups > 0 && input[1] == weight[1] * groups && weight[0] % groups == 0,
      "\(operation): an input of the shape \(input) does not fit filters of the shape \(weight) in \(groups) groups")
    precondition(
      bias.map { $0 == [weight[0]] } ?? true, "\(operation): bias \(bias ?? []), filters of the shape \(weight)")
    precondition(
      stride.height > 0 && stride.width > 0 && dilation.height > 0 && dilation.width > 0 && padding.height >= 0
        && padding.width >= 0, "\(operation): stride \(stride), dilation \(dilation), padding \(padding)")
    batch = input[0]
    self.groups = groups
    filters = weight[0]
    image = Size2D(height: input[2], width: input[3])
    kernel = Size2D(height: weight[2], width: weight[3])
    channelsPerGroup = weight[1]
    func windows(_ extent: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
      (extent + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1
    }
    precondition(
      image.height + 2 * padding.height > dilation.height * (kernel.height - 1)
        && image.width + 2 * padding.width > dilation.width * (kernel.width - 1),
      "\(operation): filters of the shape \(weight) are larger than the padded input of the shape \(input)")
    output = Size2D(
      height: windows(image.height, kernel.height, stride.height, padding.height, dilation.height),
      width: windows(image.width, kernel.width, stride.width, padding.width, dilation.width))
    cValue = convolution_shape(
      height: Int32(image.height), width: Int32(image.width), kernel_height: Int32(kernel.height),
      kernel_width: Int32(kernel.width), stride_height: Int32(stride.height), stride_width: Int32(stride.width),
      padding_top: Int32(padding.height), padding_left: Int32(padding.width),
      dilation_height: Int32(dilation.height), dilation_width: Int32(dilation.width),
      output_width: Int32(output.width))
  }

  /// Elements of a filter: the inner dimension of the product.
  var depth: Int { channelsPerGroup * kernel.height * kernel.width }
  /// Filters that look at the same channels.
  var filtersPerGroup: Int { filters / groups }
  /// Windows of an image.
  var windowCount: Int { output.height * output.width }
  /// Floats of the channels of one group.
  var groupSize: Int { channelsPerGroup * image.height * image.width }

  /// The first float of a group of channels in the input.
  func inputOffset(image index: Int, group: Int) -> Int { (index * groups + group) * groupSize }
  /// The first float of a group of filters in the output.
  func outputOffset(image index: Int, group: Int) -> Int { (index * groups + group) * filtersPerGroup * windowCount }
  /// The first float of a group of filters in the weight.
  func weightOffset(group: Int) -> Int { group * filtersPerGroup * depth }
}
