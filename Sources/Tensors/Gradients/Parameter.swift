import CKernels
import Synchronization

/// A tensor that training changes.
///
/// Reading gives the value at that moment; a reader that works on while an optimiser writes keeps what it read.
///
/// It may have come in bytes (``QuantizedTensor``). Inference that can compute with those does; whatever else reads it gets
/// Float32, which is then kept beside them, and a tape that records forgets the bytes.
public final class Parameter: Sendable {
  /// The last part of the name in a checkpoint, where it is not the name of the property that holds the parameter.
  public let key: String?
  private let storage: Mutex<Stored>
  private let frozen = Mutex(false)
  private let changes = Atomic<Int>(0)

  /// The value in one of its two forms, or in both.
  private struct Stored: Sendable {
    var value: Tensor?
    var bytes: QuantizedTensor?

    var shape: [Int] { value?.shape ?? bytes?.shape ?? [] }

    mutating func floats() -> Tensor {
      if let value { return value }
      let value = bytes?.dequantized ?? Tensor.empty
      self.value = value
      return value
    }
  }

  /// A parameter with its first value.
  public init(_ value: Tensor, key: String? = nil) {
    self.key = key
    storage = Mutex(Stored(value: value.detached))
  }

  /// The value now.
  public var value: Tensor {
    get { storage.withLock { $0.floats() } }
    set {
      storage.withLock { old in
        precondition(old.shape == newValue.shape, "Parameter: \(newValue.shape) cannot replace \(old.shape)")
        old = Stored(value: newValue.detached)
        changes.add(1, ordering: .releasing)
      }
    }
  }

  /// Takes over a value in bytes.
  package func load(_ bytes: QuantizedTensor) {
    storage.withLock { old in
      precondition(old.shape == bytes.shape, "Parameter: \(bytes.shape) cannot replace \(old.shape)")
      old = Stored(bytes: bytes)
      changes.add(1, ordering: .releasing)
    }
  }

  /// The value in bytes, where it came so and inference may compute with it: nothing is recorded, and bytes are no slower,
  /// or it was measured what they are multiplied with.
  package var bytes: QuantizedTensor? {
    guard let bytes = storage.withLock({ $0.bytes }), Kernels.gainsFromBytes || bytes.inputRange != nil,
      bytes.width <= KERNEL_BYTE_DEPTH, GradientTape.current == nil, !OperationTrace.isRecording
    else { return nil }
    return bytes
  }

  /// The value in bytes as it came, whatever computes with it.
  package var loadedBytes: QuantizedTensor? { storage.withLock { $0.bytes } }

  /// From here on it is Float32.
  package func forgetBytes() {
    storage.withLock { stored in
      guard stored.bytes != nil else { return }
      stored = Stored(value: stored.floats())
      changes.add(1, ordering: .releasing)
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
    guard let tape = GradientTape.current else { return value }
    forgetBytes()
    var tensor = value
    if !isFrozen { tensor.node = tape.leaf(self) }
    return tensor
  }

  /// Changes the value in place; copies only while somebody else holds the old one.
  package func update<R>(_ body: (inout Tensor) -> R) -> R {
    storage.withLock { stored in
      // `sending` cannot express that the tensor goes back where it came from.
      var tensor = stored.floats()
      stored = Stored(value: Tensor.empty)
      defer {
        stored = Stored(value: tensor)
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
