import CKernels

/// dW = Σ over windows of what a window saw times its gradient.
struct ConvolutionFilterGradient {
  let shape: ConvolutionShape

  /// [F, C / groups, kernel height, kernel width] from the input [B, H, W, C] and the gradient [B, H', W', F]. Sums are
  /// taken in slices of the windows that do not depend on the number of threads.
  func callAsFunction(_ gradient: Tensor, _ x: Tensor) -> Tensor {
    let input = ConvolutionInput(x, shape)
    if let winograd = WinogradFilterGradient(input, shape) {
      return unpacked(winograd.sums(gradient), slices: 1, panelCount: (shape.groupFilters + 15) / 16)
    }
    let block = input.geometry.windowBlock
    let depth = shape.groupChannels * shape.kernel.area
    let panelCount = (shape.groupFilters + 15) / 16
    let panelSize = 16 * depth
    let blocks = (shape.windowCount + block - 1) / block
    // Windows are shared among the tasks, each with sums of its own, unless those are large: then the panels are.
    let sumsSize = shape.groups * panelCount * panelSize
    let mostSlices = max(1, min(blocks, (1 << 19) / sumsSize, 8))
    let shares = min(panelCount, max(1, 8 / (shape.groups * mostSlices)))
    let slices = max(1, min(mostSlices, 8 / (shape.groups * shares)))
    // [slices, groups, panels, depth, 16]
    let sums = Tensor(zeros: [slices, shape.groups * panelCount * panelSize])
    let zeros = Tensor(zeros: [max(1, input.geometry.run_length)])
    let (from, to, values) = (gradient.floats, sums.floats, input.values.floats)
    parallelFor(slices * shape.groups * shares) { task in
      let (share, group, slice) = (task % shares, task / shares % shape.groups, task / shares / shape.groups)
      let (first, end) = (panelCount * share / shares, panelCount * (share + 1) / shares)
      let column = group * shape.groupFilters + first * 16
      let own = to + ((slice * shape.groups + group) * panelCount + first) * panelSize
      withUnsafePointer(to: input.geometry) { geometry in
        for index in blocks * slice / slices..<blocks * (slice + 1) / slices {
          let window = index * block
          kernels.convolution_filter_gradient(
            geometry, values + group * shape.groupChannels, window, min(block, shape.windowCount - window),
            from + window * shape.filters + column, shape.filters,
            min(shape.groupFilters - first * 16, (end - first) * 16), own, zeros.floats)
        }
      }
    }
    withExtendedLifetime((gradient, input, zeros)) {}
    return unpacked(sums, slices: slices, panelCount: panelCount)
  }

  private func unpacked(_ sums: Tensor, slices: Int, panelCount: Int) -> Tensor {
    let (area, to) = (shape.kernel.area, sums.floats)
    let panelSize = 16 * shape.groupChannels * area
    let size = shape.groups * panelCount * panelSize
    let result = Tensor(uninitialized: shape.weightShape)
    let filters = result.floats
    parallelFor(shape.groups * panelCount) { task in
      let (group, panel) = (task / panelCount, task % panelCount)
      let own = to + task * panelSize
      for slice in 1..<max(slices, 1) { kernels.add(own, own + slice * size, own, panelSize) }
      kernels.unpack_filters(
        own, 1, area, area, shape.groupChannels, shape.groupChannels * area,
        min(16, shape.groupFilters - panel * 16),
        filters + (group * shape.groupFilters + panel * 16) * shape.groupChannels * area)
    }
    return withExtendedLifetime(sums) { result }
  }
}

/// db = Σ over windows of the gradient, [F] of [..., F].
func convolutionBiasGradient(_ gradient: Tensor, filters: Int) -> Tensor {
  let rows = gradient.count / max(filters, 1)
  let result = Tensor(uninitialized: [filters])
  let (from, to) = (gradient.floats, result.floats)
  let columnsPerTile = 64
  parallelFor((filters + columnsPerTile - 1) / columnsPerTile) { tile in
    let first = tile * columnsPerTile
    let count = min(columnsPerTile, filters - first)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: columnsPerTile) { sums in
      guard let sums = sums.baseAddress else { return }
      sums.initialize(repeating: 0, count: count)
      kernels.column_sums(from + first, filters, rows, count, sums)
      for column in 0..<count { to[first + column] = Float(sums[column]) }
    }
  }
  return withExtendedLifetime(gradient) { result }
}
