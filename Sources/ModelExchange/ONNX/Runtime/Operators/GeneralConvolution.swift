import Tensors

/// Convolution by the definition, for any number of dimensions, in double precision: what the kernels have no form for.
enum GeneralConvolution {
  static func run(
    _ x: ONNXValue, _ weight: ONNXValue, _ bias: ONNXValue?, _ windows: WindowAttributes, groups: Int
  ) throws(OperatorFault) -> ONNXValue {
    guard x.rank >= 3, weight.rank == x.rank, groups > 0, weight.shape[0] % groups == 0,
      x.shape[1] == weight.shape[1] * groups, weight.type == x.type
    else { throw .wrong("operands of the shapes \(x.shape) and \(weight.shape) in \(groups) groups") }
    let kernel = Array(weight.shape.dropFirst(2))
    if let given = windows.kernel, given != kernel { throw .wrong("attribute kernel_shape is \(given), not \(kernel)") }
    let axes = try windows.windows(on: Array(x.shape.dropFirst(2)), kernel: kernel)
    let filters = weight.shape[0]
    let shape = [x.shape[0], filters] + axes.map(\.count)
    _ = try ValueLimit.count(shape, size: 8)
    if let bias, bias.shape != [filters] { throw .wrong("a bias of the shape \(bias.shape) for \(filters) filters") }
    let (numbers, factors, biases) = (x.doubles, weight.doubles, bias?.doubles)
    let (pixels, area) = (axes.reduce(1) { $0 * $1.extent }, kernel.reduce(1, *))
    let (channels, own) = (x.shape[1], weight.shape[1])
    let places = axes.reduce(1) { $0 * $1.count }
    let elements = WindowElements(axes)
    let result = try ONNXValue.make(Double.self, shape: shape, isSetWholly: true) { to in
      nonisolated(unsafe) let to = to
      parallelFor(x.shape[0] * filters) { task in
        let (image, filter) = (task / filters, task % filters)
        let group = filter / (filters / groups)
        for place in 0..<places {
          var sum = biases?[filter] ?? 0
          elements.forEach(of: place) { element, pixel in
            for channel in 0..<own {
              let source = (image * channels + group * own + channel) * pixels + pixel
              sum += numbers[source] * factors[(filter * own + channel) * area + element]
            }
          }
          to[task * places + place] = sum
        }
      }
    }
    return try result.converted(to: x.type)
  }
}

/// The elements that a window covers, in any number of dimensions.
struct WindowElements: Sendable {
  private let axes: [WindowAxis]

  init(_ axes: [WindowAxis]) { self.axes = axes }

  /// Calls `body` for the elements of window `place` that lie on the image, with their number in the window and the
  /// number of their pixel.
  @inline(__always)
  func forEach(of place: Int, _ body: (_ element: Int, _ pixel: Int) -> Void) {
    var firsts = [Int](repeating: 0, count: axes.count)
    var rest = place
    for axis in axes.indices.reversed() {
      firsts[axis] = rest % axes[axis].count * axes[axis].stride - axes[axis].before
      rest /= axes[axis].count
    }
    let area = axes.reduce(1) { $0 * $1.kernel }
    for element in 0..<area {
      var (rest, pixel, stride, isInside) = (element, 0, 1, true)
      for axis in axes.indices.reversed() {
        let at = firsts[axis] + rest % axes[axis].kernel * axes[axis].dilation
        rest /= axes[axis].kernel
        if at < 0 || at >= axes[axis].extent { isInside = false }
        pixel += at * stride
        stride *= axes[axis].extent
      }
      if isInside { body(element, pixel) }
    }
  }

  /// How many elements of a window lie on the image or its padding.
  func paddedCount(of place: Int) -> Int {
    var (count, rest) = (1, place)
    for axis in axes.reversed() {
      let first = rest % axis.count * axis.stride - axis.before
      rest /= axis.count
      // Windows that reach beyond the padding behind count only what is before its end.
      let end = axis.extent + axis.behind
      count *= (0..<axis.kernel).count { first + $0 * axis.dilation < end }
    }
    return count
  }
}
