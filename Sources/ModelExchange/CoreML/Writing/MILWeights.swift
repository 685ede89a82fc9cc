import ModelFiles
import Tensors

/// The file of an ML Program's weights: a header of 64 bytes, then for each tensor 64 bytes that describe it and its numbers,
/// both beginning at multiples of 64 (MILBlob/Blob/StorageFormat.hpp of coremltools, version 2). Numbers are Float32,
/// little-endian.
struct MILWeights {
  /// What programs call the file.
  static let reference = "@model_path/weights/weight.bin"
  private static let alignment = 64
  private static let version: UInt32 = 2
  private static let sentinel: UInt32 = 0xDEAD_BEEF
  private static let float32: UInt32 = 2

  private var entries: [(tensor: Tensor, offset: Int)] = []
  /// Bytes of the file.
  private(set) var size = alignment

  /// Adds a tensor and tells where its description will stand.
  mutating func append(_ tensor: Tensor) -> Int {
    let offset = (size + Self.alignment - 1) / Self.alignment * Self.alignment
    entries.append((tensor, offset))
    size = offset + Self.alignment + tensor.count * MemoryLayout<Float>.size
    return offset
  }

  /// Writes the file tensor by tensor, without a copy of the numbers.
  func write(to path: String) throws(FileError) {
    try writeAtomically(to: path) { (writer) throws(FileError) in
      try writer.write(Self.block([UInt32(entries.count), Self.version], []))
      var position = Self.alignment
      for (tensor, offset) in entries {
        try writer.write([UInt8](repeating: 0, count: offset - position))
        let (bytes, start) = (tensor.count * MemoryLayout<Float>.size, offset + Self.alignment)
        try writer.write(Self.block([Self.sentinel, Self.float32], [UInt64(bytes), UInt64(start)]))
        try writer.write(tensor)
        position = start + bytes
      }
    }
  }

  private static func littleEndianBytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number(8 * $0)) }
  }

  /// 64 bytes that begin with some numbers.
  private static func block(_ words: [UInt32], _ longs: [UInt64]) -> [UInt8] {
    let bytes = words.flatMap { littleEndianBytes($0) } + longs.flatMap { littleEndianBytes($0) }
    return bytes + [UInt8](repeating: 0, count: alignment - bytes.count)
  }
}
