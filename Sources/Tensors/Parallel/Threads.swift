#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How many threads tensor operations use.
public enum Parallelism {
  /// Threads for each operation, the calling one included: the number of processors unless set. A result is the same
  /// to the bit for any number.
  public static var threads: Int {
    get { ThreadPool.threads }
    set { ThreadPool.threads = newValue }
  }
}

/// A counting semaphore of the operating system.
final class Semaphore: @unchecked Sendable {
  // Unchecked: sem_t may be used from all threads, which is its purpose; it must only stay at its address.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func signal() { sem_post(semaphore) }

  func wait() {
    while sem_wait(semaphore) != 0 && errno == EINTR {}
  }
}

/// Starts a thread that nobody joins.
package func detachThread(_ body: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  defer { pthread_attr_destroy(&attributes) }
  var thread = pthread_t()
  let argument = Unmanaged.passRetained(Box(body)).toOpaque()
  let failure = pthread_create(
    &thread, &attributes,
    { argument in
      guard let argument else { return nil }
      // Signals are for the thread that runs the program.
      var all = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_BLOCK, &all, nil)
      Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, argument)
  // Without the thread its share of the work is done by the others.
  if failure != 0 { Unmanaged<Box>.fromOpaque(argument).release() }
}

/// The value of an environment variable.
func environmentVariable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
