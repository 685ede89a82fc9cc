import CKernels

/// dW of filters of 3 × 3 or 5 × 5 elements with a stride of 1 by Winograd's algorithm, in 1 / 4 and 9 / 25 of the
/// multiplications.
///
/// Tiles of the input and of the gradient are transformed into 36 numbers each, of each channel and filter; for each of the
/// 36, what they sum up to over the tiles is a matrix product; transformed back, the products are the gradient.
struct WinogradFilterGradient {
  private let input: ConvolutionInput
  private let filters: Int
  private let tileCount: Int

  /// nil where the plain way takes less time, or is the only one.
  init?(_ input: ConvolutionInput, _ shape: ConvolutionShape) {
    let product = WindowProduct(geometry: input.geometry, batch: shape.batch)
    guard product.gainsFromWinograd(filters: shape.filters, groups: shape.groups, isPrepared: false) else { return nil }
    self.input = input
    filters = shape.filters
    tileCount = product.winogradTileCount
  }

  private var channels: Int { input.geometry.run_length }
  private var panelCount: Int { (filters + 15) / 16 }
  /// Elements of a filter on each axis.
  private var side: Int { Int(input.geometry.kernel_height) }

  /// What is added up by one task.
  private struct Share {
    let channels: Range<Int>
    let panels: Range<Int>
  }

  /// Tiles that are transformed at a time: measured, what stays in the caches until it is read.
  private var mostTiles: Int {
    let floatsOfTile = 36 * (channels + 16 * panelCount)
    return max(64, min(Int(KERNEL_WINOGRAD_GRADIENT_TILES), (1 << 20) / floatsOfTile))
  }

  /// The gradient in panels of 16 filters, [panel, kernel elements, C, 16], from that of the result, [B, H', W', F]. What comes
  /// out differs from the plain sums by rounding, up to 1e-4 of the root mean square; not with the number of threads.
  func sums(_ gradient: Tensor) -> Tensor {
    let parts = (tileCount + mostTiles - 1) / mostTiles
    let size = (tileCount + parts - 1) / parts
    let inputs = Tensor(uninitialized: [kernel_winograd_inputs(channels, size)])
    let gradients = Tensor(uninitialized: [kernel_winograd_gradients(filters, size)])
    let shares = shares
    // Sums over all tiles at once need not be kept.
    let kept = parts > 1 ? Tensor(uninitialized: [36 * channels * 16 * panelCount]) : nil
    let result = Tensor(uninitialized: [panelCount, side * side, channels, 16])
    for part in 0..<parts {
      let tiles = tileCount * part / parts..<tileCount * (part + 1) / parts
      transform(tiles, of: gradient, into: inputs, gradients)
      parallelFor(shares.count) { index in
        let share = shares[index]
        let panelSize = 36 * share.channels.count * 16
        let sums = kept ?? Tensor(uninitialized: [share.panels.count * panelSize])
        // What is kept of the shares lies one behind the other: all panels of some channels, then those of the next.
        let before = 36 * 16 * share.channels.lowerBound * panelCount + share.panels.lowerBound * panelSize
        let own = sums.floats + (kept == nil ? 0 : before)
        kernels.winograd_gradient_products(
          inputs.floats, channels, gradients.floats, filters, tiles.count, share.channels.lowerBound,
          share.channels.count, share.panels.lowerBound, share.panels.upperBound,
          part == 0 ? product_start_zero : product_start_accumulate, own)
        if part == parts - 1 {
          for (index, panel) in share.panels.enumerated() {
            kernels.winograd_gradient_filters(
              side, own + index * panelSize, share.channels.count, 16 * channels,
              result.floats + 16 * (panel * side * side * channels + share.channels.lowerBound))
          }
        }
        withExtendedLifetime(sums) {}
      }
    }
    return withExtendedLifetime((inputs, gradients, kept)) { result }
  }

  /// Writes the 36 numbers of each of some tiles.
  private func transform(_ tiles: Range<Int>, of gradient: Tensor, into inputs: Tensor, _ gradients: Tensor) {
    let zeros = Tensor(zeros: [max(channels, filters)])
    let tilesPerTask = 8
    parallelFor((tiles.count + tilesPerTask - 1) / tilesPerTask) { task in
      let place = task * tilesPerTask
      withUnsafePointer(to: input.geometry) { geometry in
        kernels.winograd_gradient_tiles(
          geometry, input.values.floats, gradient.floats, filters, tiles.lowerBound + place,
          min(tilesPerTask, tiles.count - place), place, tiles.count, zeros.floats, inputs.floats, gradients.floats)
      }
    }
    withExtendedLifetime((gradient, zeros)) {}
  }

  /// Pairs of panels and up to 64 channels each, so that their sums stay in a core's own cache; fewer where the threads would
  /// have none. How they are cut does not change what they are.
  private var shares: [Share] {
    let pairs = (panelCount + 1) / 2
    let wanted = (2 * ThreadPool.threads + pairs - 1) / pairs
    let blocks = max((channels + 63) / 64, min(channels / 8, wanted))
    return (0..<blocks).flatMap { block in
      (0..<pairs).map { pair in
        Share(
          channels: channels * block / blocks..<channels * (block + 1) / blocks,
          panels: 2 * pair..<min(panelCount, 2 * pair + 2))
      }
    }
  }
}
