import Synchronization
package import Tensors

/// Something that is computed from parameters and kept as long as these, and perhaps buffers, stay as they are, such as
/// weights in the order that the kernels want. For inference: training changes its parameters in every step.
package final class PackedWeights<Value: Sendable>: Sendable {
  private let kept = Mutex<(versions: [Int], value: Value)?>(nil)

  /// Nothing yet.
  package init() {}

  /// The value for the parameters as they are now; computed while a tape records and after a change.
  ///
  /// - Parameter make: reads the parameters; what was read before the call may be older than their versions.
  package func value(for parameters: [Parameter], _ buffers: [Buffer] = [], _ make: () -> Value) -> Value {
    // Before they are read: what changes meanwhile is seen the next time.
    let versions = parameters.map(\.version) + buffers.map(\.version)
    if let kept = kept.withLock({ $0 }), kept.versions == versions { return kept.value }
    let value = make()
    kept.withLock { $0 = (versions, value) }
    return value
  }

  /// Forgets the value, whose memory training can use.
  package func clear() { kept.withLock { $0 = nil } }
}
