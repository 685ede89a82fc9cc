import CKernels
import Synchronization

/// A convolution whose filters are packed once, for inference: many calls with the same weights. What follows it may be
/// computed with it: batch normalisation by statistics that are known, an addition and ReLU.
///
/// Filters are packed when images first ask for it, in the form that suits the size of these: as much memory as the
/// weights take, or 36 numbers a filter and channel for Winograd's algorithm, which filters of 3 × 3 and 5 × 5 elements with a
/// stride of 1 are computed by where that is faster.
public struct PreparedConvolution: Sendable {
  private final class Forms: Sendable {
    struct State: Sendable {
      var packed: PackedFilters?
      var winograd: WinogradFilters?
      /// [elements, C]
      var depthwise: Tensor?
    }

    private let state = Mutex(State())

    /// The form at a place, made where it is not there yet.
    func form<Form: Sendable>(_ place: WritableKeyPath<State, Form?> & Sendable, _ make: () -> Form) -> Form {
      if let form = state.withLock({ $0[keyPath: place] }) { return form }
      let form = make()
      state.withLock { $0[keyPath: place] = form }
      return form
    }
  }

  private let forms = Forms()
  private let weight: Tensor
  private let bias: Tensor?
  private let scale: Tensor?
  private let stride: Size2D
  private let padding: Padding2D
  private let dilation: Size2D
  private let groups: Int

  /// A convolution by filters [F, C / groups, kernel height, kernel width], which are kept too.
  ///
  /// - Parameters:
  ///   - bias: [F].
  ///   - scale: [F], what each filter's sums are multiplied by; see ``foldedScale(variance:weight:epsilon:)``.
  public init(
    weight: Tensor, bias: Tensor? = nil, scale: Tensor? = nil, stride: Size2D = 1, padding: Padding2D = 0,
    dilation: Size2D = 1, groups: Int = 1
  ) {
    precondition(
      [bias, scale].allSatisfy { $0.map { $0.shape == [weight.shape[0]] } ?? true },
      "PreparedConvolution: a bias or scale does not fit filters of the shape \(weight.shape)")
    (self.weight, self.bias, self.scale) = (weight.detached, bias?.detached, scale?.detached)
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// [B, H', W', F] of [B, H, W, C]. Nothing is recorded.
  ///
  /// - Parameters:
  ///   - addend: added to the result, of the same shape.
  ///   - clipsNegative: whether what is negative then becomes zero.
  public func callAsFunction(_ input: Tensor, adding addend: Tensor? = nil, clipsNegative: Bool = false) -> Tensor {
    let shape = ConvolutionShape(
      "conv2d", input: input.shape, weight: weight.shape, bias: nil, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
    precondition(
      addend.map { $0.shape == shape.outputShape } ?? true,
      "conv2d: an addend of the shape \(addend?.shape ?? []) for \(shape.outputShape)")
    let finish = ConvolutionFinish(bias: bias, addend: addend, clipsNegative: clipsNegative)
    return OperationProfile.note(
      "conv2d \(shape.summary)", "\(shape.inputShape) → \(shape.outputShape)", operations: shape.operations
    ) {
      let result = Tensor(uninitialized: shape.outputShape)
      compute(input, shape, finish, into: result)
      return result
    }
  }

  private func compute(
    _ input: Tensor, _ shape: ConvolutionShape, _ finish: ConvolutionFinish, into result: Tensor
  ) {
    if shape.isDepthwise {
      let filters = forms.form(\.depthwise) { scaledWeight.transposedRows(shape.filters) }
      return WindowProduct(geometry: shape.depthwiseGeometry, batch: shape.batch)
        .runDepthwise(input, filters, into: result, finish)
    }
    let input = ConvolutionInput(input, shape)
    let product = WindowProduct(geometry: input.geometry, batch: shape.batch)
    if product.gainsFromWinograd(filters: shape.filters, groups: groups, isPrepared: true) {
      let filters = forms.form(\.winograd) { WinogradFilters(PackedFilters(scaledWeight, shape)) }
      product.run(input.values, filters, into: result, finish)
    } else {
      let filters = forms.form(\.packed) { PackedFilters(scaledWeight, shape) }
      product.run(input.values, filters, into: result, finish)
    }
  }

  private var scaledWeight: Tensor { scale.map { weight.scalingFilters(by: $0) } ?? weight }

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
