import CKernels

/// A linear layer whose weight is packed once, for inference: many calls with the same weight, as much memory as it takes.
///
/// A row has the same result to the bit, whatever rows are computed beside it.
public struct PreparedLinear: Sendable {
  private let matrix: PackedMatrix
  private let bias: Tensor?

  /// y = x·Wᵀ + b from I to O features.
  ///
  /// - Parameters:
  ///   - weight: [O, I].
  ///   - bias: [O].
  public init(weight: Tensor, bias: Tensor? = nil) {
    precondition(
      weight.rank == 2 && bias.map { $0.shape == [weight.shape[0]] } ?? true,
      "PreparedLinear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    matrix = PackedMatrix(transposing: weight)
    self.bias = bias?.detached
  }

  /// Whether it pays for a weight of the shape [O, I], and gives what ``Tensor/linear(weight:bias:)`` does: larger ones
  /// under few rows are read as they lie, and the kernels in plain C leave large products to OpenBLAS.
  public static func suits(_ shape: [Int]) -> Bool {
    shape.elementCount < largeWeight && Kernels.level != .plain
  }

  /// [..., O] for x of the shape [..., I]. Nothing is recorded.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      x.rank >= 1 && x.shape[x.rank - 1] == matrix.k,
      "linear: an input of the shape \(x.shape) does not fit a weight of \(matrix.k) inputs")
    let rows = x.count / max(matrix.k, 1)
    return OperationProfile.note(
      "linear", "\(x.shape) → \(matrix.n)", operations: 2 * Double(rows) * Double(matrix.k * matrix.n)
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
