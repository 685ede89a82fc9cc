import Synchronization

/// Where on a tape a tensor was made.
struct GradientNode: Sendable, Hashable {
  let tape: UInt64
  let index: Int
}

/// Records operations on tensors that depend on parameters, and walks back over them.
///
/// A tape is current inside of ``record(random:_:)`` on that task alone; elsewhere nothing is recorded, so that
/// inference costs nothing and runs on many threads at once.
public final class GradientTape: Sendable {
  @TaskLocal static var current: GradientTape?

  /// Gives the gradients of the inputs from the gradient of the output; `nil` for an input that needs none.
  typealias Backward = @Sendable (Tensor) -> [Gradient?]

  /// The same for several outputs, of which the loss may depend on some only; the gradients of the others are `nil`.
  typealias BackwardOfSeveral = @Sendable ([Tensor?]) -> [Gradient?]

  private struct Operation: Sendable {
    let name: StaticString
    let inputs: [GradientNode?]
    let outputCount: Int
    let backward: BackwardOfSeveral
  }

  private enum Entry: Sendable {
    case leaf(Parameter)
    /// The first output of an operation; the others follow it.
    case operation(Operation)
    case furtherOutput
  }

  private struct State: Sendable {
    var entries: [Entry] = []
    var leaves: [ObjectIdentifier: GradientNode] = [:]
    var randomDraws = 0
  }

  private static let lastIdentity = Atomic<UInt64>(0)
  private let identity: UInt64
  private let state = Mutex(State())
  private let random: RandomStream?

  private init(random: RandomStream?) {
    identity = Self.lastIdentity.add(1, ordering: .relaxed).newValue
    self.random = random
  }

  /// Computes a loss, and its gradient with respect to every parameter that it depends on.
  ///
  /// - Parameters:
  ///   - random: What dropout and its like draw from. Without it they let everything pass, as in inference.
  ///   - body: Computes the loss, a tensor of one element.
  public static func record<E: Error>(
    random: RandomStream? = nil, _ body: () throws(E) -> Tensor
  ) throws(E) -> (
    loss: Tensor, gradients: Gradients
  ) {
    let tape = GradientTape(random: random)
    let result: Result<Tensor, E> = $current.withValue(tape) {
      do throws(E) { return .success(try body()) } catch { return .failure(error) }
    }
    let loss = try result.get()
    return (loss.detached, tape.gradients(of: loss))
  }

  /// Whether a tape records for training on this task: one with random numbers.
  package static var isTraining: Bool { current?.random != nil }

  /// Whether a tape records on this task, for training or for gradients alone.
  package static var isRecording: Bool { current != nil }

  func leaf(_ parameter: Parameter) -> GradientNode {
    state.withLock { state in
      let key = ObjectIdentifier(parameter)
      if let node = state.leaves[key] { return node }
      let node = GradientNode(tape: identity, index: state.entries.count)
      state.entries.append(.leaf(parameter))
      state.leaves[key] = node
      return node
    }
  }

  /// A stream of its own for each operation that draws, in the order of their execution; `nil` outside of training.
  func nextRandomStream() -> RandomStream? {
    guard let random else { return nil }
    let draw = state.withLock { state in
      state.randomDraws += 1
      return state.randomDraws
    }
    return random.split(draw)
  }

  /// The nodes of an operation's outputs; `nil` where this tape follows none of the inputs.
  func append(
    _ name: StaticString, inputs: [GradientNode?], outputCount: Int = 1, backward: @escaping BackwardOfSeveral
  ) -> [GradientNode]? {
    let inputs = inputs.map { $0?.tape == identity ? $0 : nil }
    guard inputs.contains(where: { $0 != nil }) else { return nil }
    return state.withLock { state in
      let first = state.entries.count
      state.entries.append(
        .operation(Operation(name: name, inputs: inputs, outputCount: outputCount, backward: backward)))
      for _ in 1..<max(outputCount, 1) { state.entries.append(.furtherOutput) }
      return (0..<outputCount).map { GradientNode(tape: identity, index: first + $0) }
    }
  }

  private func gradients(of loss: Tensor) -> Gradients {
    precondition(loss.count == 1, "gradients: a loss has one element, not the shape \(loss.shape)")
    // Taken out of the state, so that what an operation kept is freed as soon as it has been walked over.
    var entries = state.withLock { state in
      defer { state.entries = [] }
      return state.entries
    }
    var result = Gradients()
    guard let last = loss.node, last.tape == identity else { return result }
    var pending = [Gradient?](repeating: nil, count: last.index + 1)
    pending[last.index] = .dense(Tensor(repeating: 1, shape: loss.shape))
    entries.removeSubrange((last.index + 1)...)
    // Of the outputs behind the first one of an operation, last to first.
    var further: [Gradient?] = []
    while let entry = entries.popLast() {
      let gradient = pending.removeLast()
      switch entry {
      case .leaf(let parameter):
        if let gradient { result.add(gradient, for: parameter) }
      case .furtherOutput:
        further.append(gradient)
      case .operation(let operation):
        // The loss may lie between the outputs of an operation.
        further = Array(repeating: nil, count: operation.outputCount - 1 - further.count) + further
        let outputGradients = [gradient] + further.reversed()
        further = []
        guard outputGradients.contains(where: { $0 != nil }) else { continue }
        let inputGradients = operation.backward(outputGradients.map { $0?.tensor })
        for (node, gradient) in zip(operation.inputs, inputGradients) {
          guard let node, let gradient else { continue }
          if let present = pending[node.index] {
            pending[node.index] = nil
            pending[node.index] = present.adding(gradient)
          } else {
            pending[node.index] = gradient
          }
        }
      }
    }
    return result
  }
}

extension Tensor {
  /// Whether a tape that records now follows this tensor.
  var needsGradient: Bool { node != nil && GradientTape.current != nil }

  /// The tensor as the result of an operation on `inputs`, if a tape follows one of them.
  func recorded(
    _ name: StaticString, from inputs: [Tensor], backward: @escaping GradientTape.Backward
  ) -> Tensor {
    guard let tape = GradientTape.current else { return self }
    var result = self
    result.node =
      tape.append(name, inputs: inputs.map(\.node)) { gradients in
        gradients[0].map(backward) ?? []
      }?[0]
    return result
  }

  /// Tensors as the results of one operation on `inputs`, if a tape follows one of these.
  static func recorded(
    _ name: StaticString, _ outputs: [Tensor], from inputs: [Tensor],
    backward: @escaping GradientTape.BackwardOfSeveral
  ) -> [Tensor] {
    guard let tape = GradientTape.current,
      let nodes = tape.append(name, inputs: inputs.map(\.node), outputCount: outputs.count, backward: backward)
    else { return outputs }
    return zip(outputs, nodes).map { output, node in
      var output = output
      output.node = node
      return output
    }
  }
}
