import CKernels

/// An image as the kernels read it for a convolution: as it is, or with its padding written out where few channels make
/// short runs, so that a window's row is one run.
struct ConvolutionInput {
  let geometry: convolution_geometry
  let values: Tensor

  init(_ x: Tensor, _ shape: ConvolutionShape) {
    // A window's row is contiguous where one group has all channels and nothing lies between its columns.
    let isContiguous = shape.groups == 1 && shape.dilation.width == 1 && shape.kernel.width > 1
    let writesPadding = isContiguous && shape.padding.horizontal > 0 && shape.channels < 16
    let joinsColumns = isContiguous && (writesPadding || shape.padding.horizontal == 0) && !shape.suitsWinograd
    let padding = writesPadding ? shape.padding : 0
    values = writesPadding ? x.padded(shape.padding) : x
    let rowStride = (shape.image.width + padding.horizontal) * shape.channels
    let rows = shape.image.height + padding.vertical
    geometry = convolution_geometry(
      image_stride: rows * rowStride, row_stride: rowStride, pixel_stride: shape.channels,
      run_length: joinsColumns ? shape.kernel.width * shape.channels : shape.groupChannels,
      height: Int32(rows), width: joinsColumns ? .max : Int32(shape.image.width),
      kernel_height: Int32(shape.kernel.height), kernel_width: joinsColumns ? 1 : Int32(shape.kernel.width),
      stride_height: Int32(shape.stride.height), stride_width: Int32(shape.stride.width),
      padding_top: writesPadding ? 0 : Int32(shape.padding.top),
      padding_left: writesPadding ? 0 : Int32(shape.padding.left),
      dilation_height: Int32(shape.dilation.height), dilation_width: Int32(shape.dilation.width),
      output_height: Int32(shape.output.height), output_width: Int32(shape.output.width),
      output_image_stride: shape.output.area * shape.filters, output_row_stride: shape.output.width * shape.filters,
      output_pixel_stride: shape.filters)
  }
}

extension PackedFilters {
  /// Filters [F, C / groups, kernel height, kernel width] for a convolution.
  init(_ weight: Tensor, _ shape: ConvolutionShape) {
    self.init(
      weight, groups: shape.groups, groupStride: shape.groupFilters * shape.groupChannels * shape.kernel.area,
      runs: shape.kernel.area, runStride: 1, rowStride: shape.kernel.area, runLength: shape.groupChannels,
      columnStride: shape.groupChannels * shape.kernel.area, count: shape.groupFilters)
  }
}

extension Tensor {
  /// Zeros around images [B, H, W, C].
  func padded(_ padding: Padding2D) -> Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let (rows, columns) = (height + padding.vertical, width + padding.horizontal)
    let result = Tensor(uninitialized: [batch, rows, columns, channels])
    let (from, to) = (floats, result.floats)
    parallelFor(batch) { image in
      for row in 0..<rows {
        let line = to + (image * rows + row) * columns * channels
        let source = row - padding.top
        guard 0..<height ~= source else {
          line.update(repeating: 0, count: columns * channels)
          continue
        }
        line.update(repeating: 0, count: padding.left * channels)
        (line + padding.left * channels).update(
          from: from + (image * height + source) * width * channels, count: width * channels)
        (line + (padding.left + width) * channels).update(repeating: 0, count: padding.right * channels)
      }
    }
    return withExtendedLifetime(self) { result }
  }
}
