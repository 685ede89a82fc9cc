import Tensors

extension MILBuilder: ImageGraphBuilder {
  mutating func convolution(
    _ x: MILValue, weight: NamedTensor, bias: NamedTensor?, stride: Size2D, padding: Padding2D, dilation: Size2D,
    groups: Int
  ) -> MILValue {
    let filters = self.weight(weight)
    let addend = bias.map { self.weight($0) }
    let shape = weight.tensor.shape
    let height = x.shape[2].map {
      ($0 + padding.top + padding.bottom - (shape[2] - 1) * dilation.height - 1) / stride.height + 1
    }
    let width = x.shape[3].map {
      ($0 + padding.left + padding.right - (shape[3] - 1) * dilation.width - 1) / stride.width + 1
    }
    return add(
      "conv",
      [
        "x": .value(x), "weight": .value(filters), "bias": .optional(addend), "strides": .ints(stride.extents),
        "pad_type": .string(padding == 0 ? "valid" : "custom"), "pad": .ints(padding.extents),
        "dilations": .ints(dilation.extents), "groups": .int(groups),
      ], .floats([x.shape[0], shape[0], height, width]))
  }

  mutating func batchNormalization(
    _ x: MILValue, mean: NamedTensor, variance: NamedTensor, weight: NamedTensor, bias: NamedTensor, epsilon: Float
  ) -> MILValue {
    let (mean, variance, gamma, beta) = (
      self.weight(mean), self.weight(variance), self.weight(weight), self.weight(bias)
    )
    return add(
      "batch_norm",
      [
        "x": .value(x), "mean": .value(mean), "variance": .value(variance), "gamma": .value(gamma),
        "beta": .value(beta), "epsilon": .float(epsilon),
      ], x.type)
  }

  mutating func localResponseNormalization(
    _ x: MILValue, size: Int, alpha: Float, beta: Float, k: Float
  ) -> MILValue {
    add(
      "local_response_norm",
      ["x": .value(x), "size": .int(size), "alpha": .float(alpha), "beta": .float(beta), "k": .float(k)], x.type)
  }

  mutating func maxPool(_ x: MILValue, _ windows: PoolingWindows) throws(ExchangeError) -> MILValue {
    guard windows.dilation == 1 else {
      throw .inexpressible(format: Self.format, reason: "the windows of a pooling are dilated")
    }
    return pool("max_pool", x, windows)
  }

  mutating func averagePool(
    _ x: MILValue, _ windows: PoolingWindows, countsPadding: Bool
  ) throws(ExchangeError) -> MILValue {
    // What a window counts of which only a part is inside is not documented.
    guard !windows.exceeds(x.shape) else {
      throw .inexpressible(format: Self.format, reason: "the last windows of a mean are only partly inside")
    }
    return pool("avg_pool", x, windows, excludesPadding: .bool(!countsPadding))
  }

  private mutating func pool(
    _ type: String, _ x: MILValue, _ windows: PoolingWindows, excludesPadding: MILOperand = .absent
  ) -> MILValue {
    let padding = Padding2D(height: windows.padding.height, width: windows.padding.width)
    return add(
      type,
      [
        "x": .value(x), "kernel_sizes": .ints(windows.kernelSize.extents), "strides": .ints(windows.stride.extents),
        "pad_type": .string(padding == 0 ? "valid" : "custom"), "pad": .ints(padding.extents),
        "ceil_mode": .bool(windows.exceeds(x.shape)),
        "exclude_padding_from_average": excludesPadding,
      ], .floats(Array(x.shape.prefix(2)) + windows.counts(x.shape, ceilMode: windows.ceilMode)))
  }

  mutating func globalAveragePool(_ x: MILValue) -> MILValue {
    reduced("reduce_mean", x, axes: [2, 3], keepsAxes: true)
  }

  mutating func channelPadding(_ x: MILValue, before: Int, after: Int) -> MILValue {
    padded(x, [0, 0, before, after, 0, 0, 0, 0])
  }

  /// [1, n] of values of n numbers.
  mutating func flattened(_ x: MILValue) -> MILValue {
    reshaped(x, [1, x.shape.reduce(1) { $0 * ($1 ?? 1) }])
  }
}

extension PoolingWindows {
  /// Windows along each axis of images [B, C, H, W]; one must begin before the padding behind.
  fileprivate func counts(_ shape: [Int?], ceilMode: Bool) -> [Int?] {
    let axes = [
      (shape[2], kernelSize.height, stride.height, padding.height),
      (shape[3], kernelSize.width, stride.width, padding.width),
    ]
    return axes.map { extent, size, stride, padding in
      extent.map {
        let rest = $0 + 2 * padding - size
        let count = (ceilMode ? rest + stride - 1 : rest) / stride + 1
        return ceilMode && (count - 1) * stride >= $0 + padding ? count - 1 : count
      }
    }
  }

  /// Whether a last window counts that is only partly inside.
  fileprivate func exceeds(_ shape: [Int?]) -> Bool {
    ceilMode && counts(shape, ceilMode: true) != counts(shape, ceilMode: false)
  }
}

extension Size2D {
  fileprivate var extents: [Int] { [height, width] }
}

extension Padding2D {
  fileprivate var extents: [Int] { [top, bottom, left, right] }
}
