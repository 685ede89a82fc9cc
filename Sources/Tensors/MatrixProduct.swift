import CKernels

/// The right operand of a matrix product, laid out for the micro-kernel.
///
/// Packing costs about as much as reading and writing the matrix once; a product with many rows, or the same matrix
/// with few rows many times, gains from it.
struct PackedMatrix: Sendable {
  /// Rows.
  let k: Int
  /// Columns.
  let n: Int
  private let panels: Tensor

  /// Packs the matrix with element (i, j) at `matrix[i * rowStride + j * columnStride]`.
  init(_ matrix: UnsafePointer<Float>, rowStride: Int, columnStride: Int, k: Int, n: Int) {
    self.k = k
    self.n = n
    panels = Tensor(uninitialized: [kernel_packed_size(k, n)])
    let to = panels.floats
    // Some panels at a time, from 32 K elements on.
    let panelsPerTile = max(1, (1 << 15) / max(1, k * 16))
    let count = (n + 15) / 16
    parallelFor((count + panelsPerTile - 1) / panelsPerTile) { tile in
      let first = tile * panelsPerTile
      let end = min(count, first + panelsPerTile)
      kernels.pack_panels(
        matrix + first * 16 * columnStride, rowStride, columnStride, k, min(n, end * 16) - first * 16,
        to + first * 16 * k)
    }
  }

  /// A row-major matrix [k, n].
  init(_ matrix: Tensor) {
    self.init(matrix.floats, rowStride: matrix.shape[1], columnStride: 1, k: matrix.shape[0], n: matrix.shape[1])
  }

  /// The transpose of a row-major matrix [n, k], such as a weight in PyTorch's layout.
  init(transposing matrix: Tensor) {
    self.init(matrix.floats, rowStride: 1, columnStride: matrix.shape[1], k: matrix.shape[1], n: matrix.shape[0])
  }

  var pointer: UnsafePointer<Float> { UnsafePointer(panels.floats) }

  var panelCount: Int { (n + 15) / 16 }

  /// C = start + A·B for `rows` rows, on the calling thread.
  func multiply(
    rows: Int, _ a: UnsafePointer<Float>, stride aStride: Int, into c: UnsafeMutablePointer<Float>, stride cStride: Int,
    start: product_start, bias: UnsafePointer<Float>? = nil
  ) {
    multiply(rows: rows, panels: 0..<panelCount, a, aStride, c, cStride, start, bias)
  }

  private func multiply(
    rows: Int, panels range: Range<Int>, _ a: UnsafePointer<Float>, _ aStride: Int, _ c: UnsafeMutablePointer<Float>,
    _ cStride: Int, _ start: product_start, _ bias: UnsafePointer<Float>?
  ) {
    withTemporaryRowBlocks(rows) { blocks in
      withExtendedLifetime(panels) {
        kernels.multiply_panels(
          blocks.baseAddress.unsafelyUnwrapped, blocks.count, k, a, aStride, panels.floats, n, range.lowerBound,
          range.upperBound, c, cStride, start, bias)
      }
    }
  }

  /// The same on all threads: tiles of rows, and of columns where there are few rows.
  func multiplyInParallel(
    rows: Int, _ a: UnsafePointer<Float>, stride aStride: Int, into c: UnsafeMutablePointer<Float>, stride cStride: Int,
    start: product_start, bias: UnsafePointer<Float>? = nil
  ) {
    guard rows > 0, n > 0 else { return }
    let rowsPerTile = 96
    let rowTiles = (rows + rowsPerTile - 1) / rowsPerTile
    // A tile takes some five microseconds at least.
    let columnTiles = min(panelCount, max(1, 8 / rowTiles), max(1, rows * n * k / (1 << 18)))
    parallelFor(rowTiles * columnTiles) { tile in
      let first = tile / columnTiles * rowsPerTile
      let column = tile % columnTiles
      let panels = panelCount * column / columnTiles..<panelCount * (column + 1) / columnTiles
      multiply(
        rows: min(rowsPerTile, rows - first), panels: panels, a + first * aStride, aStride, c + first * cStride,
        cStride, start, bias)
    }
  }
}

/// The blocks of rows 0..<rows, in memory of the stack.
func withTemporaryRowBlocks<R>(_ rows: Int, _ body: (UnsafeBufferPointer<row_block>) -> R) -> R {
  let most = Int(KERNEL_ROW_BLOCK)
  return withUnsafeTemporaryAllocation(of: row_block.self, capacity: max((rows + most - 1) / most, 1)) { blocks in
    var count = 0
    forEachRowBlock(of: rows) {
      blocks[count] = row_block(first: Int32($0), count: Int32($1))
      count += 1
    }
    return body(UnsafeBufferPointer(start: blocks.baseAddress, count: count))
  }
}

/// Calls `body` with the first row and the height of each block of rows 0..<rows.
@inline(__always)
func forEachRowBlock(of rows: Int, _ body: (_ first: Int, _ height: Int) -> Void) {
  var first = 0
  while first < rows {
    let height = kernel_next_block(rows - first)
    body(first, height)
    first += height
  }
}
