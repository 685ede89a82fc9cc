import CKernels

extension Tensor {
  /// Convolution of images, as `torch.nn.functional.conv2d`: B images of C channels, F filters.
  ///
  /// A matrix product of the filters with patches of the image. Patches are gathered into the first-level cache some
  /// windows and some elements of a filter at a time; memory beyond the result is a few hundred KB for each thread.
  ///
  /// - Parameters:
  ///   - weight: [F, C / groups, kernel height, kernel width].
  ///   - bias: [F].
  ///   - padding: zeros on each side.
  ///   - groups: the channels are cut into so many groups, each seen by F / groups filters.
  /// - Returns: [B, F, H', W'] for `self` of the shape [B, C, H, W], with
  ///   H' = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.
  public func conv2d(
    weight: Tensor, bias: Tensor? = nil, stride: Size2D = 1, padding: Size2D = 0, dilation: Size2D = 1, groups: Int = 1
  ) -> Tensor {
    let shape = ConvolutionShape(
      "conv2d", input: self.shape, weight: weight.shape, bias: bias?.shape, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
    let result = convolve(self, weight, bias, shape)
    let (x, w) = (detached, weight.detached)
    let needs = (input: needsGradient, weight: weight.needsGradient)
    return result.recorded("conv2d", from: [self, weight] + (bias.map { [$0] } ?? [])) { gradient in
      [
        needs.input ? .dense(convolutionInputGradient(gradient, w, shape)) : nil,
        needs.weight ? .dense(convolutionWeightGradient(gradient, x, shape)) : nil,
        .dense(convolutionBiasGradient(gradient, shape)),
      ]
    }
  }

  /// Convolution of sequences, as `torch.nn.functional.conv1d`: ``conv2d(weight:bias:stride:padding:dilation:groups:)``
  /// of images of height 1.
  ///
  /// - Parameters:
  ///   - weight: [F, C / groups, kernel width].
  ///   - bias: [F].
  /// - Returns: [B, F, T'] for `self` of the shape [B, C, T].
  public func conv1d(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) -> Tensor {
    precondition(rank == 3 && weight.rank == 3, "conv1d: an input of the shape \(shape), filters \(weight.shape)")
    let result = reshaped([shape[0], shape[1], 1, shape[2]]).conv2d(
      weight: weight.reshaped([weight.shape[0], weight.shape[1], 1, weight.shape[2]]), bias: bias,
      stride: Size2D(height: 1, width: stride), padding: Size2D(height: 0, width: padding),
      dilation: Size2D(height: 1, width: dilation), groups: groups)
    return result.reshaped([shape[0], weight.shape[0], result.shape[3]])
  }
}

/// Windows whose patches are gathered together: with `KERNEL_DEPTH_BLOCK` elements 128 KiB.
private let windowsPerTile = 128
private let depthBlock = Int(KERNEL_DEPTH_BLOCK)

private func convolve(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ shape: ConvolutionShape) -> Tensor {
  let result = Tensor(uninitialized: [shape.batch, shape.filters, shape.output.height, shape.output.width])
  let (windows, depth, filters) = (shape.windowCount, shape.depth, shape.filtersPerGroup)
  let (input, weights, biases, output) = (x.floats, weight.floats, bias?.floats, result.floats)
  let windowTiles = (windows + windowsPerTile - 1) / windowsPerTile
  let groupTasks = shape.batch * shape.groups * windowTiles
  // Few windows and many filters: the filters are shared among the threads too.
  let filterTiles = groupTasks >= 8 ? 1 : min((filters + 47) / 48, 8)
  withExtendedLifetime((x, weight, bias)) {
    parallelFor(groupTasks * filterTiles) { task in
      let (image, group) = (
        task / filterTiles / windowTiles / shape.groups, task / filterTiles / windowTiles % shape.groups
      )
      let firstWindow = task / filterTiles % windowTiles * windowsPerTile
      let count = min(windowsPerTile, windows - firstWindow)
      let firstFilter = filters * (task % filterTiles) / filterTiles
      let rows = filters * (task % filterTiles + 1) / filterTiles - firstFilter
      let to = output + shape.outputOffset(image: image, group: group) + firstFilter * windows + firstWindow
      for row in 0..<rows {
        (to + row * windows).update(
          repeating: biases.map { $0[group * filters + firstFilter + row] } ?? 0, count: count)
      }
      let panels = Tensor(uninitialized: [kernel_packed_size(min(depth, depthBlock), count)])
      withUnsafePointer(to: shape.cValue) { cShape in
        for first in stride(from: 0, to: depth, by: depthBlock) {
          let block = min(depthBlock, depth - first)
          kernels.gather_patches(
            cShape, input + shape.inputOffset(image: image, group: group), first, block, firstWindow, count,
            Int(KERNEL_PANEL_WIDTH), panels.floats)
          withTemporaryRowBlocks(rows) { blocks in
            kernels.multiply_panels(
              blocks.baseAddress.unsafelyUnwrapped, blocks.count, block,
              weights + shape.weightOffset(group: group) + firstFilter * depth + first, depth, panels.floats, count, 0,
              (count + 15) / 16, to, windows, product_start_accumulate, nil)
          }
        }
      }
    }
  }
  return result
}

/// dX: the patches' gradients Wᵀ·dY, added to the pixels that they came from. Tasks own whole channels.
private func convolutionInputGradient(_ gradient: Tensor, _ weight: Tensor, _ shape: ConvolutionShape) -> Tensor {
  let result = Tensor(
    zeros: [shape.batch, shape.groups * shape.channelsPerGroup, shape.image.height, shape.image.width])
  let (windows, filters) = (shape.windowCount, shape.filtersPerGroup)
  let area = shape.kernel.height * shape.kernel.width
  let channelsPerTile = max(1, depthBlock / area)
  let channelTiles = (shape.channelsPerGroup + channelsPerTile - 1) / channelsPerTile
  // [groups, depth, F / groups]
  let transposed = Tensor(uninitialized: [shape.groups * shape.depth, filters])
  for group in 0..<shape.groups {
    kernels.transpose(
      weight.floats + shape.weightOffset(group: group), shape.depth, filters, shape.depth,
      transposed.floats + group * shape.depth * filters, filters)
  }
  let (from, to, weights) = (gradient.floats, result.floats, transposed.floats)
  withExtendedLifetime((gradient, transposed)) {
    parallelFor(shape.batch * shape.groups * channelTiles) { task in
      let (image, group) = (task / channelTiles / shape.groups, task / channelTiles % shape.groups)
      let firstChannel = task % channelTiles * channelsPerTile
      let first = firstChannel * area
      let rows = min(channelsPerTile, shape.channelsPerGroup - firstChannel) * area
      let panels = Tensor(uninitialized: [kernel_packed_size(filters, min(windows, windowsPerTile))])
      let patches = Tensor(uninitialized: [rows, min(windows, windowsPerTile)])
      withUnsafePointer(to: shape.cValue) { cShape in
        for firstWindow in stride(from: 0, to: windows, by: windowsPerTile) {
          let count = min(windowsPerTile, windows - firstWindow)
          kernels.pack_panels(
            from + shape.outputOffset(image: image, group: group) + firstWindow, windows, 1, filters, count,
            panels.floats)
          withTemporaryRowBlocks(rows) { blocks in
            kernels.multiply_panels(
              blocks.baseAddress.unsafelyUnwrapped, blocks.count, filters,
              weights + (group * shape.depth + first) * filters, filters, panels.floats, count, 0, (count + 15) / 16,
              patches.floats, count, product_start_zero, nil)
          }
          kernels.scatter_patches(
            cShape, patches.floats, first, rows, firstWindow, count,
            to + shape.inputOffset(image: image, group: group))
        }
      }
    }
  }
  return result
}

/// dW = Σ over images of dY · patchesᵀ, summed in slices of the batch that do not depend on the number of threads.
private func convolutionWeightGradient(_ gradient: Tensor, _ x: Tensor, _ shape: ConvolutionShape) -> Tensor {
  let (windows, filters, depth) = (shape.windowCount, shape.filtersPerGroup, shape.depth)
  let depthTiles = (depth + depthBlock - 1) / depthBlock
  let slices = min(shape.batch, max(1, 8 / (depthTiles * shape.groups)))
  let windowBlock = depthBlock
  // [slices, groups, depth, F / groups]
  let sums = Tensor(zeros: [slices, shape.groups, depth, filters])
  let (from, input, to) = (gradient.floats, x.floats, sums.floats)
  withExtendedLifetime((gradient, x)) {
    parallelFor(slices * shape.groups * depthTiles) { task in
      let (slice, group) = (task / depthTiles / shape.groups, task / depthTiles % shape.groups)
      let first = task % depthTiles * depthBlock
      let rows = min(depthBlock, depth - first)
      let patches = Tensor(uninitialized: [rows, min(windows, windowBlock)])
      let panels = Tensor(uninitialized: [kernel_packed_size(min(windows, windowBlock), filters)])
      withUnsafePointer(to: shape.cValue) { cShape in
        for image in shape.batch * slice / slices..<shape.batch * (slice + 1) / slices {
          for firstWindow in stride(from: 0, to: windows, by: windowBlock) {
            let count = min(windowBlock, windows - firstWindow)
            kernels.gather_patches(
              cShape, input + shape.inputOffset(image: image, group: group), first, rows, firstWindow, count, count,
              patches.floats)
            kernels.pack_panels(
              from + shape.outputOffset(image: image, group: group) + firstWindow, 1, windows, count, filters,
              panels.floats)
            withTemporaryRowBlocks(rows) { blocks in
              kernels.multiply_panels(
                blocks.baseAddress.unsafelyUnwrapped, blocks.count, count, patches.floats, count, panels.floats,
                filters, 0, (filters + 15) / 16, to + ((slice * shape.groups + group) * depth + first) * filters,
                filters, product_start_accumulate, nil)
            }
          }
        }
      }
    }
  }
  let size = shape.groups * depth * filters
  for slice in 1..<max(slices, 1) { kernels.add(to, to + slice * size, to, size) }
  let result = Tensor(
    uninitialized: [shape.filters, shape.channelsPerGroup, shape.kernel.height, shape.kernel.width])
  for group in 0..<shape.groups {
    kernels.transpose(
      to + group * depth * filters, filters, depth, filters, result.floats + shape.weightOffset(group: group), depth)
  }
  return withExtendedLifetime(sums) { result }
}

private func convolutionBiasGradient(_ gradient: Tensor, _ shape: ConvolutionShape) -> Tensor {
  let result = Tensor(uninitialized: [shape.filters])
  let (from, to) = (gradient.floats, result.floats)
  withExtendedLifetime(gradient) {
    parallelFor(shape.filters) { filter in
      var sum = 0.0
      for image in 0..<shape.batch {
        sum += kernels.sum(from + (image * shape.filters + filter) * shape.windowCount, shape.windowCount)
      }
      to[filter] = Float(sum)
    }
  }
  return result
}
