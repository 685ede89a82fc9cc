import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One pool of threads for the whole process.
///
/// Work is given as a number of tiles that does not depend on the number of threads, and each tile writes memory of its
/// own, so that a result is the same for any number of threads. A worker that has nothing to do watches for the next
/// loop for some microseconds before it sleeps: steps of a model follow each other closely.
///
/// A loop that starts while another one runs (a second thread of a server, or a loop inside a loop) runs on the thread
/// that called it.
package final class ThreadPool: Sendable {
  package static let shared = ThreadPool()

  private struct Shared {
    var loop: SharedLoop?
    var workers = 0
  }

  private let shared = Mutex(Shared())
  private let limit: Atomic<Int>
  private let generation = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let wake = Semaphore()

  private init() {
    var processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    if let given = environmentVariable("NLPTOOL_THREADS").flatMap({ Int($0) }), given > 0 {
      processors = min(given, 256)
    }
    limit = Atomic(max(1, processors))
  }

  /// Threads that a loop may use, the calling one included. At first the number of processors.
  package var threadCount: Int {
    get { limit.load(ordering: .relaxed) }
    set { limit.store(min(max(1, newValue), 256), ordering: .relaxed) }
  }

  /// Calls `body` once for each index of 0..<count, on several threads at the same time, and returns when all are done.
  ///
  /// Calls must not write to memory that another call reads or writes. From about 20 µs of work on it pays.
  package func forEach(_ count: Int, _ body: (Int) -> Void) {
    let helpers = min(threadCount, count) - 1
    guard helpers > 0, !isBusy.exchange(true, ordering: .acquiring) else {
      for index in 0..<max(count, 0) { body(index) }
      return
    }
    defer { isBusy.store(false, ordering: .releasing) }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { run(TileLoop(count: count, threads: helpers + 1, body: $0), helpers: helpers) }
    }
  }

  /// Calls `body` for steps 0..<count, one after the other, each shared among the threads that are there: once for each
  /// share of 0..<shares at the same time. The next step begins when all shares are done.
  ///
  /// For steps of some microseconds that depend on each other. A thread joins from the step on at which it is awake;
  /// until then, and where there is no other thread, shares are fewer. A result must not depend on how many there are.
  ///
  /// - Parameter mostShares: of a step; memory that each share has for itself may be counted by it.
  package func lockstep(
    _ count: Int, mostShares: Int, _ body: (_ step: Int, _ share: Int, _ shares: Int) -> Void
  ) {
    let helpers = min(threadCount, mostShares) - 1
    guard helpers > 0, count > 1, !isBusy.exchange(true, ordering: .acquiring) else {
      for step in 0..<max(count, 0) { body(step, 0, 1) }
      return
    }
    defer { isBusy.store(false, ordering: .releasing) }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) {
        run(LockstepLoop(count: count, mostShares: helpers + 1, body: $0), helpers: helpers)
      }
    }
  }

  private func run(_ loop: SharedLoop, helpers: Int) {
    let missing = shared.withLock { shared in
      shared.loop = loop
      defer { shared.workers = max(shared.workers, helpers) }
      return shared.workers..<max(shared.workers, helpers)
    }
    for index in missing { startWorker(index) }
    generation.add(1, ordering: .sequentiallyConsistent)
    let sleeping = sleepers.load(ordering: .sequentiallyConsistent)
    for _ in 0..<min(sleeping, helpers) { wake.signal() }
    loop.lead()
    // From here on nobody can join; those who did must have left before `body` ends.
    shared.withLock { $0.loop = nil }
    spin { loop.active.load(ordering: .acquiring) == 0 }
  }

  private func startWorker(_ index: Int) {
    detachThread { [self] in work(index) }
  }

  private func work(_ index: Int) {
    var seen = 0
    while true {
      waitForLoop(after: &seen)
      guard index < threadCount - 1 else { continue }
      let loop = shared.withLock { shared -> SharedLoop? in
        shared.loop?.active.add(1, ordering: .relaxed)
        return shared.loop
      }
      guard let loop else { continue }
      loop.help()
      loop.active.subtract(1, ordering: .releasing)
    }
  }

  /// Spins for some microseconds, then sleeps.
  private func waitForLoop(after seen: inout Int) {
    for _ in 0..<2_000 {
      let now = generation.load(ordering: .acquiring)
      if now != seen {
        seen = now
        return
      }
      kernel_spin_pause()
    }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    // A loop that started before this thread counted as a sleeper sent no signal.
    if generation.load(ordering: .sequentiallyConsistent) == seen { wake.wait() }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    seen = generation.load(ordering: .acquiring)
  }
}

extension ThreadPool {
  /// Threads that tensor operations may use; the number of processors unless set. Results do not depend on it.
  package static var threads: Int {
    get { shared.threadCount }
    set { shared.threadCount = newValue }
  }
}

/// Calls `body` for each index of 0..<count on the threads of the pool; see ``ThreadPool/forEach(_:_:)``.
@inline(__always)
package func parallelFor(_ count: Int, _ body: (Int) -> Void) {
  ThreadPool.shared.forEach(count, body)
}

/// The same, but on the calling thread where there is too little to do for two.
///
/// - Parameter operations: additions or multiplications of all calls together, about.
@inline(__always)
package func parallelFor(_ count: Int, operations: Int, _ body: (Int) -> Void) {
  // On one thread some ten microseconds.
  if operations < 1 << 20 {
    for index in 0..<max(count, 0) { body(index) }
  } else {
    parallelFor(count, body)
  }
}
