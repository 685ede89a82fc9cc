import Glibc
import Synchronization

/// Ctrl-C as a question that long work asks between steps.
enum Interrupt {
  private static let wasRequested = Atomic<Bool>(false)

  /// From here on the first Ctrl-C (or SIGTERM) only sets the flag; the second ends the process.
  static func watch() {
    // Made now: a handler must not be the first to touch a global.
    _ = isRequested
    // Whoever started this process may have left them blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interrupt.wasRequested.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }

  /// From here on Ctrl-C ends the process again.
  static func stopWatching() {
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }

  static var isRequested: Bool { wasRequested.load(ordering: .relaxed) }

  /// A write to a closed pipe is to be an error that `StandardOutput` sees.
  static func ignoreClosedPipes() {
    signal(SIGPIPE, SIG_IGN)
    // And a file that reaches its size limit is to be a failed write.
    signal(SIGXFSZ, SIG_IGN)
  }
}
