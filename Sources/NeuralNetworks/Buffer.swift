public import Tensors
import Synchronization

/// A tensor that belongs to a module and is saved with its parameters, but that no optimiser changes, such as a running
/// mean.
public final class Buffer: Sendable {
  /// The last part of the name in a checkpoint, where it is not the name of the property that holds the buffer.
  public let key: String?
  private let storage: Mutex<Tensor>
  private let changes = Atomic<Int>(0)

  /// A buffer with its first value.
  public init(_ value: Tensor, key: String? = nil) {
    self.key = key
    storage = Mutex(value.detached)
  }

  /// The value now.
  public var value: Tensor {
    get { storage.withLock { $0 } }
    set {
      storage.withLock { old in
        precondition(old.shape == newValue.shape, "Buffer: \(newValue.shape) cannot replace \(old.shape)")
        old = newValue.detached
        changes.add(1, ordering: .releasing)
      }
    }
  }

  /// How often the value has been replaced, for those who keep something that was computed from it.
  var version: Int { changes.load(ordering: .acquiring) }

  /// Extent of each dimension.
  public var shape: [Int] { storage.withLock { $0.shape } }
}
