public import Tensors
import Synchronization

/// A tensor that belongs to a module and is saved with its parameters, but that no optimiser changes, such as a running
/// mean.
public final class Buffer: Sendable {
  /// The last part of the name in a checkpoint, where it is not the name of the property that holds the buffer.
  public let key: String?
  private let storage: Mutex<Tensor>

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
      }
    }
  }

  /// Extent of each dimension.
  public var shape: [Int] { storage.withLock { $0.shape } }
}
