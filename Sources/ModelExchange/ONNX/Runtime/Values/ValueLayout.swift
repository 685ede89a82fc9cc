import Tensors

// How values of images and sequences lie. The library's images have their channels last, ONNX's stand before their rows: a
// value keeps the order that an operator gave it until one needs the other.

/// [B, ..., C] for [B, C, ...].
func channelsLastShape(_ shape: [Int]) -> [Int] {
  shape.count < 3 ? shape : [shape[0]] + shape[2...] + [shape[1]]
}

/// [B, C, ...] for [B, ..., C].
func channelsFirstShape(_ shape: [Int]) -> [Int] {
  shape.count < 3 ? shape : [shape[0], shape[shape.count - 1]] + shape[1..<(shape.count - 1)]
}

extension ONNXValue {
  /// A value whose channels lie last, of a tensor [B, ..., C] of three or more dimensions.
  init(channelsLast tensor: Tensor) {
    self.init(.float32(tensor), shape: channelsFirstShape(tensor.shape), isChannelsLast: true)
  }

  /// The extents in the order in which the elements lie.
  var lyingShape: [Int] { isChannelsLast ? channelsLastShape(shape) : shape }

  /// The dimension, in the order in which the elements lie, of one of the shape.
  func lyingAxis(_ axis: Int) -> Int {
    guard isChannelsLast, axis > 0 else { return axis }
    return axis == 1 ? rank - 1 : axis - 1
  }

  /// The same value in ONNX's order.
  var plain: ONNXValue {
    guard isChannelsLast else { return self }
    if case .float32(let tensor) = elements {
      return ONNXValue(.float32(tensor.channelsFirst()), shape: shape)
    }
    return (try? reordered(isChannelsLast: false)) ?? self
  }

  /// The same value with its channels last; only of three or more dimensions.
  var channelsLast: ONNXValue {
    guard !isChannelsLast, rank >= 3 else { return self }
    if case .float32(let tensor) = elements { return ONNXValue(channelsLast: tensor.channelsLast()) }
    return (try? reordered(isChannelsLast: true)) ?? self
  }

  private func reordered(isChannelsLast: Bool) throws(OperatorFault) -> ONNXValue {
    let to = isChannelsLast ? channelsLastShape(shape) : shape
    let from = lyingShape
    let strides = rowMajorStrides(from)
    let order =
      isChannelsLast ? [0] + Array(2..<rank) + [1] : [0, rank - 1] + Array(1..<(rank - 1))
    let copied = try copying(StridedCopy(shape: to, strides: order.map { strides[$0] }), lying: to)
    return ONNXValue(copied, shape: shape, isChannelsLast: isChannelsLast)
  }

  /// The same elements, as they lie, under another shape of as many.
  func lying(as shape: [Int]) -> ONNXValue {
    if case .float32(let tensor) = elements { return ONNXValue(.float32(tensor.reshaped(shape)), shape: shape) }
    return ONNXValue(elements, shape: shape)
  }

  /// The same elements in ONNX's order under another shape of as many.
  func reshaped(_ shape: [Int]) -> ONNXValue { plain.lying(as: shape) }
}
