import Tensors

/// A transposed convolution of images or sequences.
struct TransposedConvolution: Sendable {
  let windows: WindowAttributes
  let groups: Int
  let outputPadding: [Int]?
  let outputShape: [Int]?

  /// What one axis of the result loses before and behind, and has beyond the windows.
  private struct Axis {
    let kernel: Int
    let stride: Int
    let dilation: Int
    var before = 0
    var behind = 0
    var more = 0
  }

  private func axes(_ image: [Int], kernel: [Int]) throws(OperatorFault) -> [Axis] {
    let count = image.count
    let (strides, dilations) = (
      try windows.expanded(windows.strides, "strides", axes: count),
      try windows.expanded(windows.dilations, "dilations", axes: count)
    )
    let more = outputPadding ?? [Int](repeating: 0, count: count)
    guard more.count == count, more.allSatisfy({ (0...WindowAttributes.most).contains($0) }) else {
      throw .wrong("attribute output_padding is \(more)")
    }
    var wanted = outputShape
    if let given = wanted, given.count == count + 2 { wanted = Array(given.dropFirst(2)) }
    if let wanted, wanted.count != count || !wanted.allSatisfy({ (1...1 << 28).contains($0) }) {
      throw .wrong("attribute output_shape is \(wanted)")
    }
    let pads = try windows.givenPads(axes: count)
    return (0..<count).map { index in
      var axis = Axis(kernel: kernel[index], stride: strides[index], dilation: dilations[index])
      axis.more = more[index]
      let whole = (image[index] - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1
      let isSame = windows.padding == .sameUpper || windows.padding == .sameLower
      if wanted != nil || isSame {
        // What is too much is lost on both sides, the odd one where the padding says.
        let target = wanted?[index] ?? image[index] * axis.stride
        let total = whole + axis.more - target
        // What is too little is added behind.
        let (half, rest) = total > 0 ? (total / 2, total - total / 2) : (0, 0)
        if total < 0 { axis.more -= total }
        (axis.before, axis.behind) = windows.padding == .sameUpper ? (half, rest) : (rest, half)
      } else {
        (axis.before, axis.behind) = pads[index]
      }
      return axis
    }
  }

  func run(_ x: ONNXValue, _ weight: Tensor, _ bias: Tensor?) throws(OperatorFault) -> ONNXValue {
    guard weight.rank == x.rank, x.rank == 3 || x.rank == 4 else {
      throw .unsupported("operands of the shapes \(x.shape) and \(weight.shape)")
    }
    let kernel = Array(weight.shape.dropFirst(2))
    guard groups > 0, weight.shape[0] == x.shape[1], weight.shape[0] % groups == 0, weight.count > 0, x.count > 0,
      kernel.reduce(1, *) <= 1 << 16, x.shape.allSatisfy({ $0 <= 1 << 28 })
    else { throw .wrong("operands of the shapes \(x.shape) and \(weight.shape) in \(groups) groups") }
    if let given = windows.kernel, given != kernel { throw .wrong("attribute kernel_shape is \(given), not \(kernel)") }
    let filters = weight.shape[1] * groups
    if let bias, bias.shape != [filters] { throw .wrong("a bias of the shape \(bias.shape) for \(filters) filters") }
    let axes = try axes(Array(x.shape.dropFirst(2)), kernel: kernel)
    let extents = axes.indices.map { index -> Int in
      let axis = axes[index]
      return (x.shape[2 + index] - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1
    }
    let result = axes.indices.map { extents[$0] + axes[$0].more - axes[$0].before - axes[$0].behind }
    guard result.allSatisfy({ (1...1 << 28).contains($0) }) else {
      throw .wrong("nothing is left of the shape \(x.shape)")
    }
    // Every pixel between two windows is a pass of its own.
    guard axes.reduce(1, { $0 * min($1.stride, 1 << 20) }) <= 1 << 16 else {
      throw .unsupported("strides \(axes.map(\.stride))")
    }
    _ = try ValueLimit.count([x.shape[0], filters] + extents)
    _ = try ValueLimit.count([x.shape[0], filters] + result)
    let images = try x.imageTensor("input[0]")
    let filter = weight.reshaped(weight.shape[..<2] + (kernel.count > 1 ? kernel : [1] + kernel))
    func size(_ number: (Axis) -> Int, else other: Int) -> Size2D {
      Size2D(height: axes.count > 1 ? number(axes[0]) : other, width: number(axes[axes.count - 1]))
    }
    let (stride, dilation) = (size(\.stride, else: 1), size(\.dilation, else: 1))
    if axes.allSatisfy({ min($0.before, $0.behind) >= 0 && $0.more < $0.stride }) {
      let (before, behind) = (size(\.before, else: 0), size(\.behind, else: 0))
      let padding = Padding2D(top: before.height, bottom: behind.height, left: before.width, right: behind.width)
      return ONNXValue(
        images: images.convTranspose2d(
          weight: filter, bias: bias, stride: stride, padding: padding, outputPadding: size(\.more, else: 0),
          dilation: dilation, groups: groups), rank: x.rank)
    }
    // Otherwise all of it is computed, cut or lengthened, and the bias added.
    let whole = ONNXValue(
      images: images.convTranspose2d(weight: filter, stride: stride, dilation: dilation, groups: groups), rank: x.rank)
    let cut = try whole.padded(
      [0, 0] + axes.map { -$0.before }, [0, 0] + axes.map { $0.more - $0.behind }, mode: "constant", filler: nil)
    guard let bias else { return cut }
    let column = ONNXValue(bias.reshaped([filters] + kernel.map { _ in 1 }))
    return try .combined(cut, column, Float.self) { $0 + $1 }
  }
}
