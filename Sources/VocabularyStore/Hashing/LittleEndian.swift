/// Unaligned little-endian access to bytes, the order of every number in the flat table.
///
/// All of it is bounds-checked; readers of untrusted bytes check their offsets first, so that the check never fails.
extension RawSpan {
  @inline(__always)
  func loadUInt32(at offset: Int) -> UInt32 {
    UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  @inline(__always)
  func loadUInt64(at offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  func loadByte(at offset: Int) -> UInt8 {
    unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
  }

  /// Whether `byteCount` bytes from `offset` equal the whole of `other`.
  ///
  /// Eight bytes at a time; the tail is an overlapping load, because tokens are short and a byte loop costs more.
  @inline(__always)
  func matches(_ other: RawSpan, at offset: Int) -> Bool {
    let size = other.byteCount
    if size >= 8 {
      var position = 0
      while position < size &- 8 {
        if loadUInt64(at: offset &+ position) != other.loadUInt64(at: position) { return false }
        position &+= 8
      }
      return loadUInt64(at: offset &+ size &- 8) == other.loadUInt64(at: size &- 8)
    }
    if size >= 4 {
      return loadUInt32(at: offset) == other.loadUInt32(at: 0)
        && loadUInt32(at: offset &+ size &- 4) == other.loadUInt32(at: size &- 4)
    }
    for position in 0..<size where loadByte(at: offset &+ position) != other.loadByte(at: position) { return false }
    return true
  }
}

extension MutableRawSpan {
  @inline(__always)
  mutating func store(_ value: UInt32, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
  }

  @inline(__always)
  mutating func store(_ value: UInt64, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
  }
}
