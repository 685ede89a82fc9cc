import ImageModels
import NeuralNetworks
import Tensors

/// The operations of a network for images, by which other programs can compute it: found by running it once and listing
/// what it does.
struct ImageTrace {
  /// [1, classes]
  let logits: Tensor
  /// What the logits need, in an order in which it can be computed.
  let operations: [OperationTrace.Operation]
  /// The names of parameters and running statistics.
  let names: [OperationTrace.Identity: String]
  private var useCounts: [OperationTrace.Identity: Int] = [:]

  /// - Parameter image: one image [1, H, W, channels] of the network's size; its numbers do not matter.
  init(_ network: any ImageNetwork, image: Tensor) {
    let (logits, all) = OperationTrace.record { network(image) }
    self.logits = logits
    // An operation that is made of others is listed behind them with the same result: the last one counts.
    var origins: [OperationTrace.Identity: Int] = [:]
    for (index, operation) in all.enumerated() { origins[.init(operation.result)] = index }
    var needed: Set<OperationTrace.Identity> = [.init(logits)]
    var operations: [OperationTrace.Operation] = []
    for (index, operation) in all.enumerated().reversed() {
      let identity = OperationTrace.Identity(operation.result)
      guard needed.contains(identity), origins[identity] == index else { continue }
      operations.append(operation)
      for operand in operation.operands {
        needed.insert(.init(operand))
        useCounts[.init(operand), default: 0] += 1
      }
    }
    self.operations = operations.reversed()
    var names: [OperationTrace.Identity: String] = [:]
    for (name, parameter) in network.namedParameters { names[.init(parameter.value)] = name }
    for (name, buffer) in network.namedBuffers { names[.init(buffer.value)] = name }
    self.names = names
  }

  /// How many operands of operations a tensor is.
  func useCount(of tensor: Tensor) -> Int { useCounts[.init(tensor)] ?? 0 }
}
