/// Which of a fixed number of buckets are kept, and the place of each among those: one bit a bucket, and a sum for every
/// 64 of them.
struct BucketIndex: Sendable, Hashable {
  /// Buckets that a hash can fall into.
  let bucketCount: Int
  /// Buckets that are kept.
  let keptCount: Int
  private let bits: [UInt64]
  /// Kept buckets before each word of `bits`.
  private let ranks: [Int32]

  /// The buckets that were met at least `minimumCount` times.
  init(counts: [UInt8], minimumCount: Int) {
    var bits = [UInt64](repeating: 0, count: (counts.count + 63) / 64)
    let least = UInt8(clamping: max(1, minimumCount))
    for (bucket, count) in counts.enumerated() where count >= least { bits[bucket / 64] |= 1 << UInt64(bucket % 64) }
    self.init(bits: bits, bucketCount: counts.count)
  }

  /// The bits as a file has them, eight buckets a byte; nil when they are not those of so many buckets.
  init?(bytes: RawSpan, bucketCount: Int) {
    guard bucketCount >= 0, bytes.byteCount == (bucketCount + 63) / 64 * 8 else { return nil }
    let bits = (0..<bytes.byteCount / 8).map {
      UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
    }
    if bucketCount % 64 != 0, let last = bits.last, last >> UInt64(bucketCount % 64) != 0 { return nil }
    self.init(bits: bits, bucketCount: bucketCount)
  }

  private init(bits: [UInt64], bucketCount: Int) {
    self.bucketCount = bucketCount
    self.bits = bits
    var kept: Int32 = 0
    ranks = bits.map { word in
      defer { kept += Int32(word.nonzeroBitCount) }
      return kept
    }
    keptCount = Int(kept)
  }

  /// Some of the buckets, by their places among the kept ones.
  func keeping(_ places: Set<Int32>) -> BucketIndex {
    var kept = [UInt64](repeating: 0, count: bits.count)
    var place: Int32 = 0
    for (index, word) in bits.enumerated() {
      var rest = word
      while rest != 0 {
        if places.contains(place) { kept[index] |= rest & (~rest &+ 1) }
        rest &= rest - 1
        place += 1
      }
    }
    return BucketIndex(bits: kept, bucketCount: bucketCount)
  }

  /// The kept buckets in rising order.
  var buckets: [Int32] {
    bits.enumerated().flatMap { index, word in
      (0..<64).filter { word >> UInt64($0) & 1 == 1 }.map { Int32(64 * index + $0) }
    }
  }

  /// Kept buckets that must rise; nil where they do not.
  init?(buckets: [Int32], bucketCount: Int) {
    var bits = [UInt64](repeating: 0, count: (bucketCount + 63) / 64)
    var last: Int32 = -1
    for bucket in buckets {
      guard bucket > last, Int(bucket) < bucketCount else { return nil }
      bits[Int(bucket) / 64] |= 1 << UInt64(bucket % 64)
      last = bucket
    }
    self.init(bits: bits, bucketCount: bucketCount)
  }

  /// The bits as ``init(bytes:bucketCount:)`` reads them.
  var bytes: [UInt8] {
    bits.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
  }

  /// The bucket of a hash.
  @inline(__always)
  func bucket(_ hash: UInt64) -> Int { FeatureHash.bucket(hash, of: bucketCount) }

  /// The place of a hash's bucket among the kept ones, or nil.
  @inline(__always)
  func place(of hash: UInt64) -> Int32? {
    let bucket = bucket(hash)
    let (word, bit) = (bits[bucket / 64], UInt64(bucket % 64))
    guard word >> bit & 1 == 1 else { return nil }
    return ranks[bucket / 64] + Int32((word & ((1 << bit) - 1)).nonzeroBitCount)
  }
}
