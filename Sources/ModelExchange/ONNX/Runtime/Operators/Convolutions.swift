import Tensors

/// A convolution whose filters are the same in every run, with what follows it where that was joined to it.
struct PlannedConvolution: Sendable {
  let windows: WindowAttributes
  let groups: Int
  /// [F, C / groups, ...]
  let weightShape: [Int]
  private let prepared: PreparedConvolution
  /// Whether the padding depends on the images and is written out.
  private let writesPadding: Bool

  /// - Parameters:
  ///   - weight: [F, C / groups, width] or [F, C / groups, height, width].
  ///   - scale: what each filter is multiplied by, [F].
  init(
    _ windows: WindowAttributes, groups: Int, weight: Tensor, bias: Tensor?, scale: Tensor? = nil
  ) throws(OperatorFault) {
    (self.windows, self.groups, weightShape) = (windows, groups, weight.shape)
    let axes = weight.rank - 2
    let kernel = Array(weight.shape.dropFirst(2))
    try Self.check(weight.shape, windows, groups: groups)
    if let bias, bias.shape != [weight.shape[0]] {
      throw .wrong("a bias of the shape \(bias.shape) for filters of \(weight.shape)")
    }
    let (strides, dilations) = (
      try windows.expanded(windows.strides, "strides", axes: axes),
      try windows.expanded(windows.dilations, "dilations", axes: axes)
    )
    let isSame = windows.padding == .sameUpper || windows.padding == .sameLower
    let writesPadding = isSame && strides.contains { $0 > 1 }
    self.writesPadding = writesPadding
    // Where windows move by one, what keeps the size of images does not depend on it.
    let pads = try windows.givenPads(axes: axes)
    func pad(_ axis: Int) -> (before: Int, behind: Int) {
      guard isSame, !writesPadding else { return pads[axis] }
      let total = dilations[axis] * (kernel[axis] - 1)
      let (less, more) = (total / 2, total - total / 2)
      return windows.padding == .sameUpper ? (less, more) : (more, less)
    }
    func size(_ numbers: [Int]) -> Size2D {
      Size2D(height: axes > 1 ? numbers[0] : 1, width: numbers[axes - 1])
    }
    let (y, x) = (axes > 1 ? pad(0) : (0, 0), pad(axes - 1))
    prepared = PreparedConvolution(
      weight: weight.reshaped(weight.shape[..<2] + (axes > 1 ? kernel : [1] + kernel)), bias: bias, scale: scale,
      stride: size(strides), padding: Padding2D(top: y.0, bottom: y.1, left: x.before, right: x.behind),
      dilation: size(dilations), groups: groups)
  }

  static func check(_ weight: [Int], _ windows: WindowAttributes, groups: Int) throws(OperatorFault) {
    guard weight.count == 3 || weight.count == 4 else { throw .unsupported("filters of the shape \(weight)") }
    guard groups > 0, weight[0] > 0, weight[1] > 0, weight[0] % groups == 0, weight.allSatisfy({ $0 <= 1 << 28 }) else {
      throw .wrong("filters of the shape \(weight) in \(groups) groups")
    }
    if let kernel = windows.kernel, kernel != Array(weight.dropFirst(2)) {
      throw .wrong("attribute kernel_shape is \(kernel), the filters have the shape \(weight)")
    }
  }

  /// - Parameters:
  ///   - addend: added to the result, whose shape it has.
  ///   - bounds: what the result is cut to.
  func callAsFunction(
    _ x: ONNXValue, adding addend: ONNXValue? = nil, clipsNegative: Bool = false, bounds: ClosedRange<Float>? = nil
  ) throws(OperatorFault) -> ONNXValue {
    guard x.rank == weightShape.count, x.shape[1] == weightShape[1] * groups else {
      throw .wrong("an operand of the shape \(x.shape) for filters of \(weightShape) in \(groups) groups")
    }
    let axes = try windows.windows(on: Array(x.shape.dropFirst(2)), kernel: Array(weightShape.dropFirst(2)))
    let shape = [x.shape[0], weightShape[0]] + axes.map(\.count)
    guard try ValueLimit.count(shape) > 0 else { return ONNXValue(Tensor(zeros: shape)) }
    guard x.count > 0 else { throw .unsupported("an operand of the shape \(x.shape), which has no elements") }
    var images = try x.imageTensor("input[0]")
    // Few channels are convolved with their padding written out.
    _ = try ValueLimit.count(
      Array(x.shape.prefix(2)) + zip(axes, x.shape.dropFirst(2)).map { $1 + $0.before + $0.behind })
    if writesPadding { images = try images.withZeros(Padding2D(axes)) }
    if let addend, addend.shape != shape {
      throw .wrong("an addend of the shape \(addend.shape) for a convolution of \(shape)")
    }
    let other = try addend?.imageTensor("the addend")
    var result = prepared(images, adding: other, clipsNegative: clipsNegative)
    if let bounds { result.clip(bounds.lowerBound, bounds.upperBound) }
    return ONNXValue(images: result, rank: x.rank)
  }

