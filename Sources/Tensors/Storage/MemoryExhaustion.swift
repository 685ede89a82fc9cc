import Synchronization

/// What happens when the system has no memory left for a tensor.
///
/// No operation can go on then, and none can throw, so that the process ends: with a trap, as Swift's own arrays do, or as
/// a program asks for.
public enum MemoryExhaustion {
  private static let handler = Mutex<(@Sendable (_ byteCount: Int) -> Never)?>(nil)

  /// Ends the process in a way of the program's own, such as a line for the person and an exit code. The handler may be
  /// called on any thread.
  public static func onFailure(_ newHandler: @escaping @Sendable (_ byteCount: Int) -> Never) {
    handler.withLock { $0 = newHandler }
  }

  static func fail(byteCount: Int) -> Never {
    if let handler = handler.withLock({ $0 }) { handler(byteCount) }
    fatalError("out of memory: a tensor of \(byteCount) bytes")
  }
}
