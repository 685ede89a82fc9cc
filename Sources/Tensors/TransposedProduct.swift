import CKernels

/// The right operand of Aᵀ·B, a sum over the rows of both matrices, as the gradients of weights are: matrices side by
/// side, each with columns rounded up to 16, packed once and read by every tile of the result.
///
/// Sums run over the rows in their order, so that results do not depend on the number of threads.
struct PackedRows {
  /// Columns of B.
  struct Columns {
    let floats: UnsafePointer<Float>
    let stride: Int
    let count: Int
    /// Which rows they are, where an index below zero stands for zeros; without it all in order.
    var rows: [Int32]?
  }

  let rowCount: Int
  /// Where the columns of each matrix begin in the result.
  let offsets: [Int]
  /// Columns of the result.
  let width: Int
  private let panels: Tensor

  init(_ matrices: [Columns], rowCount: Int) {
    var offsets: [Int] = []
    var width = 0
    for matrix in matrices {
      offsets.append(width)
      width += (matrix.count + 15) / 16 * 16
    }
    self.rowCount = rowCount
    self.offsets = offsets
    self.width = width
    panels = Tensor(uninitialized: [rowCount * width])
    let (to, block) = (panels.floats, Int(KERNEL_DEPTH_BLOCK))
    parallelFor((rowCount + block - 1) / block) { tile in
      let first = tile * block
      let count = min(block, rowCount - first)
      for (matrix, offset) in zip(matrices, offsets) {
        let panels = to + first * width + count * offset
        if let rows = matrix.rows {
          rows.withUnsafeBufferPointer { rows in
            kernels.gather_panels(
              matrix.floats, matrix.stride, rows.baseAddress.map { $0 + first }, count, matrix.count, panels)
          }
        } else {
          kernels.gather_panels(
            matrix.floats + first * matrix.stride, matrix.stride, nil, count, matrix.count, panels)
        }
      }
    }
  }

  /// Columns of the result from the matrices with the given numbers.
  func columns(of matrices: Range<Int>) -> Range<Int> {
    offsets[matrices.lowerBound]..<(matrices.upperBound < offsets.count ? offsets[matrices.upperBound] : width)
  }

  /// Aᵀ·B for `count` columns of A and some columns of B, [count, columns.count], on the calling thread. `columnSums` gets
  /// the sums of these columns of A.
  ///
  /// - Parameter columns: from a multiple of 16 up to another; without them all.
  func multiply(
    transposing a: UnsafePointer<Float>, stride: Int, count: Int, columns: Range<Int>? = nil,
    columnSums: UnsafeMutablePointer<Float>? = nil
  ) -> Tensor {
    let columns = columns ?? 0..<width
    let panelWidth = Int(KERNEL_PANEL_WIDTH)
    let result = Tensor(zeros: [count, columns.count])
    let scratch = Tensor(uninitialized: [kernel_transposed_scratch(count)])
    columnSums?.update(repeating: 0, count: count)
    withExtendedLifetime((panels, scratch)) {
      kernels.multiply_transposed(
        a, stride, count, panels.floats, width / panelWidth, columns.lowerBound / panelWidth,
        columns.upperBound / panelWidth, rowCount, result.floats, columns.count, columnSums, scratch.floats)
    }
    return result
  }
}
