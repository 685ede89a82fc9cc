/// Bytes in memory that grows and is kept: a text that is looked at piece by piece, without the reference counting and
/// the access checks that an array in an object costs for each piece. Belongs to one thread.
final class ByteBuffer {
  private(set) var memory = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
  /// How many of the bytes are in use.
  private(set) var count = 0

  deinit {
    memory.deallocate()
  }

  /// The bytes in use.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: memory[..<count]) }

  /// Makes `newCount` the number of bytes in use. Those that were in use stay; new ones have any value.
  func resize(to newCount: Int) {
    if newCount > memory.count {
      let grown = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(newCount, 2 * memory.count, 256))
      _ = grown.update(fromContentsOf: bytes)
      memory.deallocate()
      memory = grown
    }
    count = newCount
  }

  func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    let start = count
    resize(to: start + bytes.count)
    _ = UnsafeMutableBufferPointer(rebasing: memory[start..<count]).update(fromContentsOf: bytes)
  }
}
