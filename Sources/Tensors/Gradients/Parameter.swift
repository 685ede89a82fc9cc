import Synchronization

/// A tensor that training changes.
///
/// Reading gives the value at that moment; a reader that works on while an optimiser writes keeps what it read.
public final class Parameter: Sendable {
  /// The last part of the name in a checkpoint, where it is not the name of the property that holds the parameter.
  public let key: String?
  private let storage: Mutex<Tensor>
  private let frozen = Mutex(false)
  private let changes = Atomic<Int>(0)

  /// A parameter with its first value.
  public init(_ value: Tensor, key: String? = nil) {
    self.key = key
    storage = Mutex(value.detached)
  }

  /// The value now.
  public var value: Tensor {
    get { storage.withLock { $0 } }
    set {
      storage.withLock { old in
        precondition(old.shape == newValue.shape, "Parameter: \(newValue.shape) cannot replace \(old.shape)")
        old = newValue.detached
        changes.add(1, ordering: .releasing)
      }
    }
  }

  /// How often the value has been replaced or changed, for those who keep something that was computed from it.
  package var version: Int { changes.load(ordering: .acquiring) }

  /// Extent of each dimension.
  public var shape: [Int] { storage.withLock { $0.shape } }

  /// Whether the tape passes it by, so that no optimiser changes it.
  public var isFrozen: Bool {
    get { frozen.withLock { $0 } }
    set { frozen.withLock { $0 = newValue } }
  }

  /// The value as an operand: a tape that records follows it from here.
  public var tensor: Tensor {
    var tensor = value
    if let tape = GradientTape.current, !isFrozen { tensor.node = tape.leaf(self) }
    return tensor
  }

  /// Changes the value in place; copies only while somebody else holds the old one.
  package func update<R>(_ body: (inout Tensor) -> R) -> R {
    storage.withLock { value in
      // `sending` cannot express that the tensor goes back where it came from.
      var tensor = value
      value = Tensor.empty
      defer {
        value = tensor
        changes.add(1, ordering: .releasing)
      }
      return body(&tensor)
    }
  }
}

extension Tensor {
  /// A tensor without elements, shared.
  static let empty = Tensor(uninitialized: [0])
}
