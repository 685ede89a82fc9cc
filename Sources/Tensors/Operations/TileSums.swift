import CKernels

/// Sums over rows [R, N] by columns, on several threads: one row of sums for each tile, added up in their order.
struct TileSums {
  private let rows: Int
  private let width: Int
  private let perTile: Int
  private let sums: Tensor

  init(rows: Int, width: Int) {
    (self.rows, self.width) = (rows, width)
    // At most 64 rows of sums, which stay small beside the input.
    perTile = max(1, elementsPerTile / 4 / max(width, 1), (rows + 63) / 64)
    sums = Tensor(zeros: [(rows + perTile - 1) / perTile, width])
  }

  /// Calls `body` for ranges of rows, each with the sums to which it may add.
  func forEachTile(_ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void) {
    parallelFor(sums.shape[0]) { tile in
      body(tile * perTile..<min(rows, (tile + 1) * perTile), sums.floats + tile * width)
    }
  }

  /// [N]
  var total: Tensor {
    let total = Tensor(zeros: [width])
    for tile in 0..<sums.shape[0] { kernels.add_scaled(sums.floats + tile * width, 1, total.floats, width) }
    return total
  }
}
