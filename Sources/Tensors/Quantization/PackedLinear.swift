import CKernels

/// ``QuantizedLinear``'s counterpart in Float32, to be measured beside it: x·Wᵀ by a weight [O, I] that is packed once.
package struct PackedLinear: Sendable {
  private let matrix: PackedMatrix

  package init(weight: Tensor) { matrix = PackedMatrix(transposing: weight) }

  /// [N, O] for x of the shape [N, I].
  package func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(x.rank == 2 && x.shape[1] == matrix.k, "PackedLinear: \(x.shape) for \(matrix.k) inputs")
    let result = Tensor(uninitialized: [x.shape[0], matrix.n])
    withExtendedLifetime(x) {
      matrix.multiplyInParallel(
        rows: x.shape[0], x.floats, stride: matrix.k, into: result.floats, stride: matrix.n, start: product_start_zero)
    }
    return result
  }
}
