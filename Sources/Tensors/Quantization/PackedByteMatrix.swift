import CKernels

/// The right operand of a matrix product in bytes, laid out for the kernels: a quarter of the memory of ``PackedMatrix``.
struct PackedByteMatrix: Sendable {
  /// Rows.
  let k: Int
  /// Columns.
  let n: Int
  private let panels: TensorStorage
  /// Of each column, to a multiple of 16, as are the sums.
  private let scales: Tensor
  private let sums: TensorStorage
  private let inputRange: ClosedRange<Float>?

  /// Packs columns that lie one behind the other, each of `k` bytes from -127 to 127 with a scale of its own.
  init(_ columns: UnsafePointer<Int8>, k: Int, scales: [Float], inputRange: ClosedRange<Float>? = nil) {
    precondition(k <= KERNEL_BYTE_DEPTH, "PackedByteMatrix: sums of \(k) products do not fit 32 bits")
    let n = scales.count
    let count = (n + 15) / 16
    (self.k, self.n, self.inputRange) = (k, n, inputRange)
    self.scales = Tensor(scales + [Float](repeating: 0, count: 16 * count - n))
    panels = TensorStorage(byteCount: kernel_byte_panel_size(k, n))
    sums = TensorStorage(byteCount: 16 * count * MemoryLayout<Int32>.stride)
    let to = panels.address.assumingMemoryBound(to: Int8.self)
    let totals = sums.address.assumingMemoryBound(to: Int32.self)
    let panelsPerTile = max(1, (1 << 15) / max(1, k * 16))
    parallelFor((count + panelsPerTile - 1) / panelsPerTile) { tile in
      let first = tile * panelsPerTile * 16
      let end = min(n, first + panelsPerTile * 16)
      kernels.pack_byte_panels(
        columns + first * k, k, end - first, k, to + kernel_byte_panel_size(k, first), totals + first)
    }
  }

  /// The transpose of a weight in PyTorch's layout.
  init(transposing weight: QuantizedTensor) {
    self = weight.withBytes {
      PackedByteMatrix($0, k: weight.width, scales: weight.scales, inputRange: weight.inputRange)
    }
  }

  var panelCount: Int { (n + 15) / 16 }

  /// Calls `body` with the matrix as the kernels want it.
  @inline(__always)
  func withMatrix<R>(_ body: (UnsafePointer<byte_matrix>) -> R) -> R {
    var matrix = byte_matrix(
      panels: panels.address.assumingMemoryBound(to: Int8.self), k: k, n: n, scales: scales.floats,
      sums: sums.address.assumingMemoryBound(to: Int32.self))
    return withExtendedLifetime((panels, scales, sums)) { body(&matrix) }
  }

  /// Turns rows of numbers into steps.
  private func quantize(
    _ rows: Range<Int>, _ a: UnsafePointer<Float>, _ stride: Int, into to: byte_rows
  ) {
    let (from, bytes) = (a + rows.lowerBound * stride, to.bytes + rows.lowerBound * to.stride)
    let (scales, zeros) = (to.scales + rows.lowerBound, to.zeros + rows.lowerBound)
    guard let inputRange else {
      kernels.quantize_rows(from, stride, rows.count, k, bytes, to.stride, scales, zeros)
      return
    }
    var scale: Float = 0
    let zero = kernels.quantize_between(
      inputRange.lowerBound, inputRange.upperBound, from, stride, rows.count, k, bytes, to.stride, &scale)
    scales.update(repeating: scale, count: rows.count)
    zeros.update(repeating: zero, count: rows.count)
  }

