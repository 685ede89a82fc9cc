/// Fast 64-bit hashes that are stored in files, and so must never change: a new one needs a new flat-table version.
///
/// Both fold 64 × 64 → 128-bit products, the cheapest good mixing that a CPU without vector code offers. Neither
/// resists an attacker; identity is checked with ``SHA256``.
package enum ByteHash {
  // Odd constants with half of their bits set, from the fractional parts of square roots of primes.
  private static let k0: UInt64 = 0x6A09_E667_F3BC_C909
  private static let k1: UInt64 = 0xBB67_AE85_84CA_A73B
  private static let k2: UInt64 = 0x3C6E_F372_FE94_F82B
  private static let k3: UInt64 = 0xA54F_F53A_5F1D_36F1

  @inline(__always)
  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// The hash of a token, tuned for a few bytes.
  @inline(__always)
  package static func token(_ bytes: RawSpan) -> UInt64 { hash(bytes, from: 0, seed: k0) }

  @inline(__always)
  private static func hash(_ bytes: RawSpan, from start: Int, seed: UInt64) -> UInt64 {
    let size = bytes.byteCount
    var state = seed ^ (UInt64(truncatingIfNeeded: size) &* k3)
    var position = start
    while size &- position > 16 {
      state = fold(bytes.loadUInt64(at: position) ^ k1, bytes.loadUInt64(at: position &+ 8) ^ state)
      position &+= 16
    }
    let rest = size &- position
    var first: UInt64 = 0
    var last: UInt64 = 0
    if rest >= 8 {
      first = bytes.loadUInt64(at: position)
      last = bytes.loadUInt64(at: size &- 8)
    } else if rest >= 4 {
      first = UInt64(bytes.loadUInt32(at: position))
      last = UInt64(bytes.loadUInt32(at: size &- 4))
    } else if rest > 0 {
      // Together with the size these three loads tell all strings of one to three bytes apart.
      first =
        UInt64(bytes.loadByte(at: position)) | UInt64(bytes.loadByte(at: position &+ rest / 2)) << 8
        | UInt64(bytes.loadByte(at: size &- 1)) << 16
    }
    return fold(fold(first ^ k1, last ^ state) ^ k2, k3)
  }

  /// The hash of bytes behind others whose hash is known: a checksum of rows, one after the other.
  static func hash(_ bytes: RawSpan, after state: UInt64) -> UInt64 { hash(bytes, from: 0, seed: state) }

  /// The checksum of a whole flat table: four independent lanes, so that the multiplications overlap.
  static func checksum(_ bytes: RawSpan) -> UInt64 {
    let size = bytes.byteCount
    var (a, b, c, d) = (k0, k1, k2, k3)
    var position = 0
    while size &- position >= 64 {
      a = fold(bytes.loadUInt64(at: position) ^ k0, bytes.loadUInt64(at: position &+ 8) ^ a)
      b = fold(bytes.loadUInt64(at: position &+ 16) ^ k1, bytes.loadUInt64(at: position &+ 24) ^ b)
      c = fold(bytes.loadUInt64(at: position &+ 32) ^ k2, bytes.loadUInt64(at: position &+ 40) ^ c)
      d = fold(bytes.loadUInt64(at: position &+ 48) ^ k3, bytes.loadUInt64(at: position &+ 56) ^ d)
      position &+= 64
    }
    return hash(bytes, from: position, seed: fold(a ^ k2, b ^ k3) ^ fold(c ^ k0, d ^ k1))
  }
}
