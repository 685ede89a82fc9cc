import Tensors

/// How windows lie on one axis of images or sequences.
struct WindowAxis: Sendable {
  let extent: Int
  let kernel: Int
  let stride: Int
  let dilation: Int
  /// Zeros, or nothing, before and behind.
  let before: Int
  let behind: Int
  /// Windows.
  let count: Int

  /// Elements from the first to the last of a window.
  var reach: Int { dilation * (kernel - 1) + 1 }
}

/// The attributes that convolutions and pooling share.
struct WindowAttributes: Sendable {
  enum Padding: String { case given = "NOTSET", valid = "VALID", sameUpper = "SAME_UPPER", sameLower = "SAME_LOWER" }

  let kernel: [Int]?
  let strides: [Int]?
  let dilations: [Int]?
  let pads: [Int]?
  let padding: Padding
  let ceilMode: Bool

  /// Numbers that sums of can be formed without a thought.
  static let most = 1 << 24

  init(_ attributes: inout OperatorAttributes, hasCeilMode: Bool = false) throws(OperatorFault) {
    kernel = try attributes.integers("kernel_shape")
    strides = try attributes.integers("strides")
    dilations = try attributes.integers("dilations")
    pads = try attributes.integers("pads")
    let word = try attributes.word(
      "auto_pad", default: "NOTSET", of: ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    padding = Padding(rawValue: word) ?? .given
    ceilMode = hasCeilMode ? try attributes.flag("ceil_mode") : false
    for (name, numbers, least) in [
      ("kernel_shape", kernel, 1), ("strides", strides, 1), ("dilations", dilations, 1), ("pads", pads, 0),
    ] {
      if let number = numbers?.first(where: { $0 < least || $0 > Self.most }) {
        throw .wrong("attribute \(name) holds \(number)")
      }
    }
  }

  /// A number for each of `axes` dimensions.
  func expanded(_ numbers: [Int]?, _ name: String, axes: Int) throws(OperatorFault) -> [Int] {
    let numbers = numbers ?? [Int](repeating: 1, count: axes)
    guard numbers.count == axes else { throw .wrong("attribute \(name) has \(numbers.count) numbers for \(axes) axes") }
    return numbers
  }

  /// Zeros before and behind, as they are given.
  func givenPads(axes: Int) throws(OperatorFault) -> [(before: Int, behind: Int)] {
    guard padding == .given, let pads else { return [(before: Int, behind: Int)](repeating: (0, 0), count: axes) }
    guard pads.count == 2 * axes else { throw .wrong("attribute pads has \(pads.count) numbers for \(axes) axes") }
    return (0..<axes).map { (pads[$0], pads[axes + $0]) }
  }

  /// How windows of a size lie on images.
  func windows(on image: [Int], kernel: [Int]) throws(OperatorFault) -> [WindowAxis] {
    let (strides, dilations) = (
      try expanded(strides, "strides", axes: image.count), try expanded(dilations, "dilations", axes: image.count)
    )
    let pads = try givenPads(axes: image.count)
    guard kernel.count == image.count, kernel.allSatisfy({ $0 > 0 }), try ValueLimit.count(kernel, size: 0) <= 1 << 16
    else {
      throw .unsupported("windows of the shape \(kernel) on images of \(image)")
    }
    var axes: [WindowAxis] = []
    for axis in image.indices {
      let (extent, stride, dilation) = (image[axis], strides[axis], dilations[axis])
      guard extent <= 1 << 28 else { throw .unsupported("images of the shape \(image)") }
      let reach = dilation * (kernel[axis] - 1) + 1
      var (before, behind) = pads[axis]
      var count: Int
      switch padding {
      case .sameUpper, .sameLower:
        count = (extent + stride - 1) / stride
        let total = max(0, (count - 1) * stride + reach - extent)
        (before, behind) = (total / 2, total - total / 2)
        if padding == .sameLower { (before, behind) = (behind, before) }
      case .given, .valid:
        let free = extent + before + behind - reach
        guard free >= 0 else { throw .wrong("windows of the shape \(kernel) are larger than images of \(image)") }
        count = (ceilMode ? free + stride - 1 : free) / stride + 1
        // A window that would begin in the padding behind is none.
        if ceilMode, padding == .given, (count - 1) * stride >= extent + before { count -= 1 }
        if padding == .valid { count = free / stride + 1 }
      }
      axes.append(
        WindowAxis(
          extent: extent, kernel: kernel[axis], stride: stride, dilation: dilation, before: before, behind: behind,
          count: count))
    }
    return axes
  }
}

extension Padding2D {
  /// Zeros around images of the given one or two axes.
  init(_ axes: [WindowAxis]) {
    let (y, x) = (axes.count > 1 ? axes[0] : nil, axes[axes.count - 1])
    self.init(top: y?.before ?? 0, bottom: y?.behind ?? 0, left: x.before, right: x.behind)
  }
}

extension Size2D {
  /// A number of the given one or two axes.
  init(_ axes: [WindowAxis], _ number: (WindowAxis) -> Int, else other: Int = 1) {
    self.init(height: axes.count > 1 ? number(axes[0]) : other, width: number(axes[axes.count - 1]))
  }
}

extension ONNXValue {
  /// The elements of images [B, C, H, W] or sequences [B, C, T] as [B, H, W, C], H being 1 for sequences.
  func imageTensor(_ name: String) throws(OperatorFault) -> Tensor {
    guard rank == 3 || rank == 4 else { throw .unsupported("\(name) of the shape \(shape)") }
    guard shape.allSatisfy({ $0 <= 1 << 28 }) else { throw .unsupported("\(name) of the shape \(shape)") }
    let tensor = try channelsLast.lyingFloats(name)
    return rank == 4 ? tensor : tensor.reshaped([shape[0], 1, shape[2], shape[1]])
  }

  /// Images [B, H, W, C] as [B, C, H, W], or sequences as [B, C, T].
  init(images: Tensor, rank: Int) {
    let s = images.shape
    self.init(channelsLast: rank == 4 ? images : images.reshaped([s[0], s[2], s[3]]))
  }
}
