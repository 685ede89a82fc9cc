import CKernels

/// A convolution whose filters are packed once, for inference: many calls with the same weights. What follows it may be
/// computed with it: batch normalisation by statistics that are known, an addition and ReLU.
public struct PreparedConvolution: Sendable {
  private enum Filters: Sendable {
    case packed(PackedFilters)
    /// [elements, C]
    case depthwise(Tensor)
  }

  private let filters: Filters
  private let bias: Tensor?
  private let weightShape: [Int]
  private let stride: Size2D
  private let padding: Padding2D
  private let dilation: Size2D
  private let groups: Int

  /// Packs filters [F, C / groups, kernel height, kernel width].
  ///
  /// - Parameters:
  ///   - bias: [F].
  ///   - scale: [F], what each filter's sums are multiplied by; see ``foldedScale(variance:weight:epsilon:)``.
  public init(
    weight: Tensor, bias: Tensor? = nil, scale: Tensor? = nil, stride: Size2D = 1, padding: Padding2D = 0,
    dilation: Size2D = 1, groups: Int = 1
  ) {
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    weightShape = weight.shape
    self.bias = bias?.detached
    let weight = scale.map { weight.detached.scalingFilters(by: $0) } ?? weight.detached
    // The smallest image that the filters fit on: of its size nothing is kept.
    let shape = ConvolutionShape(
      "PreparedConvolution",
      input: [
        1, dilation.height * (weightShape[2] - 1) + 1, dilation.width * (weightShape[3] - 1) + 1,
        weightShape[1] * groups,
      ], weight: weightShape, bias: bias?.shape, stride: stride, padding: 0, dilation: dilation, groups: groups)
    filters =
      shape.isDepthwise ? .depthwise(weight.transposedRows(shape.filters)) : .packed(PackedFilters(weight, shape))
  }

  /// [B, H', W', F] of [B, H, W, C]. Nothing is recorded.
  ///
  /// - Parameters:
  ///   - addend: added to the result, of the same shape.
  ///   - clipsNegative: whether what is negative then becomes zero.
  public func callAsFunction(_ input: Tensor, adding addend: Tensor? = nil, clipsNegative: Bool = false) -> Tensor {
    let shape = ConvolutionShape(
      "conv2d", input: input.shape, weight: weightShape, bias: nil, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
    precondition(
      addend.map { $0.shape == shape.outputShape } ?? true,
      "conv2d: an addend of the shape \(addend?.shape ?? []) for \(shape.outputShape)")
    let finish = ConvolutionFinish(bias: bias, addend: addend, clipsNegative: clipsNegative)
    return OperationProfile.note(
      "conv2d \(shape.summary)", "\(shape.inputShape) → \(shape.outputShape)", operations: shape.operations
    ) {
      let result = Tensor(uninitialized: shape.outputShape)
      switch filters {
      case .depthwise(let filters):
        WindowProduct(geometry: shape.depthwiseGeometry, batch: shape.batch)
          .runDepthwise(input, filters, into: result, finish)
      case .packed(let filters):
        let input = ConvolutionInput(input, shape)
        WindowProduct(geometry: input.geometry, batch: shape.batch).run(input.values, filters, into: result, finish)
      }
      return result
    }
  }

  /// What batch normalisation multiplies each filter's sums by: weight / √(variance + epsilon), [F].
  public static func foldedScale(variance: Tensor, weight: Tensor?, epsilon: Float) -> Tensor {
    let scale = Tensor(variance.scalars.map { Float(1 / (Double($0) + Double(epsilon)).squareRoot()) })
    return weight.map { scale * $0.detached } ?? scale
  }
}

extension Tensor {
  /// Each filter [F, ...] times a number of its own.
  fileprivate func scalingFilters(by scale: Tensor) -> Tensor {
    let size = count / max(shape[0], 1)
    let result = Tensor(uninitialized: shape)
    let (from, to, factors) = (floats, result.floats, scale.scalars)
    parallelFor(shape[0]) { filter in
      kernels.scale(from + filter * size, factors[filter], to + filter * size, size)
    }
    return withExtendedLifetime(self) { result }
  }
}
