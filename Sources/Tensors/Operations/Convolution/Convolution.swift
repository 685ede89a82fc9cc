extension Tensor {
  /// Convolution of images, `torch.nn.functional.conv2d` with the channels last: B images of H × W pixels of C channels,
  /// F filters.
  ///
  /// Nothing is copied into patches: what a filter sees of a row is contiguous, and a micro-kernel follows pointers. The
  /// filters are packed once for each call, as much memory as they take.
  ///
  /// - Parameters:
  ///   - weight: [F, C / groups, kernel height, kernel width], as PyTorch has it.
  ///   - bias: [F].
  ///   - padding: zeros around each image.
  ///   - groups: the channels are cut into so many groups, each seen by F / groups filters.
  ///   - clipsNegative: whether ReLU follows, which costs nothing here.
  /// - Returns: [B, H', W', F] for `self` of the shape [B, H, W, C], with
  ///   H' = ⌊(H + padding above and below − dilation·(kernel − 1) − 1) / stride⌋ + 1.
  public func conv2d(
    weight: Tensor, bias: Tensor? = nil, stride: Size2D = 1, padding: Padding2D = 0, dilation: Size2D = 1,
    groups: Int = 1, clipsNegative: Bool = false
  ) -> Tensor {
    if clipsNegative, OperationTrace.isRecording {
      return conv2d(
        weight: weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups
      ).relu()
    }
    let shape = ConvolutionShape(
      "conv2d", input: self.shape, weight: weight.shape, bias: bias?.shape, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
    let (x, w) = (detached, weight.detached)
    @Sendable func noted<Result>(_ name: String, _ body: () -> Result) -> Result {
      OperationProfile.note(
        "\(name) \(shape.summary)", "\(shape.inputShape) → \(shape.outputShape)", operations: shape.operations, body)
    }
    let result = noted("conv2d") {
      convolved(x, w, ConvolutionFinish(bias: bias?.detached, clipsNegative: clipsNegative), shape)
    }
    let needs = (input: needsGradient, weight: weight.needsGradient)
    let hasBias = bias?.needsGradient == true
    let operands = [self, weight] + (bias.map { [$0] } ?? [])
    return result.recorded("conv2d", from: operands) { above in
      let gradient = clipsNegative ? result.reluGradient(above) : above
      return [
        needs.input
          ? .dense(noted("input gradient") { ConvolutionInputGradient(shape: shape)(gradient, w) }) : nil,
        needs.weight ? .dense(noted("filter gradient") { filterGradient(gradient, x, shape) }) : nil,
        hasBias ? .dense(convolutionBiasGradient(gradient, filters: shape.filters)) : nil,
      ]
    }
    .traced(.convolution(stride: stride, padding: padding, dilation: dilation, groups: groups), operands)
  }

  /// Convolution of sequences, `torch.nn.functional.conv1d` with the channels last:
  /// ``conv2d(weight:bias:stride:padding:dilation:groups:)`` of images of height 1.
  ///
  /// - Parameters:
  ///   - weight: [F, C / groups, kernel width].
  ///   - bias: [F].
  /// - Returns: [B, T', F] for `self` of the shape [B, T, C].
  public func conv1d(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) -> Tensor {
    precondition(rank == 3 && weight.rank == 3, "conv1d: an input of the shape \(shape), filters \(weight.shape)")
    let result = reshaped([shape[0], 1, shape[1], shape[2]]).conv2d(
      weight: weight.reshaped([weight.shape[0], weight.shape[1], 1, weight.shape[2]]), bias: bias,
      stride: Size2D(height: 1, width: stride), padding: Padding2D(height: 0, width: padding),
      dilation: Size2D(height: 1, width: dilation), groups: groups)
    return result.reshaped([shape[0], result.shape[2], weight.shape[0]])
  }

  /// Transposed convolution, `torch.nn.functional.conv_transpose2d` with the channels last: what
  /// ``conv2d(weight:bias:stride:padding:dilation:groups:)`` gives back to its input, as an operation of its own.
  ///
  /// - Parameters:
  ///   - weight: [C, F / groups, kernel height, kernel width].
  ///   - bias: [F].
  ///   - padding: pixels that the result loses on each side.
  ///   - outputPadding: rows below and columns behind that the result has beyond what the windows cover.
  /// - Returns: [B, H', W', F] for `self` of the shape [B, H, W, C], with
  ///   H' = (H − 1)·stride − padding above and below + dilation·(kernel − 1) + outputPadding + 1.
  public func convTranspose2d(
    weight: Tensor, bias: Tensor? = nil, stride: Size2D = 1, padding: Padding2D = 0, outputPadding: Size2D = 0,
    dilation: Size2D = 1, groups: Int = 1
  ) -> Tensor {
    precondition(
      rank == 4 && weight.rank == 4 && weight.shape[0] == self.shape[3],
      "convTranspose2d: an input of the shape \(self.shape), filters \(weight.shape)")
    func extent(_ input: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ kernel: Int, _ more: Int) -> Int {
      (input - 1) * stride - padding + dilation * (kernel - 1) + more + 1
    }
    let height = extent(
      self.shape[1], stride.height, padding.vertical, dilation.height, weight.shape[2], outputPadding.height)
    let width = extent(
      self.shape[2], stride.width, padding.horizontal, dilation.width, weight.shape[3], outputPadding.width)
    precondition(height > 0 && width > 0, "convTranspose2d: nothing is left of the shape \(self.shape)")
    // The convolution that this is the way back of.
    let shape = ConvolutionShape(
      "convTranspose2d", input: [self.shape[0], height, width, weight.shape[1] * groups], weight: weight.shape,
      bias: nil, stride: stride, padding: padding, dilation: dilation, groups: groups)
    precondition(
      shape.output == Size2D(height: self.shape[1], width: self.shape[2]),
      "convTranspose2d: an output padding of \(outputPadding) with a stride of \(stride)")
    precondition(
      bias.map { $0.shape == [shape.channels] } ?? true, "convTranspose2d: a bias of the shape \(bias?.shape ?? [])")
    let (x, w) = (detached, weight.detached)
    let result = ConvolutionInputGradient(shape: shape)(x, w, bias: bias?.detached)
    let needs = (input: needsGradient, weight: weight.needsGradient)
    let hasBias = bias?.needsGradient == true
    return result.recorded("convTranspose2d", from: [self, weight] + (bias.map { [$0] } ?? [])) { gradient in
      [
        needs.input ? .dense(convolved(gradient, w, ConvolutionFinish(), shape)) : nil,
        needs.weight ? .dense(filterGradient(x, gradient, shape)) : nil,
        hasBias ? .dense(convolutionBiasGradient(gradient, filters: shape.channels)) : nil,
      ]
    }
  }
}

/// The convolution itself, with what becomes of its sums.
func convolved(_ x: Tensor, _ weight: Tensor, _ finish: ConvolutionFinish, _ shape: ConvolutionShape) -> Tensor {
  let result = Tensor(uninitialized: shape.outputShape)
  if shape.isDepthwise {
    WindowProduct(geometry: shape.depthwiseGeometry, batch: shape.batch)
      .runDepthwise(x, weight.transposedRows(shape.filters), into: result, finish)
    return result
  }
  let input = ConvolutionInput(x, shape)
  WindowProduct(geometry: input.geometry, batch: shape.batch)
    .runOnce(input.values, PackedFilters(weight, shape), into: result, finish)
  return result
}

private func filterGradient(_ gradient: Tensor, _ x: Tensor, _ shape: ConvolutionShape) -> Tensor {
  let filters = ConvolutionFilterGradient(shape: shape)
  return shape.isDepthwise ? filters.depthwise(gradient, x) : filters(gradient, x)
}
