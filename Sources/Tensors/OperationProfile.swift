import Synchronization

/// What the costly operations of a piece of work took, in the order in which they ran: layers beside the roofline.
package final class OperationProfile: Sendable {
  @TaskLocal private static var current: OperationProfile?

  /// One operation.
  package struct Entry: Sendable {
    /// Such as `conv2d 3×3`.
    package let name: String
    /// Shapes.
    package let detail: String
    /// Floating-point operations, two for a multiply-add; of the plain algorithm, whatever was used.
    package let operations: Double
    package let seconds: Double
  }

  private let state = Mutex<[Entry]>([])

  /// Runs a piece of work and lists its operations.
  package static func record(_ body: () throws -> Void) rethrows -> [Entry] {
    let profile = OperationProfile()
    try $current.withValue(profile, operation: body)
    return profile.state.withLock { $0 }
  }

  /// Runs an operation; costs a few nanoseconds where nobody records.
  static func note<Result>(
    _ name: @autoclosure () -> String, _ detail: @autoclosure () -> String, operations: Double, _ body: () -> Result
  ) -> Result {
    guard let profile = current else { return body() }
    let start = ContinuousClock.now
    let result = body()
    let time = start.duration(to: .now).components
    let entry = Entry(
      name: name(), detail: detail(), operations: operations,
      seconds: Double(time.seconds) + Double(time.attoseconds) * 1e-18)
    profile.state.withLock { $0.append(entry) }
    return result
  }
}
