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

  /// Elements.
  var area: Int { height * width }
}

/// Rows and columns around an image; a literal stands for all four sides.
public struct Padding2D: Sendable, Hashable, ExpressibleByIntegerLiteral {
  /// Rows above.
  public var top: Int
  /// Rows below.
  public var bottom: Int
  /// Columns before.
  public var left: Int
  /// Columns behind.
  public var right: Int

  /// A number for each side.
  public init(top: Int, bottom: Int, left: Int, right: Int) {
    (self.top, self.bottom, self.left, self.right) = (top, bottom, left, right)
  }

  /// The same above and below, and before and behind.
  public init(height: Int, width: Int) {
    self.init(top: height, bottom: height, left: width, right: width)
  }

  /// The same number for each side.
  public init(integerLiteral value: Int) {
    self.init(height: value, width: value)
  }

  /// What keeps the size of an image under filters that move by one pixel: `padding="same"` of PyTorch, with the odd
  /// row or column below and behind.
  public static func same(kernelSize: Size2D, dilation: Size2D = 1) -> Padding2D {
    let rows = dilation.height * (kernelSize.height - 1)
    let columns = dilation.width * (kernelSize.width - 1)
    return Padding2D(
      top: rows / 2, bottom: rows - rows / 2, left: columns / 2, right: columns - columns / 2)
  }

  var isZero: Bool { self == 0 }
  var vertical: Int { top + bottom }
  var horizontal: Int { left + right }
}

/// All sizes of one convolution: B images of H × W pixels of C channels, F filters in groups over C / groups channels
/// each.
struct ConvolutionShape: Sendable {
  let batch: Int
  let image: Size2D
  let channels: Int
  let filters: Int
  let groups: Int
  let kernel: Size2D
  let stride: Size2D
  let padding: Padding2D
  let dilation: Size2D
  let output: Size2D

  /// The shape of a convolution of `input`, [B, H, W, C], under filters [F, C / groups, kernel height, kernel width].
  init(
    _ operation: StaticString, input: [Int], weight: [Int], bias: [Int]?, stride: Size2D, padding: Padding2D,
    dilation: Size2D, groups: Int
  ) {
    precondition(
      input.count == 4 && weight.count == 4 && groups > 0 && input[3] == weight[1] * groups && weight[0] % groups == 0,
      "\(operation): an input of the shape \(input) does not fit filters of the shape \(weight) in \(groups) groups")
    precondition(
      bias.map { $0 == [weight[0]] } ?? true, "\(operation): bias \(bias ?? []), filters of the shape \(weight)")
    precondition(
      stride.height > 0 && stride.width > 0 && dilation.height > 0 && dilation.width > 0
        && min(padding.top, padding.bottom, padding.left, padding.right) >= 0,
      "\(operation): stride \(stride), dilation \(dilation), padding \(padding)")
    batch = input[0]
    image = Size2D(height: input[1], width: input[2])
    channels = input[3]
    filters = weight[0]
    kernel = Size2D(height: weight[2], width: weight[3])
    (self.groups, self.stride, self.padding, self.dilation) = (groups, stride, padding, dilation)
    let free = Size2D(
      height: image.height + padding.vertical - dilation.height * (kernel.height - 1) - 1,
      width: image.width + padding.horizontal - dilation.width * (kernel.width - 1) - 1)
    precondition(
      free.height >= 0 && free.width >= 0,
      "\(operation): filters of the shape \(weight) are larger than the padded input of the shape \(input)")
    output = Size2D(height: free.height / stride.height + 1, width: free.width / stride.width + 1)
  }

  /// Channels that a filter sees.
  var groupChannels: Int { channels / groups }
  /// Filters that see the same channels.
  var groupFilters: Int { filters / groups }
  /// Windows of all images.
  var windowCount: Int { batch * output.area }

  var inputShape: [Int] { [batch, image.height, image.width, channels] }
  var outputShape: [Int] { [batch, output.height, output.width, filters] }
  var weightShape: [Int] { [filters, groupChannels, kernel.height, kernel.width] }

  /// Whether a filter sees one pixel, and every one.
  var isPointwise: Bool { kernel == 1 && stride == 1 && padding.isZero }

  /// Whether each filter has a channel of its own.
  var isDepthwise: Bool { groups == channels && groups > 1 && groupFilters == 1 }

  /// What a profile calls it.
  var summary: String {
    "\(kernel.height)×\(kernel.width)" + (stride == 1 ? "" : " / \(stride.height)")
      + (groups > 1 ? ", \(groups) groups" : "")
  }

  /// Of all images, two for each multiply-add.
  var operations: Double { 2 * Double(windowCount) * Double(filters * groupChannels * kernel.area) }
}
