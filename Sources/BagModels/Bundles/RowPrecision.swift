import ModelFiles
import Tensors

/// How a model's rows are stored.
public enum RowPrecision: String, Sendable, Codable, CaseIterable {
  /// Four bytes a number, as trained.
  case float32
  /// Two bytes a number.
  case float16
  /// One byte a number, and a scale for each row. The model keeps them so in memory, too.
  case int8
}

extension RowStorage {
  static let rowsName = "rows"
  static let scalesName = "row_scales"

  /// The tensors that readers must keep as they are stored.
  static let storedNames: Set = [rowsName, normCodesName, codebookName]

  /// The rows as a file has them.
  func stored(_ precision: RowPrecision) -> (stored: [String: StoredTensor], tensors: [String: Tensor]) {
    switch (self, precision) {
    case (.quantized(let table), _): return table.storedTensors
    case (.bytes(let table), _):
      let rows = StoredTensor(table.packedBytes, type: .int8, shape: [table.count, table.dimensions])
      return ([Self.rowsName: rows], [Self.scalesName: Tensor(table.rowScales)])
    case (.floats(let table), .int8):
      return RowStorage.bytes(ByteRowTable(table)).stored(.int8)
    case (.floats(let table), .float16), (.floats(let table), .float32):
      let type = precision == .float16 ? ElementType.float16 : .float32
      let rows = StoredTensor(table.packedBytes(type), type: type, shape: [table.count, table.dimensions])
      return ([Self.rowsName: rows], [:])
    }
  }

  /// Reads rows of a known number and size; nil when the file has others.
  init?(_ weights: SafeTensors, count: Int, dimensions: Int) throws(BagModelError) {
    guard let rows = weights.stored[Self.rowsName] else { return nil }
    if rows.type == .uint8 {
      guard let table = QuantizedRowTable(weights, codes: rows, count: count, dimensions: dimensions) else {
        return nil
      }
      self = .quantized(table)
      return
    }
    guard rows.shape == [count, dimensions] else { return nil }
    if rows.type == .int8 {
      guard let scales = weights.tensors[Self.scalesName], scales.shape == [count] else { return nil }
      self = .bytes(rows.withBytes { ByteRowTable(packed: $0, scales: scales.scalars, dimensions: dimensions) })
      return
    }
    guard rows.type == .float32 || rows.type == .float16, weights.tensors[Self.scalesName] == nil else { return nil }
    guard let table = RowTable(count: count, dimensions: dimensions) else {
      throw .outOfMemory(rows: count, dimensions: dimensions)
    }
    rows.withBytes { table.fill($0, isHalf: rows.type == .float16) }
    self = .floats(table)
  }
}

extension RowTable {
  /// The rows without what lies between them, little-endian as all machines are that this builds for.
  fileprivate func packedBytes(_ type: ElementType) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * dimensions * type.size)
    for row in 0..<count {
      let numbers = UnsafeBufferPointer(start: self[row], count: dimensions)
      if type == .float16 {
        numbers.map { Float16($0) }.withUnsafeBytes { bytes += $0 }
      } else {
        bytes += UnsafeRawBufferPointer(numbers)
      }
    }
    return bytes
  }

  /// Reads rows that lie one behind the other.
  fileprivate func fill(_ bytes: RawSpan, isHalf: Bool) {
    let size = isHalf ? 2 : 4
    bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let perTile = 512
      parallelFor((count + perTile - 1) / perTile) { tile in
        for row in tile * perTile..<min(count, (tile + 1) * perTile) {
          let from = base + row * dimensions * size
          guard isHalf else {
            UnsafeMutableRawPointer(self[row]).copyMemory(from: from, byteCount: dimensions * size)
            continue
          }
          for index in 0..<dimensions {
            self[row][index] = Float(from.loadUnaligned(fromByteOffset: index * size, as: Float16.self))
          }
        }
      }
    }
  }
}
