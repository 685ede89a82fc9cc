import CKernels

/// What a convolution's windows, on one axis, give back to the pixels `phase`, `phase + stride`, …: a convolution with
/// stride 1 of the windows' gradients, under some of the filter's elements in reverse order.
///
/// Pixel y = o · stride − padding + k · dilation was under element k of window o. For pixels of one phase the elements
/// that reach them are every `step`-th one, and from one to the next the window moves by `dilation`.
private struct AxisPhase {
  /// Pixels of the phase.
  let count: Int
  /// The last element that reaches a pixel, the first of the reversed ones.
  let firstElement: Int
  /// From one element to the one before it.
  let step: Int
  let elements: Int
  /// Windows between two elements.
  let dilation: Int
  /// Zero windows before the first one.
  let padding: Int

  init(_ phase: Int, extent: Int, kernel: Int, stride: Int, padding: Int, dilation: Int) {
    count = phase < extent ? (extent - phase + stride - 1) / stride : 0
    let reaching = (0..<kernel).filter { (phase + padding - $0 * dilation).isMultiple(of: stride) }
    elements = reaching.count
    firstElement = reaching.last ?? 0
    step = reaching.count > 1 ? reaching[1] - reaching[0] : 1
    self.dilation = reaching.count > 1 ? step * dilation / stride : 1
    self.padding = reaching.isEmpty ? 0 : -((phase + padding - firstElement * dilation) / stride)
  }
}

/// The parts of an input's gradient: for each phase of the strides a convolution of the gradient.
struct ConvolutionInputGradient {
  let shape: ConvolutionShape

  /// dX [B, H, W, C] of the gradient [B, H', W', F].
  ///
  /// - Parameter bias: [C], added to each pixel; what a transposed convolution has.
  func callAsFunction(_ gradient: Tensor, _ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    if ConvolutionColumns.suit(shape) { return ConvolutionColumns(shape: shape).folded(gradient, weight, bias: bias) }
    let result = Tensor(uninitialized: shape.inputShape)
    let (rowStride, pixelStride) = (shape.image.width * shape.channels, shape.channels)
    for y in 0..<min(shape.stride.height, shape.image.height) {
      let rows = AxisPhase(
        y, extent: shape.image.height, kernel: shape.kernel.height, stride: shape.stride.height,
        padding: shape.padding.top, dilation: shape.dilation.height)
      for x in 0..<min(shape.stride.width, shape.image.width) {
        let columns = AxisPhase(
          x, extent: shape.image.width, kernel: shape.kernel.width, stride: shape.stride.width,
          padding: shape.padding.left, dilation: shape.dilation.width)
        let isEmpty = rows.elements == 0 || columns.elements == 0
        let geometry = convolution_geometry(
          image_stride: shape.output.area * shape.filters, row_stride: shape.output.width * shape.filters,
          pixel_stride: shape.filters, run_length: shape.groupFilters, height: Int32(shape.output.height),
          width: Int32(shape.output.width), kernel_height: isEmpty ? 0 : Int32(rows.elements),
          kernel_width: isEmpty ? 0 : Int32(columns.elements), stride_height: 1, stride_width: 1,
          padding_top: Int32(rows.padding), padding_left: Int32(columns.padding),
          dilation_height: Int32(rows.dilation), dilation_width: Int32(columns.dilation),
          output_height: Int32(rows.count), output_width: Int32(columns.count),
          output_image_stride: shape.image.height * rowStride,
          output_row_stride: shape.stride.height * rowStride, output_pixel_stride: shape.stride.width * pixelStride)
        let product = WindowProduct(
          geometry: geometry, batch: shape.batch, outputOffset: y * rowStride + x * pixelStride)
        let finish = ConvolutionFinish(bias: bias)
        if shape.isDepthwise {
          product.runDepthwise(gradient, depthwiseFilters(weight, rows, columns), into: result, finish)
        } else {
          product.runOnce(gradient, packed(weight, rows, columns), into: result, finish)
        }
      }
    }
    return result
  }

  /// The filters' elements of one phase, reversed, with the roles of channels and filters exchanged.
  private func packed(_ weight: Tensor, _ rows: AxisPhase, _ columns: AxisPhase) -> PackedFilters {
    let area = shape.kernel.area
    let filterStride = shape.groupChannels * area
    // Rows of elements are packed one by one where they are no arithmetic sequence.
    let picked = elements(rows, columns)
    let isRegular = picked.count < 3 || zip(picked, picked.dropFirst()).allSatisfy { $1 - $0 == picked[1] - picked[0] }
    let source = isRegular ? weight : weight.picking(picked, area: area)
    let distance = !isRegular ? 1 : picked.count > 1 ? picked[1] - picked[0] : 0
    let width = isRegular ? area : picked.count
    return PackedFilters(
      source, offset: isRegular ? picked.first ?? 0 : 0, groups: shape.groups,
      groupStride: shape.groupFilters * shape.groupChannels * width, runs: picked.count, runStride: distance,
      rowStride: isRegular ? filterStride : shape.groupChannels * width, runLength: shape.groupFilters,
      columnStride: width, count: shape.groupChannels)
  }

  /// [elements, C]
  private func depthwiseFilters(_ weight: Tensor, _ rows: AxisPhase, _ columns: AxisPhase) -> Tensor {
    weight.picking(elements(rows, columns), area: shape.kernel.area).transposedRows(shape.channels)
  }

  /// The elements of a filter that reach the pixels of a phase, in the order of the windows.
  private func elements(_ rows: AxisPhase, _ columns: AxisPhase) -> [Int] {
    guard rows.elements > 0, columns.elements > 0 else { return [] }
    return (0..<rows.elements).flatMap { row in
      (0..<columns.elements).map { column in
        (rows.firstElement - row * rows.step) * shape.kernel.width + columns.firstElement - column * columns.step
      }
    }
  }
}

extension Tensor {
  /// Some elements of each of the planes of `area` elements that the tensor is made of, [planes, picked].
  fileprivate func picking(_ picked: [Int], area: Int) -> Tensor {
    let planes = count / max(area, 1)
    let result = Tensor(uninitialized: [planes, picked.count])
    let (from, to) = (floats, result.floats)
    parallelFor((planes + 1023) / 1024) { tile in
      for plane in tile * 1024..<min(planes, (tile + 1) * 1024) {
        for (place, element) in picked.enumerated() { to[plane * picked.count + place] = from[plane * area + element] }
      }
    }
    return withExtendedLifetime(self) { result }
  }

  /// [n / rows, rows] of [rows, n / rows].
  func transposedRows(_ rows: Int) -> Tensor {
    let columns = count / max(rows, 1)
    let result = Tensor(uninitialized: [columns, rows])
    if count > 0 { kernels.transpose(floats, columns, rows, columns, result.floats, rows) }
    return withExtendedLifetime(self) { result }
  }
}
