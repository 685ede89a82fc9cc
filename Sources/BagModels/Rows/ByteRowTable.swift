import Tensors

/// A table of rows of signed bytes, each with a scale: a quarter of the memory of ``RowTable``, and fewer cache lines to
/// wait for. The error of an element is at most 1/254 of its row's largest.
final class ByteRowTable: @unchecked Sendable {
  // Unchecked: written to only while it is made.
  let count: Int
  let dimensions: Int
  /// Bytes from one row to the next.
  let stride: Int
  private let bytes: UnsafeMutablePointer<Int8>
  private let scales: UnsafeMutablePointer<Float>

  private init(count: Int, dimensions: Int) {
    self.count = count
    self.dimensions = dimensions
    stride = (dimensions + 31) / 32 * 32
    bytes = UnsafeMutableRawPointer.allocate(byteCount: max(1, count * stride), alignment: 64)
      .bindMemory(to: Int8.self, capacity: max(1, count * stride))
    bytes.initialize(repeating: 0, count: count * stride)
    scales = .allocate(capacity: max(1, count))
    scales.initialize(repeating: 0, count: count)
  }

  deinit {
    bytes.deallocate()
    scales.deallocate()
  }

  /// The nearest bytes to the rows of a table.
  convenience init(_ table: RowTable) {
    self.init(count: table.count, dimensions: table.dimensions)
    let perTile = 512
    parallelFor((count + perTile - 1) / perTile) { tile in
      for row in tile * perTile..<min(count, (tile + 1) * perTile) {
        let values = UnsafeBufferPointer(start: table[row], count: dimensions)
        let largest = values.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite, values.allSatisfy(\.isFinite) else { continue }
        scales[row] = largest / 127
        for index in 0..<dimensions {
          bytes[row * stride + index] = Int8((values[index] / largest * 127).rounded())
        }
      }
    }
  }

  /// Rows as ``packedBytes`` gives them; the caller has checked the sizes.
  convenience init(packed: RawSpan, scales: [Float], dimensions: Int) {
    self.init(count: scales.count, dimensions: dimensions)
    self.scales.update(from: scales, count: count)
    packed.withUnsafeBytes { packed in
      guard let base = packed.baseAddress else { return }
      for row in 0..<count {
        UnsafeMutableRawPointer(bytes + row * stride).copyMemory(from: base + row * dimensions, byteCount: dimensions)
      }
    }
  }

  /// The rows without what lies between them.
  var packedBytes: [UInt8] {
    var packed: [UInt8] = []
    packed.reserveCapacity(count * dimensions)
    for row in 0..<count {
      packed += UnsafeRawBufferPointer(start: bytes + row * stride, count: dimensions)
    }
    return packed
  }

  /// The scale of each row.
  var rowScales: [Float] { Array(UnsafeBufferPointer(start: scales, count: count)) }

  /// The sum of the rows between two places.
  func sum(
    _ rows: UnsafePointer<Int32>, _ bounds: UnsafePointer<Int32>, into out: UnsafeMutablePointer<Float>, width: Int
  ) {
    kernels.sum_byte_rows(bytes, stride, scales, width, rows, bounds, 1, out, width)
  }

  /// A row's D elements.
  func vector(_ row: Int) -> [Float] {
    (0..<dimensions).map { Float(bytes[row * stride + $0]) * scales[row] }
  }
}

/// The rows of a trained model.
enum RowStorage: Sendable {
  case floats(RowTable)
  case bytes(ByteRowTable)
  case quantized(QuantizedRowTable)

  var count: Int {
    switch self {
    case .floats(let table): table.count
    case .bytes(let table): table.count
    case .quantized(let table): table.count
    }
  }

  /// The mean of some rows; zeros without any. `out` has D elements rounded up to 8.
  func mean(of rows: [Int32], into out: UnsafeMutablePointer<Float>, width: Int) {
    guard !rows.isEmpty else { return out.update(repeating: 0, count: width) }
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2) { bounds in
      guard let bounds = bounds.baseAddress else { return }
      (bounds[0], bounds[1]) = (0, Int32(truncatingIfNeeded: rows.count))
      switch self {
      case .bytes(let table): table.sum(rows, bounds, into: out, width: width)
      case .floats(let table):
        kernels.sum_rows(table.base, table.stride, table.width, rows, bounds, 1, out, width)
      case .quantized(let table):
        table.sum(rows, into: out)
        (out + table.dimensions).update(repeating: 0, count: width - table.dimensions)
      }
    }
    kernels.scale(out, 1 / Float(rows.count), out, width)
  }

  /// A row's D elements.
  func vector(_ row: Int) -> [Float] {
    switch self {
    case .floats(let table): table.vector(row)
    case .bytes(let table): table.vector(row)
    case .quantized(let table): table.vector(row)
    }
  }
}
