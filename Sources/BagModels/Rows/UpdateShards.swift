import CKernels
import Tensors

/// Which additions a batch makes to the rows of a table, in an order that does not depend on threads.
///
/// Parts of the batch collect their additions side by side, each sorted by the shard of the row. Then each shard is a piece of work of its own: it takes its additions part by part, and no two shards
/// touch the same row. So the result is that of one thread that takes all additions in the order of the parts.
struct UpdateShards: ~Copyable {
  /// Pieces of work, whatever the number of threads.
  static let count = 16
  /// Neighbouring rows that belong to the same shard, some pages of memory: processors fetch the neighbours of what they
  /// read, and would take rows away from each other if neighbours belonged to different threads.
  private static let blockBits: Int32 = 4

  private var updates = ScratchBuffer<row_update>()
  /// [shard][part]
  private var lists = ScratchBuffer<row_update_list>(capacity: 16 * 16)
  private(set) var partCount = 0

  /// Makes room for so many additions in all.
  mutating func begin(parts: Int, updates count: Int) {
    partCount = parts
    updates.reserve(count)
    lists.reserve(parts * Self.count)
  }

  /// Collects the additions of a part: `count` of them, which may lie from place `first` on.
  ///
  /// - Parameters:
  ///   - row: the row of the addition of this index.
  ///   - update: the addition of this index.
  @inline(__always)
  func collect(
    part: Int, first: Int, count: Int, row: (Int) -> Int32, update: (Int) -> row_update
  ) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.count) { next in
      next.initialize(repeating: 0)
      for index in 0..<count { next[Self.shard(of: row(index))] += 1 }
      var place = first
      for shard in 0..<Self.count {
        let size = next[shard]
        lists.base[shard * partCount + part] = row_update_list(updates: updates.base + place, count: size)
        next[shard] = place
        place += size
      }
      for index in 0..<count {
        let shard = Self.shard(of: row(index))
        updates.base[next[shard]] = update(index)
        next[shard] += 1
      }
    }
  }

  @inline(__always)
  private static func shard(of row: Int32) -> Int { Int(row >> blockBits & Int32(count - 1)) }

  /// Gives the additions of one shard the factors of AdaGrad, in the order in which they will be made.
  ///
  /// - Parameter squares: the squared norm of each source.
  func adapt(shard: Int, by rates: AdaptiveRates, squares: UnsafePointer<Float>) {
    for part in 0..<partCount {
      let list = lists.base[shard * partCount + part]
      guard let updates = UnsafeMutablePointer(mutating: list.updates) else { continue }
      for index in 0..<list.count {
        let update = updates[index]
        updates[index].factor = rates.factor(
          row: update.row, update.factor, square: squares[Int(update.source)])
      }
    }
  }

  /// Makes the additions of one shard: row += factor · source.
  func apply(shard: Int, to table: RowTable, sources: UnsafePointer<Float>, stride: Int) {
    kernels.update_rows(
      table.base, table.stride, table.width, lists.base + shard * partCount, partCount, sources, stride)
  }
}
