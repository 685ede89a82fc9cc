/// A 128-bit checksum that notices damage (not a cryptographic one): two lanes of multiply and xor over 16 bytes each,
/// several gigabytes a second.
struct Checksum {
  private var lanes: (UInt64, UInt64, UInt64, UInt64) = (
    0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63
  )
  private var length: UInt64 = 0

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    length &+= UInt64(bytes.count)
    var offset = 0
    while offset + 32 <= bytes.count {
      mix(
        bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
      offset += 32
    }
    if offset < bytes.count {
      var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
      withUnsafeMutableBytes(of: &words) {
        $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
      }
      mix(words.0, words.1, words.2, words.3)
    }
  }

  private mutating func mix(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
    lanes.0 = Self.step(lanes.0, UInt64(littleEndian: a))
    lanes.1 = Self.step(lanes.1, UInt64(littleEndian: b))
    lanes.2 = Self.step(lanes.2, UInt64(littleEndian: c))
    lanes.3 = Self.step(lanes.3, UInt64(littleEndian: d))
  }

  /// One to one in `word` for each `lane`, so that a changed word always changes the lane.
  private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    let x = (lane ^ word) &* 0x9FB2_1C65_1E98_DF25
    return (x << 31 | x >> 33) &+ 0xD6E8_FEB8_6659_FD93
  }

  var hexadecimal: String {
    let first = Self.step(Self.step(lanes.0, lanes.1), length)
    let second = Self.step(Self.step(lanes.2, lanes.3), first)
    return [first, second].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// The checksum of a whole file, 32 hexadecimal digits: for noticing damage, not for keeping secrets.
public func checksum(ofFile path: String) throws(FileError) -> String {
  let file = try MappedFile(path: path)
  var checksum = Checksum()
  checksum.add(file.bytes(0..<file.count))
  return checksum.hexadecimal
}
