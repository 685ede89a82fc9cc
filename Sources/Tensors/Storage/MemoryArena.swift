#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import Synchronization

/// Memory for tensors, taken from the system once and used again from step to step.
///
/// A training step frees and allocates the same tens of megabytes over and over; a general allocator gives such blocks
/// back to the kernel and pays for every page again. The arena reserves one range of addresses, hands out the lowest
/// free block that fits, joins neighbours when they are freed, and never returns a page, so that its footprint is the
/// largest amount in use at one time. Reserved addresses cost nothing until they are touched.
///
/// The number of live blocks is that of live tensors, some hundreds, so that free blocks are a sorted array.
package final class MemoryArena: Sendable {
  package static let shared = MemoryArena()

  /// Blocks start at multiples of this many bytes: a cache line, and room for the widest vector.
  package static let alignment = 64

  /// Bytes of addresses to ask for, the first that the process may have (`ulimit -v` limits them).
  private static let reservationSizes = [38, 36, 34, 32, 31, 30, 29, 28].map { 1 << $0 }

  private struct Block {
    var offset: Int
    var size: Int
    var end: Int { offset + size }
  }

  private struct State {
    var free: [Block]
    /// Bytes from the start that may be read and written.
    var committed = 0
    var inUse = 0
  }

  nonisolated(unsafe) private let base: UnsafeMutableRawPointer?
  private let capacity: Int
  private let state: Mutex<State>

  private init() {
    var reserved: UnsafeMutableRawPointer?
    var capacity = 0
    for size in Self.reservationSizes where reserved == nil {
      let address = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      if let address, address != MAP_FAILED {
        reserved = address
        capacity = size
      }
    }
    base = reserved
    self.capacity = capacity
    state = Mutex(State(free: capacity > 0 ? [Block(offset: 0, size: capacity)] : []))
  }

  /// Bytes handed out now.
  package var bytesInUse: Int { state.withLock(\.inUse) }

  /// A block of at least `size` bytes, not cleared; `nil` when the system has no memory left.
  func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    let size = Self.rounded(size)
    let offset = state.withLock { state -> Int? in
      guard let index = state.free.firstIndex(where: { $0.size >= size }) else { return nil }
      let offset = state.free[index].offset
      if !commit(upTo: offset + size, &state) { return nil }
      if state.free[index].size == size {
        state.free.remove(at: index)
      } else {
        state.free[index].offset += size
        state.free[index].size -= size
      }
      state.inUse += size
      return offset
    }
    guard let offset, let base else { return nil }
    return base + offset
  }

  func deallocate(_ pointer: UnsafeMutableRawPointer, size: Int) {
    guard let base else { return }
    var block = Block(offset: pointer - base, size: Self.rounded(size))
    state.withLock { state in
      state.inUse -= block.size
      // The first free block behind the one that comes back.
      var low = 0
      var high = state.free.count
      while low < high {
        let middle = (low + high) / 2
        if state.free[middle].offset < block.offset { low = middle + 1 } else { high = middle }
      }
      let joinsNext = low < state.free.count && block.end == state.free[low].offset
      if joinsNext { block.size += state.free[low].size }
      if low > 0, state.free[low - 1].end == block.offset {
        state.free[low - 1].size += block.size
        if joinsNext { state.free.remove(at: low) }
      } else if joinsNext {
        state.free[low] = block
      } else {
        state.free.insert(block, at: low)
      }
    }
  }

  private static func rounded(_ size: Int) -> Int {
    // One line more than asked: neighbours at a distance of a power of two would share cache sets.
    (max(size, 1) + 2 * alignment - 1) & ~(alignment - 1)
  }

  /// Makes the range accessible, in steps that keep the number of system calls low.
  private func commit(upTo end: Int, _ state: inout State) -> Bool {
    guard end > state.committed, let base else { return true }
    let step = 32 << 20
    let target = min((end + step - 1) / step * step, capacity)
    guard mprotect(base + state.committed, target - state.committed, PROT_READ | PROT_WRITE) == 0 else { return false }
    state.committed = target
    return true
  }
}
