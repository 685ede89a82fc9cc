import CKernels

// A convolution in which each filter has a channel of its own: products of vectors of channels, without any matrix.

extension ConvolutionShape {
  /// Where the windows lie; a run is all channels of a pixel.
  var depthwiseGeometry: convolution_geometry {
    convolution_geometry(
      image_stride: image.area * channels, row_stride: image.width * channels, pixel_stride: channels,
      run_length: channels, height: Int32(image.height), width: Int32(image.width),
      kernel_height: Int32(kernel.height), kernel_width: Int32(kernel.width), stride_height: Int32(stride.height),
      stride_width: Int32(stride.width), padding_top: Int32(padding.top), padding_left: Int32(padding.left),
      dilation_height: Int32(dilation.height), dilation_width: Int32(dilation.width),
      output_height: Int32(output.height), output_width: Int32(output.width),
      output_image_stride: output.area * filters, output_row_stride: output.width * filters,
      output_pixel_stride: filters)
  }
}

extension WindowProduct {
  /// Filters [elements, C] over the windows of as many channels.
  func runDepthwise(_ input: Tensor, _ filters: Tensor, into output: Tensor, _ finish: ConvolutionFinish = .init()) {
    let windows = batch * Int(geometry.output_height) * Int(geometry.output_width)
    let block = Int(KERNEL_WINDOW_BLOCK)
    let channels = filters.shape[1]
    let zeros = Tensor(zeros: [channels])
    let (from, weights, to) = (input.floats + inputOffset, filters.floats, output.floats + outputOffset)
    let cFinish = convolution_finish(
      bias: finish.bias.map { UnsafePointer($0.floats) },
      addend: finish.addend.map { UnsafePointer($0.floats + outputOffset) },
      minimum: finish.clipsNegative ? 0 : -.infinity)
    parallelFor((windows + block - 1) / block) { task in
      withUnsafePointer(to: geometry) { geometry in
        withUnsafePointer(to: cFinish) { finish in
          kernels.convolve_depthwise(
            geometry, from, task * block, min(block, windows - task * block), weights, channels, to, finish,
            zeros.floats)
        }
      }
    }
    withExtendedLifetime((input, filters, output, finish, zeros)) {}
  }
}

extension ConvolutionFilterGradient {
  /// The same for filters that have a channel each.
  func depthwise(_ gradient: Tensor, _ x: Tensor) -> Tensor {
    let (channels, area) = (shape.channels, shape.kernel.area)
    let geometry = shape.depthwiseGeometry
    let block = Int(KERNEL_WINDOW_BLOCK)
    let blocks = (shape.windowCount + block - 1) / block
    let slices = max(1, min(blocks, 8))
    let sums = Tensor(zeros: [slices, area, channels])
    let zeros = Tensor(zeros: [channels])
    let (from, values, to) = (gradient.floats, x.floats, sums.floats)
    parallelFor(slices) { slice in
      withUnsafePointer(to: geometry) { geometry in
        for block in blocks * slice / slices..<blocks * (slice + 1) / slices {
          let window = block * Int(KERNEL_WINDOW_BLOCK)
          kernels.depthwise_filter_gradient(
            geometry, values, window, min(Int(KERNEL_WINDOW_BLOCK), shape.windowCount - window),
            from + window * channels, channels, to + slice * area * channels, zeros.floats)
        }
      }
    }
    for slice in 1..<slices { kernels.add(to, to + slice * area * channels, to, area * channels) }
    withExtendedLifetime((gradient, x, zeros)) {}
    let result = Tensor(uninitialized: shape.weightShape)
    kernels.transpose(to, channels, area, channels, result.floats, area)
    return withExtendedLifetime(sums) { result }
  }
}
