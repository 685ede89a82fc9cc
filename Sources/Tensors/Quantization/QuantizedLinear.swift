import CKernels

/// x·Wᵀ + b by a weight in bytes, packed once, for inference: ``Tensor/linear(weight:bias:)`` but for the rounding of x to
/// 256 steps. Nothing is recorded.
public struct QuantizedLinear: Sendable {
  private let matrix: PackedByteMatrix
  /// To a multiple of 16.
  private let bias: Tensor?

  /// - Parameters:
  ///   - weight: [O, I], with at most 65536 inputs.
  ///   - bias: [O].
  public init(weight: QuantizedTensor, bias: Tensor? = nil) {
    precondition(
      weight.shape.count == 2 && bias.map { $0.shape == [weight.shape[0]] } ?? true,
      "QuantizedLinear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    matrix = PackedByteMatrix(transposing: weight)
    // Where the range of x is known, as other programs add it: in whole steps.
    self.bias = bias.map { weight.roundedToSteps($0, times: nil).paddedToPanels() }
  }

  /// [..., O] for x of the shape [..., I].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      x.rank >= 1 && x.shape[x.rank - 1] == matrix.k,
      "linear: an input of the shape \(x.shape) does not fit a weight of \(matrix.k) inputs")
    let rows = x.count / max(matrix.k, 1)
    return OperationProfile.note(
      "linear in bytes", "\(x.shape) → \(matrix.n)", operations: 2 * Double(rows) * Double(matrix.k * matrix.n)
    ) {
      let result = Tensor(uninitialized: x.shape.dropLast() + [matrix.n])
      withExtendedLifetime((x, bias)) {
        matrix.multiplyInParallel(
          rows: rows, x.floats, stride: matrix.k, into: result.floats, stride: matrix.n,
          start: bias == nil ? product_start_zero : product_start_bias, bias: bias.map { UnsafePointer($0.floats) })
      }
      return result
    }
  }
}
