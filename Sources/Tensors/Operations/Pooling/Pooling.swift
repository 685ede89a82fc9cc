import CKernels

extension Tensor {
  /// The largest number of each channel under each window, `torch.nn.functional.max_pool2d` with the channels last.
  ///
  /// - Parameters:
  ///   - kernelSize: of a window.
  ///   - stride: between two windows; the size of one unless given.
  ///   - padding: rows and columns around the image that no maximum is in, at most half a window.
  ///   - dilation: from one pixel of a window to the next.
  ///   - ceilMode: whether windows that lie partly beyond the image count.
  /// - Returns: [B, H', W', C] for [B, H, W, C].
  public func maxPool2d(
    kernelSize: Size2D, stride: Size2D? = nil, padding: Size2D = 0, dilation: Size2D = 1, ceilMode: Bool = false
  ) -> Tensor {
    let windows = PoolingWindows(
      "maxPool2d", self, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
      ceilMode: ceilMode)
    return maximum(windows, "maxPool2d").traced(
      .maxPool(
        kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding, dilation: dilation, ceilMode: ceilMode),
      [self])
  }

  /// The mean of each channel under each window, `torch.nn.functional.avg_pool2d` with the channels last.
  ///
  /// - Parameters:
  ///   - kernelSize: of a window.
  ///   - stride: between two windows; the size of one unless given.
  ///   - padding: zeros around the image, at most half a window.
  ///   - ceilMode: whether windows that lie partly beyond the image count.
  ///   - countsPadding: whether a mean counts the padding's zeros (`count_include_pad`).
  /// - Returns: [B, H', W', C] for [B, H, W, C].
  public func avgPool2d(
    kernelSize: Size2D, stride: Size2D? = nil, padding: Size2D = 0, ceilMode: Bool = false, countsPadding: Bool = true
  ) -> Tensor {
    let windows = PoolingWindows(
      "avgPool2d", self, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countsPadding: countsPadding)
    return average(windows, "avgPool2d").traced(
      .averagePool(
        kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding, ceilMode: ceilMode,
        countsPadding: countsPadding),
      [self])
  }

  /// Means of windows that divide the image into `outputSize`, `torch.nn.functional.adaptive_avg_pool2d` with the
  /// channels last. An output size of 1 is global pooling.
  ///
  /// - Returns: [B, output height, output width, C] for [B, H, W, C].
  public func adaptiveAvgPool2d(outputSize: Size2D) -> Tensor {
    average(PoolingWindows("adaptiveAvgPool2d", self, outputSize: outputSize), "adaptiveAvgPool2d")
      .traced(.adaptiveAveragePool(outputSize: outputSize), [self])
  }

  /// The largest numbers of windows that divide the image into `outputSize`,
  /// `torch.nn.functional.adaptive_max_pool2d` with the channels last.
  ///
  /// - Returns: [B, output height, output width, C] for [B, H, W, C].
  public func adaptiveMaxPool2d(outputSize: Size2D) -> Tensor {
    maximum(PoolingWindows("adaptiveMaxPool2d", self, outputSize: outputSize), "adaptiveMaxPool2d")
  }

  private func maximum(_ windows: PoolingWindows, _ name: StaticString) -> Tensor {
    let result = Tensor(uninitialized: windows.outputShape)
    let (x, channels) = (detached, windows.channelCount)
    windows.forEachRow { row, _, input, output in
      withUnsafePointer(to: row) { kernels.pool_maximum($0, x.floats + input, channels, result.floats + output) }
    }
    // Where a maximum stands is looked for again on the way back, which costs less than to keep it.
    return result.recorded(name, from: [self]) { gradient in
      let setsAll = windows.isTilingOfSquares
      let inputGradient = setsAll ? Tensor(uninitialized: windows.inputShape) : Tensor(zeros: windows.inputShape)
      windows.forEachRowByImage { row, _, input, output in
        withUnsafePointer(to: row) {
          kernels.pool_maximum_gradient(
            $0, x.floats + input, channels, result.floats + output, gradient.floats + output,
            inputGradient.floats + input)
        }
      }
      withExtendedLifetime((x, result, gradient)) {}
      return [.dense(inputGradient)]
    }
  }

  private func average(_ windows: PoolingWindows, _ name: StaticString) -> Tensor {
    let result = Tensor(uninitialized: windows.outputShape)
    let (x, channels) = (detached, windows.channelCount)
    windows.forEachRow { row, index, input, output in
      withUnsafePointer(to: row) {
        kernels.pool_average($0, x.floats + input, channels, windows.factors(row: index), result.floats + output)
      }
    }
    withExtendedLifetime(x) {}
    return result.recorded(name, from: [self]) { gradient in
      let inputGradient = Tensor(zeros: windows.inputShape)
      windows.forEachRowByImage { row, index, input, output in
        withUnsafePointer(to: row) {
          kernels.pool_average_gradient(
            $0, channels, windows.factors(row: index), gradient.floats + output, inputGradient.floats + input)
        }
      }
      withExtendedLifetime(gradient) {}
      return [.dense(inputGradient)]
    }
  }
}
