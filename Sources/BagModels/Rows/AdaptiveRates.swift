import CKernels

/// AdaGrad by row (Duchi, Hazan & Singer 2011, with one sum for a whole row): each row's step is divided by the root of
/// the squared norms of all its gradients so far, so that rare features go as far as frequent ones.
final class AdaptiveRates {
  /// For each row.
  private var squares: ScratchBuffer<Float>

  init(rowCount: Int) {
    squares = ScratchBuffer(capacity: max(rowCount, 1))
    // Small enough not to matter, large enough to divide by.
    squares.base.initialize(repeating: 1e-8, count: max(rowCount, 1))
  }

  /// What a row's addition is to be multiplied by in place of `factor`.
  ///
  /// - Parameter square: the squared norm of the gradient that `factor` multiplies.
  @inline(__always)
  func factor(row: Int32, _ factor: Float, square: Float) -> Float {
    let sum = squares.base + Int(row)
    sum.pointee += factor * factor * square
    return factor / sum.pointee.squareRoot()
  }
}
