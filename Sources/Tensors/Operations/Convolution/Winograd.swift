import CKernels

/// Filters of 3 × 3 elements, transformed for Winograd's algorithm: four times as many numbers.
struct WinogradFilters: Sendable {
  let channels: Int
  let count: Int
  private let matrices: Tensor

  /// Transforms filters that are packed in nine runs, in one group.
  init(_ filters: PackedFilters) {
    (channels, count) = (filters.runLength, filters.count)
    let stride = kernel_winograd_filter_stride(channels, count)
    matrices = Tensor(uninitialized: [36 * stride])
    let (from, to, channels) = (filters.pointer(group: 0), matrices.floats, channels)
    parallelFor(filters.panelCount) { panel in
      kernels.winograd_filters(from + panel * 9 * channels * 16, channels, stride, to + panel * channels * 16)
    }
    withExtendedLifetime(filters) {}
  }

  var panelCount: Int { (count + 15) / 16 }

  var pointer: UnsafePointer<Float> { UnsafePointer(matrices.floats) }
}

extension WindowProduct {
  /// Whether Winograd's algorithm takes less time than the plain one, by what was measured: it has to read four times as
  /// many numbers of filters, which must be shared by some tiles, and to transform what it reads and writes.
  func gainsFromWinograd(filters: Int, groups: Int, isPrepared: Bool) -> Bool {
    groups == 1 && geometry.kernel_height == 3 && geometry.kernel_width == 3 && geometry.stride_height == 1
      && geometry.stride_width == 1 && geometry.dilation_height == 1 && geometry.dilation_width == 1
      && geometry.run_length >= 16 && filters >= 16 && tileCount >= (isPrepared ? 8 : 24)
      && Kernels.level != .plain
  }

  private var tileCount: Int {
    batch * ((Int(geometry.output_height) + 3) / 4) * ((Int(geometry.output_width) + 3) / 4)
  }

  /// ``run(_:_:into:_:)`` by tiles of 4 × 4 windows. What comes out differs from it by rounding, up to 1e-4 of the root
  /// mean square of the results; not with the number of threads.
  func run(_ input: Tensor, _ filters: WinogradFilters, into output: Tensor, _ finish: ConvolutionFinish = .init()) {
    let (tiles, panels, threads) = (tileCount, filters.panelCount, ThreadPool.threads)
    // Transformed tiles should stay in a cache, and a filter should be read for many of them.
    let limit = filters.channels >= 128 ? 48 : 24
    var blocks = (tiles + limit - 1) / limit
    var shares = 1
    if blocks < threads, panels >= 8 {
      shares = min(panels / 4, (threads + blocks - 1) / blocks)
    } else if blocks < 4 * threads {
      blocks = min(tiles, (blocks + threads - 1) / threads * threads)
    }
    let biases = finish.bias.map { $0.paddedToPanels() }
    let zeros = Tensor(zeros: [filters.channels])
    let (from, to) = (input.floats + inputOffset, output.floats + outputOffset)
    let cFinish = convolution_finish(
      bias: biases.map { UnsafePointer($0.floats) },
      addend: finish.addend.map { UnsafePointer($0.floats + outputOffset) },
      minimum: finish.clipsNegative ? 0 : -.infinity)
    parallelFor(blocks * shares) { task in
      let (block, share) = (task / shares, task % shares)
      let (first, end) = (tiles * block / blocks, tiles * (block + 1) / blocks)
      let scratch = Tensor(uninitialized: [kernel_winograd_scratch(filters.channels, end - first)])
      withUnsafePointer(to: geometry) { geometry in
        withUnsafePointer(to: cFinish) { finish in
          kernels.winograd(
            geometry, from, first, end - first, filters.pointer, filters.count, panels * share / shares,
            panels * (share + 1) / shares, to, finish, zeros.floats, scratch.floats)
        }
      }
    }
    withExtendedLifetime((input, filters, output, finish, biases, zeros)) {}
  }
}

extension Tensor {
  /// A vector with zeros behind it, up to a multiple of 16.
  func paddedToPanels() -> Tensor {
    let width = (count + 15) / 16 * 16
    guard width != count else { return self }
    let result = Tensor(zeros: [width])
    result.floats.update(from: floats, count: count)
    return withExtendedLifetime(self) { result }
  }
}
