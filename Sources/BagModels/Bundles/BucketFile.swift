import ModelFiles
import Tensors

/// Kept buckets in a file: bytes with a bit for each bucket, or, where few are kept, their numbers.
extension BucketIndex {
  /// - Parameter shortest: whether numbers may take the place of bits, which earlier versions do not read.
  func stored(shortest: Bool) -> StoredTensor {
    let bits = bytes
    guard shortest, 4 * keptCount < bits.count else {
      return StoredTensor(bits, type: .uint8, shape: [bits.count])
    }
    let numbers = buckets.map(\.littleEndian)
    return StoredTensor(numbers.withUnsafeBytes { Array($0) }, type: .int32, shape: [keptCount])
  }

  /// Nil when they are not those of so many buckets.
  init?(_ tensor: StoredTensor, bucketCount: Int) {
    guard bucketCount >= 0 else { return nil }
    let found: BucketIndex? = tensor.withBytes { bytes in
      switch tensor.type {
      case .uint8: return BucketIndex(bytes: bytes, bucketCount: bucketCount)
      case .int32:
        let numbers = (0..<bytes.byteCount / 4).map {
          Int32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))
        }
        return BucketIndex(buckets: numbers, bucketCount: bucketCount)
      default: return nil
      }
    }
    guard let found else { return nil }
    self = found
  }
}
