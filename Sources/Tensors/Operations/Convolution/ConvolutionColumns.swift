import CKernels

/// The gradient of an input of few channels: a matrix product gives for each window what the pixels that it sees get, and
/// each pixel sums up its share of the windows.
///
/// A convolution of the gradient by reversed filters, which serves other shapes, leaves most of a vector over so few
/// channels unused.
struct ConvolutionColumns {
  let shape: ConvolutionShape

  /// Whether this takes less time, by what was measured.
  static func suit(_ shape: ConvolutionShape) -> Bool {
    shape.groups == 1 && shape.stride == 1 && shape.channels <= 8 && shape.filters >= 8 && shape.kernel.area >= 4
  }

  /// dX [B, H, W, C] of the gradient [B, H', W', F], plus a bias [C].
  func folded(_ gradient: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
    let result = Tensor(uninitialized: shape.inputShape)
    let columnCount = shape.kernel.area * shape.channels
    let matrix = PackedMatrix(elementsFirst(weight))
    let fold = column_fold(
      channels: shape.channels, width: Int32(shape.image.width), kernel_height: Int32(shape.kernel.height),
      kernel_width: Int32(shape.kernel.width), padding_top: Int32(shape.padding.top),
      padding_left: Int32(shape.padding.left), dilation_height: Int32(shape.dilation.height),
      dilation_width: Int32(shape.dilation.width), output_height: Int32(shape.output.height),
      output_width: Int32(shape.output.width))
    let tile = rowsPerTile(columnCount)
    let tiles = (shape.image.height + tile - 1) / tile
    let (from, to) = (gradient.floats, result.floats)
    let biases = bias.map { UnsafePointer($0.floats) }
    parallelFor(shape.batch * tiles, operations: Int(shape.operations)) { task in
      let image = task / tiles
      let rows = task % tiles * tile..<min(shape.image.height, (task % tiles + 1) * tile)
      let windowRows = self.windowRows(reaching: rows)
      let windows = windowRows.count * shape.output.width
      // Folding reads whole vectors.
      let columns = Tensor(uninitialized: [windows * columnCount + 8])
      let firstWindow = (image * shape.output.height + windowRows.lowerBound) * shape.output.width
      matrix.multiply(
        rows: windows, from + firstWindow * shape.filters, stride: shape.filters, into: columns.floats,
        stride: columnCount, start: product_start_zero)
      withUnsafePointer(to: fold) {
        kernels.fold_columns(
          $0, columns.floats, windowRows.lowerBound, rows.lowerBound, rows.upperBound, biases,
          to + image * shape.image.area * shape.channels)
      }
      withExtendedLifetime(columns) {}
    }
    withExtendedLifetime((gradient, bias)) {}
    return result
  }

  /// Rows of an image whose columns stay in a cache of the second level; windows at the edge of a tile are computed for
  /// both.
  private func rowsPerTile(_ columnCount: Int) -> Int {
    let reach = shape.dilation.height * (shape.kernel.height - 1)
    return max(4 * (reach + 1), (1 << 16) / max(1, shape.output.width * columnCount) - reach)
  }

  /// Rows of windows that see some rows of an image.
  private func windowRows(reaching rows: Range<Int>) -> Range<Int> {
    let reach = shape.dilation.height * (shape.kernel.height - 1)
    let first = max(0, rows.lowerBound + shape.padding.top - reach)
    return first..<max(first, min(shape.output.height, rows.upperBound + shape.padding.top))
  }

  /// [F, kernel height · kernel width · C]
  private func elementsFirst(_ weight: Tensor) -> Tensor {
    let (area, channels) = (shape.kernel.area, shape.channels)
    let result = Tensor(uninitialized: [shape.filters, area * channels])
    for filter in 0..<shape.filters {
      let offset = filter * area * channels
      kernels.transpose(weight.floats + offset, area, channels, area, result.floats + offset, channels)
    }
    return withExtendedLifetime(weight) { result }
  }
}
