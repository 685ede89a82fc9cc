import CKernels

/// Filters of 3 × 3 or 5 × 5 elements, transformed for Winograd's algorithm into 6 × 6.
struct WinogradFilters: Sendable {
  let channels: Int
  let count: Int
  private let matrices: Tensor

  /// Transforms filters that are packed in a run for each element, in one group.
  init(_ filters: PackedFilters) {
    (channels, count) = (filters.runLength, filters.count)
    let stride = kernel_winograd_filter_stride(channels, count)
    matrices = Tensor(uninitialized: [36 * stride])
    let (from, to, channels, runs) = (filters.pointer(group: 0), matrices.floats, channels, filters.runs)
    parallelFor(filters.panelCount) { panel in
      kernels.winograd_filters(
        runs == 25 ? 5 : 3, from + panel * runs * channels * 16, channels, 0, channels, stride,
        to + panel * channels * 16)
    }
    withExtendedLifetime(filters) {}
  }

  var panelCount: Int { (count + 15) / 16 }

  var pointer: UnsafePointer<Float> { UnsafePointer(matrices.floats) }
}

extension ConvolutionShape {
  /// Whether Winograd's algorithm may take less time for it, with enough tiles.
  var suitsWinograd: Bool {
    groups == 1 && (kernel == 3 || kernel == 5) && stride == 1 && dilation == 1 && channels >= 16 && filters >= 16
      && Kernels.level != .plain
  }
}

extension WindowProduct {
  /// Whether Winograd's algorithm takes less time than the plain one, by what was measured: it has to read more numbers of
  /// filters, which must be shared by some tiles, and to transform what it reads and writes.
  func gainsFromWinograd(filters: Int, groups: Int, isPrepared: Bool) -> Bool {
    groups == 1 && [3, 5].contains(geometry.kernel_height) && geometry.kernel_width == geometry.kernel_height
      && geometry.stride_height == 1 && geometry.stride_width == 1 && geometry.dilation_height == 1
      && geometry.dilation_width == 1 && geometry.run_length >= 16 && filters >= 16
      && winogradTileCount >= (isPrepared ? 8 : 24)
      && Kernels.level != .plain
  }

  /// Tiles of 4 × 4 windows, or 2 × 2 of filters of 5 × 5 elements; also those that the image's edge cuts.
  var winogradTileCount: Int {
    let side = 7 - Int(geometry.kernel_height)
    return batch * ((Int(geometry.output_height) + side - 1) / side) * ((Int(geometry.output_width) + side - 1) / side)
  }

  /// ``run(_:_:into:_:)`` by tiles. What comes out differs from it by rounding, up to 1e-4 of the root mean square of the
  /// results; not with the number of threads.
  func run(_ input: Tensor, _ filters: WinogradFilters, into output: Tensor, _ finish: ConvolutionFinish = .init()) {
    let (tiles, panels, threads) = (winogradTileCount, filters.panelCount, ThreadPool.threads)
    // Transformed tiles should stay in a cache, and a filter should be read for many of them.
    let limit = filters.channels >= 128 ? 48 : 24
    var blocks = (tiles + limit - 1) / limit
    var shares = 1
    if blocks < threads, panels >= 8 {
      shares = min(panels / 4, (threads + blocks - 1) / blocks)
    } else if blocks < 4 * threads {
      blocks = min(tiles, (blocks + threads - 1) / threads * threads)
    }
    runTiles(input, into: output, finish, filters: filters.count, blocks: blocks, shares: shares) { call in
      let scratch = Tensor(uninitialized: [kernel_winograd_scratch(filters.channels, call.tiles.count)])
      kernels.winograd(
        call.geometry, call.input, call.tiles.lowerBound, call.tiles.count, filters.pointer, filters.count,
        call.panels.lowerBound, call.panels.upperBound, call.output, call.finish, call.zeros, scratch.floats)
    }
    withExtendedLifetime(filters) {}
  }

  /// So few tiles that filters, which are used once, are best transformed in a cache, for each block of tiles anew.
  static let fewTiles = 2 * Int(KERNEL_WINOGRAD_TILES)

  /// The same for few tiles under filters that are used once.
  func runWinogradOnce(
    _ input: Tensor, _ filters: PackedFilters, into output: Tensor, _ finish: ConvolutionFinish = .init()
  ) {
    let (tiles, threads) = (winogradTileCount, ThreadPool.threads)
    var blocks = (tiles + Int(KERNEL_WINOGRAD_TILES) - 1) / Int(KERNEL_WINOGRAD_TILES)
    let shares = max(1, min((filters.panelCount + 1) / 2, threads / blocks))
    if blocks * shares < threads { blocks = min(tiles, (threads + shares - 1) / shares) }
    runTiles(input, into: output, finish, filters: filters.count, blocks: blocks, shares: shares) { call in
      let scratch = Tensor(uninitialized: [kernel_winograd_once_scratch(filters.runLength, call.tiles.count)])
      kernels.winograd_once(
        call.geometry, call.input, call.tiles.lowerBound, call.tiles.count, filters.pointer(group: 0), filters.count,
        call.panels.lowerBound, call.panels.upperBound, call.output, call.finish, call.zeros, scratch.floats)
    }
    withExtendedLifetime(filters) {}
  }

  /// One call of a kernel: some tiles under the filters of some panels.
  private struct TileCall {
    let geometry: UnsafePointer<convolution_geometry>
    let input: UnsafePointer<Float>
    let tiles: Range<Int>
    let panels: Range<Int>
    let output: UnsafeMutablePointer<Float>
    let finish: UnsafePointer<convolution_finish>
    let zeros: UnsafePointer<Float>
  }

  /// Divides tiles into blocks and panels into shares, and computes each on one of the threads.
  private func runTiles(
    _ input: Tensor, into output: Tensor, _ finish: ConvolutionFinish, filters: Int, blocks: Int, shares: Int,
    _ kernel: (TileCall) -> Void
  ) {
    let (tiles, panels) = (winogradTileCount, (filters + 15) / 16)
    let biases = finish.bias.map { $0.paddedToPanels() }
    let zeros = Tensor(zeros: [geometry.run_length])
    let cFinish = convolution_finish(
      bias: biases.map { UnsafePointer($0.floats) },
      addend: finish.addend.map { UnsafePointer($0.floats + outputOffset) },
      minimum: finish.clipsNegative ? 0 : -.infinity)
    withUnsafePointer(to: geometry) { geometry in
      withUnsafePointer(to: cFinish) { cFinish in
        parallelFor(blocks * shares) { task in
          let (block, share) = (task / shares, task % shares)
          kernel(
            TileCall(
              geometry: geometry, input: input.floats + inputOffset,
              tiles: tiles * block / blocks..<tiles * (block + 1) / blocks,
              panels: panels * share / shares..<panels * (share + 1) / shares, output: output.floats + outputOffset,
              finish: cFinish, zeros: zeros.floats))
        }
      }
    }
    withExtendedLifetime((input, output, finish, biases, zeros)) {}
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
