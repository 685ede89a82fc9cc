import Tensors

extension ONNXGraphBuilder: ImageGraphBuilder {
  mutating func convolution(
    _ x: String, weight: NamedTensor, bias: NamedTensor?, stride: Size2D, padding: Padding2D, dilation: Size2D,
    groups: Int
  ) -> String {
    convolution(
      [x, self.weight(weight)] + (bias.map { [self.weight($0)] } ?? []), filters: weight.tensor.shape, stride, padding,
      dilation, groups)
  }

  mutating func convolution(
    _ x: String, weight: MeasuredWeight, stride: Size2D, padding: Padding2D, dilation: Size2D, groups: Int
  ) -> String? {
    convolution(
      operands(x, weight), filters: weight.bytes.shape, stride, padding, dilation, groups)
  }

  private mutating func convolution(
    _ operands: [String], filters shape: [Int], _ stride: Size2D, _ padding: Padding2D, _ dilation: Size2D,
    _ groups: Int
  ) -> String {
    add(
      "Conv", operands, .ints("kernel_shape", [shape[2], shape[3]]), .ints("strides", stride), .ints("pads", padding),
      .ints("dilations", dilation), .int("group", groups))
  }

  mutating func linear(_ x: String, weight: MeasuredWeight) -> String? {
    add("Gemm", operands(x, weight), .int("transB", 1))
  }

  /// A layer's input in steps, its weight in bytes and its bias in steps of their products.
  private mutating func operands(_ x: String, _ weight: MeasuredWeight) -> [String] {
    [stepped(x, weight.inputRange), self.weight(weight.name, weight.bytes, times: weight.factors)]
      + (weight.bias.map { [bias($0, of: weight.bytes, times: weight.factors)] } ?? [])
  }

  mutating func batchNormalization(
    _ x: String, mean: NamedTensor, variance: NamedTensor, weight: NamedTensor, bias: NamedTensor, epsilon: Float
  ) -> String {
    add(
      "BatchNormalization", [x] + [weight, bias, mean, variance].map { self.weight($0) }, .float("epsilon", epsilon))
  }

  mutating func localResponseNormalization(_ x: String, size: Int, alpha: Float, beta: Float, k: Float) -> String {
    add("LRN", [x], .int("size", size), .float("alpha", alpha), .float("beta", beta), .float("bias", k))
  }

  mutating func maxPool(_ x: String, _ windows: PoolingWindows) -> String {
    add(
      "MaxPool", [x], .ints("kernel_shape", windows.kernelSize), .ints("strides", windows.stride),
      .ints("pads", Padding2D(height: windows.padding.height, width: windows.padding.width)),
      .ints("dilations", windows.dilation), .int("ceil_mode", windows.ceilMode ? 1 : 0))
  }

  mutating func averagePool(_ x: String, _ windows: PoolingWindows, countsPadding: Bool) -> String {
    add(
      "AveragePool", [x], .ints("kernel_shape", windows.kernelSize), .ints("strides", windows.stride),
      .ints("pads", Padding2D(height: windows.padding.height, width: windows.padding.width)),
      .int("ceil_mode", windows.ceilMode ? 1 : 0), .int("count_include_pad", countsPadding ? 1 : 0))
  }

  mutating func globalAveragePool(_ x: String) -> String { add("GlobalAveragePool", [x]) }

  mutating func channelPadding(_ x: String, before: Int, after: Int) -> String {
    add("Pad", [x, integers([0, before, 0, 0, 0, after, 0, 0])])
  }

  mutating func flattened(_ x: String) -> String { add("Flatten", [x], .int("axis", 1)) }
}

extension ONNXAttribute {
  fileprivate static func ints(_ name: String, _ size: Size2D) -> ONNXAttribute {
    .ints(name, [size.height, size.width])
  }

  fileprivate static func ints(_ name: String, _ padding: Padding2D) -> ONNXAttribute {
    .ints(name, [padding.top, padding.left, padding.bottom, padding.right])
  }
}