  /// The shape of the result for an operand's.
  func resultShape(_ x: [Int]) throws(OperatorFault) -> [Int] {
    guard x.count == weightShape.count else { throw .wrong("an operand of the shape \(x)") }
    let axes = try windows.windows(on: Array(x.dropFirst(2)), kernel: Array(weightShape.dropFirst(2)))
    return [x[0], weightShape[0]] + axes.map(\.count)
  }
}

extension Tensor {
  /// Zeros around images [B, H, W, C].
  fileprivate func withZeros(_ padding: Padding2D) throws(OperatorFault) -> Tensor {
    guard padding != 0 else { return self }
    let result = [
      shape[0], shape[1] + padding.top + padding.bottom, shape[2] + padding.left + padding.right, shape[3],
    ]
    let strides = rowMajorStrides(result)
    let copy = StridedCopy(
      shape: shape, strides: rowMajorStrides(shape), to: strides,
      target: padding.top * strides[1] + padding.left * strides[2])
    let value = ONNXValue(self)
    let builder = try ValueBuilder(like: value, shape: result)
    try builder.write(value, copy)
    return try builder.value.floats("input[0]")
  }
}

extension OperatorLibrary {
  mutating func addConvolutions() {
    add("Conv", inputs: 2...3) { (context) throws(OperatorFault) in
      let windows = try WindowAttributes(&context.attributes)
      let groups = try context.attributes.integer("group", default: 1)
      if let planned = try Self.plannedConvolution(windows, groups: groups, context) {
        context.packed = [1, 2]
        return { (operands) throws(OperatorFault) in [try planned(try operands.value(0))] }
      }
      return { (operands) throws(OperatorFault) in
        let (x, weight) = (try operands.value(0), try operands.value(1))
        if x.rank > 4 || x.type == .float64 {
          return [try GeneralConvolution.run(x, weight, operands.optional(2), windows, groups: groups)]
        }
        // Filters that come with the data are packed for this one run.
        let planned = try PlannedConvolution(
          windows, groups: groups, weight: try weight.floats("input[1]"), bias: try operands.optionalTensor(2))
        return [try planned(x)]
      }
    }
    add("ConvTranspose", inputs: 2...3) { (context) throws(OperatorFault) in
      let windows = try WindowAttributes(&context.attributes)
      let form = TransposedConvolution(
        windows: windows, groups: try context.attributes.integer("group", default: 1),
        outputPadding: try context.attributes.integers("output_padding"),
        outputShape: try context.attributes.integers("output_shape"))
      return { (operands) throws(OperatorFault) in
        [try form.run(try operands.value(0), try operands.tensor(1), try operands.optionalTensor(2))]
      }
    }
  }

  /// The convolution of a node with constant filters of one or two dimensions.
  static func plannedConvolution(
    _ windows: WindowAttributes, groups: Int, _ context: OperatorContext
  ) throws(OperatorFault) -> PlannedConvolution? {
    guard let weight = context.constant(1)?.tensor, weight.rank == 3 || weight.rank == 4 else { return nil }
    if context.has(2) {
      guard let bias = context.constant(2)?.tensor else { return nil }
      return try PlannedConvolution(windows, groups: groups, weight: weight, bias: bias)
    }
    return try PlannedConvolution(windows, groups: groups, weight: weight, bias: nil)
  }
}