  /// C = start + A·B for `rows` rows, on the calling thread; `bias` has numbers to a multiple of 16.
  func multiply(
    rows: Int, _ a: UnsafePointer<Float>, stride aStride: Int, into c: UnsafeMutablePointer<Float>, stride cStride: Int,
    start: product_start, bias: UnsafePointer<Float>? = nil
  ) {
    guard rows > 0, n > 0 else { return }
    let memory = ByteRowMemory(rows: rows, width: k)
    var bytes = memory.rows
    quantize(0..<rows, a, aStride, into: bytes)
    withExtendedLifetime(memory) {
      withMatrix { kernels.multiply_bytes(&bytes, 0, rows, $0, 0, panelCount, c, cStride, start, bias) }
    }
  }

  /// The same on all threads.
  func multiplyInParallel(
    rows: Int, _ a: UnsafePointer<Float>, stride aStride: Int, into c: UnsafeMutablePointer<Float>, stride cStride: Int,
    start: product_start, bias: UnsafePointer<Float>? = nil
  ) {
    guard rows > 0, n > 0 else { return }
    let rowsPerTile = 96
    let rowTiles = (rows + rowsPerTile - 1) / rowsPerTile
    // A tile takes some five microseconds at least.
    let columnTiles = min(panelCount, max(1, 8 / rowTiles), max(1, rows * n * k / (1 << 19)))
    let memory = ByteRowMemory(rows: rows, width: k)
    let bytes = memory.rows
    if columnTiles > 1 {
      parallelFor(rowTiles) { tile in
        quantize(tile * rowsPerTile..<min(rows, (tile + 1) * rowsPerTile), a, aStride, into: bytes)
      }
    }
    withExtendedLifetime(memory) {
      withMatrix { matrix in
        parallelFor(rowTiles * columnTiles) { tile in
          let first = tile / columnTiles * rowsPerTile
          let count = min(rowsPerTile, rows - first)
          let column = tile % columnTiles
          let (panel, end) = (panelCount * column / columnTiles, panelCount * (column + 1) / columnTiles)
          if columnTiles == 1 { quantize(first..<first + count, a, aStride, into: bytes) }
          var rows = bytes
          kernels.multiply_bytes(
            &rows, first, count, matrix, panel, end, c + first * cStride + 16 * panel, cStride, start, bias)
        }
      }
    }
  }
}

/// Memory for rows of numbers in bytes.
struct ByteRowMemory: Sendable {
  private let storage: TensorStorage
  private let stride: Int
  private let count: Int

  init(rows: Int, width: Int) {
    (count, stride) = (rows, (width + 3) / 4 * 4)
    storage = TensorStorage(byteCount: rows * (stride + 8))
  }

  /// As the kernels want them, while the memory is kept alive.
  var rows: byte_rows {
    let base = storage.address
    let scales = base + count * stride
    return byte_rows(
      bytes: base.assumingMemoryBound(to: UInt8.self), stride: stride,
      scales: scales.assumingMemoryBound(to: Float.self),
      zeros: (scales + 4 * count).assumingMemoryBound(to: Int32.self))
  }
}

/// The right operand of a matrix product, in numbers or in bytes.
enum PackedWeight: Sendable {
  case floats(PackedMatrix)
  case bytes(PackedByteMatrix)

  var k: Int {
    switch self {
    case .floats(let matrix): matrix.k
    case .bytes(let matrix): matrix.k
    }
  }

  var n: Int {
    switch self {
    case .floats(let matrix): matrix.n
    case .bytes(let matrix): matrix.n
    }
  }

  /// C = start + A·B on all threads; `bias` has numbers to a multiple of 16.
  func multiplyInParallel(
    rows: Int, _ a: UnsafePointer<Float>, stride aStride: Int, into c: UnsafeMutablePointer<Float>, stride cStride: Int,
    start: product_start, bias: UnsafePointer<Float>? = nil
  ) {
    switch self {
    case .floats(let matrix):
      matrix.multiplyInParallel(rows: rows, a, stride: aStride, into: c, stride: cStride, start: start, bias: bias)
    case .bytes(let matrix):
      matrix.multiplyInParallel(rows: rows, a, stride: aStride, into: c, stride: cStride, start: start, bias: bias)
    }
  }
}
