import CKernels

/// Filters in panels of 16 for the kernels, those of one group behind those of another.
struct PackedFilters: Sendable {
  /// Floats of a filter that lie together, and how many times.
  let runLength: Int
  let runs: Int
  /// Filters of a group.
  let count: Int
  let groups: Int
  private let panels: Tensor

  /// Filters whose element (run r, row k) of column j is `filters[offset + r · runStride + k · rowStride + j ·
  /// columnStride]`; those of the next group lie `groupStride` further.
  init(
    _ filters: Tensor, offset: Int = 0, groups: Int, groupStride: Int, runs: Int, runStride: Int, rowStride: Int,
    runLength: Int, columnStride: Int, count: Int
  ) {
    (self.runLength, self.runs, self.count, self.groups) = (runLength, runs, count, groups)
    let panelCount = (count + 15) / 16
    let panelSize = 16 * runs * runLength
    panels = Tensor(uninitialized: [groups * panelCount * panelSize])
    let (from, to) = (filters.floats + offset, panels.floats)
    parallelFor(groups * panelCount) { task in
      let (group, panel) = (task / panelCount, task % panelCount)
      kernels.pack_filters(
        from + group * groupStride + panel * 16 * columnStride, runStride, runs, rowStride, runLength, columnStride,
        min(16, count - panel * 16), to + task * panelSize)
    }
    withExtendedLifetime(filters) {}
  }

  var panelCount: Int { (count + 15) / 16 }

  /// The panels of a group.
  func pointer(group: Int) -> UnsafePointer<Float> {
    UnsafePointer(panels.floats + group * panelCount * 16 * runs * runLength)
  }
}

/// What the sums of a convolution begin with and what becomes of them before they are stored.
struct ConvolutionFinish: Sendable {
  /// [F]
  var bias: Tensor?
  /// Added to the result, of the same shape.
  var addend: Tensor?
  /// Whether what is negative becomes zero.
  var clipsNegative = false
}

extension convolution_geometry {
  /// Windows of one call of a kernel: whole units.
  var windowBlock: Int { mostWindows / windowUnit * windowUnit }

  /// Windows that should not be divided: those of a row of an image of one channel, along which vectors lie.
  var windowUnit: Int {
    pixel_stride == 1 && kernel_width == 1 && (1...mostWindows).contains(Int(output_width)) ? Int(output_width) : 1
  }

  /// A kernel keeps a pointer for each run of each window on its stack: 256 KiB at most, unless one window alone has more.
  private var mostWindows: Int {
    min(Int(KERNEL_WINDOW_BLOCK), max(1, (1 << 15) / max(1, Int(kernel_height) * Int(kernel_width))))
  }
}

/// Filters moving over images: a convolution, or a part of its input's gradient.
struct WindowProduct {
  let geometry: convolution_geometry
  let batch: Int
  /// The first float that a window at the origin sees, and the first of the result.
  var inputOffset = 0
  var outputOffset = 0

  /// Computes all windows by the algorithm that takes the least time for filters that are used once.
  func runOnce(_ input: Tensor, _ filters: PackedFilters, into output: Tensor, _ finish: ConvolutionFinish = .init()) {
    if gainsFromWinograd(filters: filters.count, groups: filters.groups, isPrepared: false) {
      if winogradTileCount <= Self.fewTiles {
        runWinogradOnce(input, filters, into: output, finish)
      } else {
        run(input, WinogradFilters(filters), into: output, finish)
      }
    } else {
      run(input, filters, into: output, finish)
    }
  }

  /// Computes all windows on all threads.
  ///
  /// - Parameters:
  ///   - input: the channels of a group lie beside those of the group before.
  ///   - output: so do the filters.
  func run(_ input: Tensor, _ filters: PackedFilters, into output: Tensor, _ finish: ConvolutionFinish = .init()) {
    let windows = batch * Int(geometry.output_height) * Int(geometry.output_width)
    guard windows > 0, filters.count > 0 else { return }
    let block = geometry.windowBlock
    let blocks = (windows + block - 1) / block
    let (groups, panels) = (filters.groups, filters.panelCount)
    // Few windows and many filters: the filters are shared among the threads too.
    let shares = groups * blocks >= 8 ? 1 : min(panels, (7 + groups * blocks) / (groups * blocks))
    let biases = finish.bias.map { paddedBiases($0, filters) }
    let zeros = Tensor(zeros: [max(1, geometry.run_length)])
    let (from, to) = (input.floats + inputOffset, output.floats + outputOffset)
    let depth = filters.runs * filters.runLength
    parallelFor(blocks * groups * shares, operations: 2 * windows * groups * filters.count * depth) { task in
      let (share, group) = (task % shares, task / shares % groups)
      // Blocks of nearly equal size: all filters are read for each.
      let (block, column) = (task / shares / groups, group * filters.count)
      let units = windows / geometry.windowUnit
      let (first, end) = (
        units * block / blocks * geometry.windowUnit, units * (block + 1) / blocks * geometry.windowUnit
      )
      let finish = convolution_finish(
        bias: biases.map { UnsafePointer($0.floats + group * panels * 16) },
        addend: finish.addend.map { UnsafePointer($0.floats + outputOffset + column) },
        minimum: finish.clipsNegative ? 0 : -.infinity)
      withUnsafePointer(to: geometry) { geometry in
        withUnsafePointer(to: finish) { finish in
          kernels.convolve(
            geometry, from + group * filters.runLength, first, end - first,
            filters.pointer(group: group), filters.count, panels * share / shares, panels * (share + 1) / shares,
            to + column, finish, zeros.floats)
        }
      }
    }
    withExtendedLifetime((input, filters, output, finish, biases, zeros)) {}
  }

  /// 16 for each panel.
  private func paddedBiases(_ bias: Tensor, _ filters: PackedFilters) -> Tensor {
    let width = filters.panelCount * 16
    guard width != filters.count else { return bias }
    let result = Tensor(zeros: [filters.groups, width])
    for group in 0..<filters.groups {
      (result.floats + group * width).update(from: bias.floats + group * filters.count, count: filters.count)
    }
    return withExtendedLifetime(bias) { result }
  }
}
