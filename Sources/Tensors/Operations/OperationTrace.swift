import Synchronization

/// What a network computes of some input, operation by operation: the graph by which it can leave for other programs.
///
/// Tensors are known again by their storage and shape, so that a trace keeps all of them. Operations that take no part
/// make tensors whose origin is unknown; whoever reads the trace has to refuse them.
package final class OperationTrace: Sendable {
  @TaskLocal private static var current: OperationTrace?

  /// The operations that networks for images are made of.
  package enum Kind: Sendable, Hashable {
    case add
    case relu
    /// Operands: input, weight, perhaps a bias.
    case linear
    /// Operands: input, filters, perhaps a bias.
    case convolution(stride: Size2D, padding: Padding2D, dilation: Size2D, groups: Int)
    /// Operands: input, mean, variance, weight, bias.
    case batchNormalization(epsilon: Float)
    case localResponseNormalization(size: Int, alpha: Float, beta: Float, k: Float)
    case maxPool(kernelSize: Size2D, stride: Size2D, padding: Size2D, dilation: Size2D, ceilMode: Bool)
    case averagePool(kernelSize: Size2D, stride: Size2D, padding: Size2D, ceilMode: Bool, countsPadding: Bool)
    case adaptiveAveragePool(outputSize: Size2D)
    case concatenation(axis: Int)
    /// Zeros for new channels.
    case channelPadding(before: Int, after: Int)
    case channelsFirst
    case reshape
  }

  /// One operation.
  package struct Operation: Sendable {
    package let kind: Kind
    /// In the order of the kind.
    package let operands: [Tensor]
    package let result: Tensor
  }

  /// By which a tensor is known.
  package struct Identity: Hashable {
    private let storage: ObjectIdentifier
    private let shape: [Int]

    package init(_ tensor: Tensor) {
      (storage, shape) = (ObjectIdentifier(tensor.storage), tensor.shape)
    }
  }

  private let state = Mutex<[Operation]>([])

  /// Runs a piece of work and lists its operations.
  package static func record<Result>(_ body: () throws -> Result) rethrows -> (Result, [Operation]) {
    let trace = OperationTrace()
    let result = try $current.withValue(trace, operation: body)
    return (result, trace.state.withLock { $0 })
  }

  /// Whether somebody records on this task: what computes several operations as one then computes each by itself.
  package static var isRecording: Bool { current != nil }

  fileprivate func append(_ operation: Operation) { state.withLock { $0.append(operation) } }

  fileprivate static var recording: OperationTrace? { current }
}

extension Tensor {
  /// Lists the operation that made the tensor, where somebody records; costs a few nanoseconds elsewhere.
  func traced(_ kind: @autoclosure () -> OperationTrace.Kind, _ operands: @autoclosure () -> [Tensor]) -> Tensor {
    guard let trace = OperationTrace.recording else { return self }
    trace.append(.init(kind: kind(), operands: operands(), result: self))
    return self
  }
}
