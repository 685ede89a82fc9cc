/// The kinds of number that a storage can hold. `float32` computes; the others are stored and converted.
public enum ElementType: String, Sendable, Codable, CaseIterable {
  /// IEEE 754 single precision.
  case float32
  /// 32 bits, signed.
  case int32
  /// 8 bits, unsigned.
  case uint8
  /// 8 bits, signed.
  case int8
  /// IEEE 754 half precision.
  case float16
  /// The upper half of `float32`.
  case bfloat16
  /// IEEE 754 double precision.
  case float64
  /// 64 bits, signed.
  case int64

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float32, .int32: 4
    case .float16, .bfloat16: 2
    case .uint8, .int8: 1
    case .float64, .int64: 8
    }
  }
}

/// A block of the arena that tensors share until one of them is written to.
///
/// Unchecked, because the compiler cannot see the rule that makes it safe: whoever writes holds the only reference
/// (`Tensor.withUnsafeMutableElements` copies first otherwise), or has just made the storage and not shown it yet.
final class TensorStorage: @unchecked Sendable {
  let address: UnsafeMutableRawPointer
  let byteCount: Int
  /// Kept alive for storages that look into memory owned by somebody else, such as a mapped file.
  private let owner: AnyObject?

  /// Uninitialised memory.
  init(byteCount: Int) {
    guard let address = MemoryArena.shared.allocate(byteCount) else {
      // Readers check sizes against the length of their file before they come here, and training checks those of its
      // network against the machine's memory.
      MemoryExhaustion.fail(byteCount: byteCount)
    }
    self.address = address
    self.byteCount = byteCount
    owner = nil
  }

  /// Looks at memory that `owner` keeps alive and nobody writes to.
  init(viewing address: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
    self.address = UnsafeMutableRawPointer(mutating: address)
    self.byteCount = byteCount
    self.owner = owner
  }

  /// Whether the memory belongs to somebody else and must be copied before a write.
  var isBorrowed: Bool { owner != nil }

  deinit {
    if owner == nil { MemoryArena.shared.deallocate(address, size: byteCount) }
  }
}
