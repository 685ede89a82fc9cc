import CKernels
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

nonisolated(unsafe) private let kernelTable: UnsafePointer<kernel_table> = {
  guard let table = UnsafePointer<kernel_table>(bitPattern: Kernels.tableAddress) else {
    preconditionFailure("the plain kernels are always there")
  }
  return table
}()

/// The table of kernels in use.
@inline(__always)
var kernels: kernel_table { kernelTable.pointee }

/// A table of Float32 rows that are read and written at random: each starts at a cache line, in huge pages where the
/// system has them, since a model spends most of its time on waiting for rows and on finding their pages.
///
/// Unchecked, because the compiler cannot see who writes: training does, each thread to rows of its own, and what is
/// trained or loaded is never written to again.
final class RowTable: @unchecked Sendable {
  /// R
  let count: Int
  /// D, the elements of a row that have a meaning.
  let dimensions: Int
  /// Floats from one row to the next, a multiple of 16.
  let stride: Int
  /// D rounded up to what the kernels read, a multiple of 8. Elements behind D are zero.
  let width: Int
  let base: UnsafeMutablePointer<Float>
  private let byteCount: Int

  /// A table of zeros; nil when the system does not have the memory.
  init?(count: Int, dimensions: Int) {
    let stride = (dimensions + 15) / 16 * 16
    let (floats, overflow) = stride.multipliedReportingOverflow(by: max(count, 1))
    guard !overflow, floats <= Int.max / 8 else { return nil }
    self.count = count
    self.dimensions = dimensions
    self.stride = stride
    width = (dimensions + 7) / 8 * 8
    byteCount = floats * MemoryLayout<Float>.stride
    guard let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      address != MAP_FAILED
    else { return nil }
    // A wish only. The number is MADV_HUGEPAGE, which not every C library names.
    madvise(address, byteCount, 14)
    base = address.bindMemory(to: Float.self, capacity: floats)
  }

  deinit { munmap(base, byteCount) }

  /// Whether no element is infinite or not a number; one pass over the table.
  var isFinite: Bool { kernels.sum_of_squares(base, count * stride).isFinite }

  /// The first element of a row.
  @inline(__always)
  subscript(row: Int) -> UnsafeMutablePointer<Float> { base + row * stride }

  /// A row's D elements.
  func vector(_ row: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: self[row], count: dimensions))
  }

  /// Fills the rows with uniform numbers of [-bound, bound), a function of the stream alone.
  func fill(_ random: RandomStream, bound: Float) {
    let perTile = 512
    parallelFor((count + perTile - 1) / perTile) { tile in
      for row in tile * perTile..<min(count, (tile + 1) * perTile) {
        random.fillUniform(self[row], dimensions, from: row * dimensions)
        for index in 0..<dimensions { self[row][index] = (2 * self[row][index] - 1) * bound }
      }
    }
  }
}

extension RandomStream {
  /// Numbers of [0, 1), from number `first` of the stream on.
  func fillUniform(_ numbers: UnsafeMutablePointer<Float>, _ count: Int, from first: Int) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2) { key in
      guard let words = key.baseAddress else { return }
      (words[0], words[1]) = keyWords
      kernels.uniform(words, UInt64(first), numbers, count)
    }
  }
}
