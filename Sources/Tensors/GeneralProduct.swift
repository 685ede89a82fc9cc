import CKernels
import COpenBLAS

/// A matrix in memory, as it lies or transposed.
struct MatrixView {
  let floats: UnsafePointer<Float>
  /// Distance of two rows of what is stored.
  let stride: Int
  var isTransposed = false
}

/// C [m, n] = bias + A·B, on all threads; `bias` has a number for each of the n columns.
///
/// With the AVX2 kernels B is packed and multiplied by them, which is as fast as OpenBLAS on large products and faster on
/// small ones. Where the kernels are those in plain C, OpenBLAS, which knows more processors, multiplies large products,
/// on tiles that are cut here and do not depend on the number of threads.
func generalProduct(
  _ a: UnsafePointer<Float>, stride aStride: Int, _ b: MatrixView, m: Int, n: Int, k: Int,
  into c: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>? = nil
) {
  guard Kernels.level == .plain, m > 1, m * n * k >= 1 << 15 else {
    let packed = PackedMatrix(
      b.floats, rowStride: b.isTransposed ? 1 : b.stride, columnStride: b.isTransposed ? b.stride : 1, k: k, n: n)
    return packed.multiplyInParallel(
      rows: m, a, stride: aStride, into: c, stride: n, start: bias == nil ? product_start_zero : product_start_bias,
      bias: bias)
  }
  let rowsPerTile = 96
  parallelFor((m + rowsPerTile - 1) / rowsPerTile) { tile in
    let first = tile * rowsPerTile
    let rows = min(rowsPerTile, m - first)
    let to = c + first * n
    if let bias {
      for row in 0..<rows { (to + row * n).update(from: bias, count: n) }
    }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans, Int32(rows), Int32(n), Int32(k), 1,
      a + first * aStride, Int32(aStride), b.floats, Int32(b.stride), bias == nil ? 0 : 1, to, Int32(n))
  }
}
