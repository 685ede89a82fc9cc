import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Work that the thread which called shares with the workers of a pool.
class SharedLoop: @unchecked Sendable {
  // Unchecked, because the compiler does not check classes that are inherited from; all of their state is atomic or constant.

  /// Workers that are inside of `help`.
  final let active = Atomic<Int>(0)

  /// What the thread that called does; all work is done when it returns and `active` is zero.
  func lead() {}

  /// What a worker does.
  func help() {}
}

/// A parallel loop. Threads take tiles in turn until none is left: of many some at a time, since what a thread asks of
/// another's cache may take as long as a small tile.
final class TileLoop: SharedLoop, @unchecked Sendable {
  private let count: Int
  /// Tiles that are taken at a time: so few that a thread which ends last ends soon behind the others.
  private let run: Int
  private let next = Atomic<Int>(0)
  /// Lives on the stack of the thread that called, which waits until nobody works.
  private let body: UnsafePointer<(Int) -> Void>

  init(count: Int, threads: Int, body: UnsafePointer<(Int) -> Void>) {
    self.count = count
    run = max(1, count / (16 * threads))
    self.body = body
  }

  override func lead() {
    while true {
      let first = next.add(run, ordering: .relaxed).oldValue
      guard first < count else { return }
      for index in first..<min(count, first + run) { body.pointee(index) }
    }
  }

  override func help() { lead() }
}

/// Steps one after the other, each shared among the threads that had joined when it began.
final class LockstepLoop: SharedLoop, @unchecked Sendable {
  private let count: Int
  private let body: UnsafePointer<(Int, Int, Int) -> Void>
  /// Workers that take part from the next step on.
  private let joined = Atomic<Int>(0)
  /// The step that runs, from 1, with the number of its shares in the lower bits; -1 when all are done.
  private let current = Atomic<Int>(0)
  /// Shares of the step that workers have finished.
  private let finished = Atomic<Int>(0)
  private static let shareBits = 16

  private let mostShares: Int

  init(count: Int, mostShares: Int, body: UnsafePointer<(Int, Int, Int) -> Void>) {
    self.count = count
    self.mostShares = mostShares
    self.body = body
  }

  /// Rounds of waiting, some ten microseconds, after which a worker is taken to have lost its processor to somebody else.
  private static let patience = 500

  override func lead() {
    // On a machine that others use, waiting for a worker that does not run costs many times what its share does: then
    // the next steps go without help, twice as many each time.
    var (stepsAlone, nextPause) = (0, 8)
    for step in 0..<count {
      let shares = stepsAlone > 0 ? 1 : min(mostShares, 1 + joined.load(ordering: .acquiring))
      stepsAlone = max(0, stepsAlone - 1)
      finished.store(0, ordering: .relaxed)
      current.store((step + 1) << Self.shareBits | shares, ordering: .releasing)
      body.pointee(step, 0, shares)
      if spin({ finished.load(ordering: .acquiring) == shares - 1 }) > Self.patience {
        stepsAlone = nextPause
        nextPause = min(2 * nextPause, 4096)
      }
    }
    current.store(-1, ordering: .releasing)
  }

  override func help() {
    let share = joined.add(1, ordering: .acquiringAndReleasing).newValue
    // More threads than there were when the loop began.
    if share >= mostShares { return }
    var seen = current.load(ordering: .acquiring)
    // The step that runs began without this worker, unless it counts the share already.
    if seen >= 0, seen & (1 << Self.shareBits - 1) <= share { awaitChange(&seen) }
    while seen >= 0 {
      let shares = seen & (1 << Self.shareBits - 1)
      if share < shares {
        body.pointee(seen >> Self.shareBits - 1, share, shares)
        finished.add(1, ordering: .releasing)
      }
      awaitChange(&seen)
    }
  }

  private func awaitChange(_ seen: inout Int) {
    let old = seen
    var now = old
    spin {
      now = current.load(ordering: .acquiring)
      return now != old
    }
    seen = now
  }
}

/// Watches for what another thread is about to do, for a long time only where that thread does not run. Returns how
/// often it looked.
@inline(__always)
@discardableResult
func spin(_ isDone: () -> Bool) -> Int {
  var spins = 0
  while !isDone() {
    kernel_spin_pause()
    spins += 1
    if spins > 4000 { sched_yield() }
  }
  return spins
}
