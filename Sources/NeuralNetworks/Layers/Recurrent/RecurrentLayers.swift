public import Tensors

/// Recurrent layers one above the other, forwards or in both directions, over sequences of any lengths: what ``RNN``,
/// ``LSTM`` and ``GRU`` have in common.
///
/// B sequences, N time steps of all of them together, I inputs, H hidden units, D directions, G gates.
public class RecurrentLayers: Module, @unchecked Sendable {
  // Unchecked, because the compiler takes no class that is inherited from; all properties are constants and Sendable, and
  // the subclasses, which are final, have none.

  /// The cell.
  public final let kind: RecurrentCellKind
  /// I.
  public final let inputSize: Int
  /// H.
  public final let hiddenSize: Int
  /// Number of layers.
  public final let layerCount: Int
  /// Whether each layer also reads from the end; outputs are 2H wide then.
  public final let isBidirectional: Bool
  /// What is dropped in training.
  public final let dropout: RecurrentDropout
  /// Whether there are biases.
  public final let hasBias: Bool
  /// `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, those of the other direction with `_reverse`, and so on
  /// for each layer: PyTorch's names and order.
  public final let weights: [Parameter]
  private final let packed: [PackedWeights<PackedRecurrentLayer>]
  private final let packedBytes: [PackedWeights<PackedRecurrentLayer>]

  init(
    _ kind: RecurrentCellKind, inputSize: Int, hiddenSize: Int, layerCount: Int, isBidirectional: Bool,
    dropout: RecurrentDropout, hasBias: Bool, initializer: Initializer?, random: RandomStream?,
    adjust: (_ name: String, inout Tensor) -> Void = { _, _ in }
  ) {
    self.kind = kind
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.layerCount = layerCount
    self.isBidirectional = isBidirectional
    self.dropout = dropout
    self.hasBias = hasBias
    let bound = Initializer.uniform(1 / Float(hiddenSize).squareRoot())
    let directions = isBidirectional ? ["", "_reverse"] : [""]
    let rows = kind.gateCount * hiddenSize
    var weights: [Parameter] = []
    for layer in 0..<layerCount {
      let width = layer == 0 ? inputSize : hiddenSize * directions.count
      for direction in directions {
        func add(_ name: String, _ shape: [Int], _ initializer: Initializer) {
          let key = "\(name)_l\(layer)\(direction)"
          var value = initializer(shape, random: random?.split(key))
          if random != nil { adjust(name, &value) }
          weights.append(Parameter(value, key: key))
        }
        add("weight_ih", [rows, width], initializer ?? bound)
        add("weight_hh", [rows, hiddenSize], initializer ?? bound)
        guard hasBias else { continue }
        add("bias_ih", [rows], initializer == nil ? bound : .zeros)
        add("bias_hh", [rows], initializer == nil ? bound : .zeros)
      }
    }
    self.weights = weights
    packed = (0..<layerCount).map { _ in PackedWeights() }
    packedBytes = (0..<layerCount).map { _ in PackedWeights() }
  }

  /// The number of directions, 1 or 2.
  public final var directionCount: Int { isBidirectional ? 2 : 1 }

  /// Numbers of an output.
  public final var outputSize: Int { directionCount * hiddenSize }

  /// The outputs of the last layer for all time steps: [N, D·H] for [N, I].
  public final func callAsFunction(_ input: Tensor, layout: SequenceLayout) -> Tensor {
    run(.rows(input), layout, states: nil, wantsStates: false).outputs
  }

  /// The same for inputs that repeat, such as words: their products are formed once for each distinct one.
  public final func callAsFunction(_ input: IndexedRows, layout: SequenceLayout) -> Tensor {
    run(.indexed(input), layout, states: nil, wantsStates: false).outputs
  }

  /// The outputs of all time steps from given states on, and the states after the last step of each sequence.
  ///
  /// - Parameter states: those of each layer; `nil` starts from zeros. For states that go from batch to batch without a
  ///   gradient, pass the ``RecurrentStates/detached`` ones.
  public final func callAsFunction(
    _ input: Tensor, layout: SequenceLayout, states: [RecurrentStates]?
  ) -> (outputs: Tensor, states: [RecurrentStates]) {
    run(.rows(input), layout, states: states, wantsStates: true)
  }

  /// The same for inputs that repeat.
  public final func callAsFunction(
    _ input: IndexedRows, layout: SequenceLayout, states: [RecurrentStates]?
  ) -> (outputs: Tensor, states: [RecurrentStates]) {
    run(.indexed(input), layout, states: states, wantsStates: true)
  }

  private enum Input {
    case rows(Tensor)
    case indexed(IndexedRows)
  }

  private final func run(
    _ input: Input, _ layout: SequenceLayout, states: [RecurrentStates]?, wantsStates: Bool
  ) -> (outputs: Tensor, states: [RecurrentStates]) {
    precondition(
      states.map { $0.count == layerCount } ?? true, "\(kind.rawValue): states of \(states?.count ?? 0) layers")
    var input = input
    var finalStates: [RecurrentStates] = []
    var outputs = Tensor(zeros: [0])
    func add(_ result: RecurrentOutput) {
      outputs = result.outputs
      guard wantsStates else { return }
      finalStates.append(
        RecurrentStates(
          hidden: outputs.finalStates(layout: layout, directions: directionCount), cell: result.finalCells))
    }
    for layer in 0..<layerCount {
      if layer > 0 { input = .rows(dropout.betweenLayers(outputs, layout)) }
      if let packed = packedInBytes(layer: layer) {
        let result =
          switch input {
          case .rows(let rows):
            rows.recurrent(packed, layout: layout, initial: states?[layer], wantsFinalCells: wantsStates)
          case .indexed(let rows):
            rows.recurrent(packed, layout: layout, initial: states?[layer], wantsFinalCells: wantsStates)
          }
        add(result)
        continue
      }
      let weights = (0..<directionCount).map { self.weights(layer: layer, direction: $0) }
      // Weights that are frozen and dropped in part are others in each step.
      let isTraining = weights.contains { $0.isFollowed } || dropout.weights > 0 && GradientTape.isTraining
      if isTraining {
        packed[layer].clear()
        packedBytes[layer].clear()
      }
      let packed =
        isTraining
        ? nil
        : self.packed[layer].value(for: parameters(of: layer)) { PackedRecurrentLayer(kind, weights) }
      let initial = states?[layer]
      let result =
        switch input {
        case .rows(let rows):
          rows.recurrent(
            kind, layout: layout, directions: weights, initial: initial, packed: packed,
            wantsFinalCells: wantsStates)
        case .indexed(let rows):
          rows.recurrent(
            kind, layout: layout, directions: weights, initial: initial, packed: packed,
            wantsFinalCells: wantsStates)
        }
      add(result)
    }
    return (outputs, finalStates)
  }

  /// The layer by weights in bytes, where all of its weights came so and nothing is recorded.
  private final func packedInBytes(layer: Int) -> PackedRecurrentLayer? {
    let own = parameters(of: layer)
    let firsts = stride(from: 0, to: own.count, by: hasBias ? 4 : 2)
    var bytes: [(input: QuantizedTensor, recurrent: QuantizedTensor)] = []
    for first in firsts {
      guard let input = own[first].bytes, let recurrent = own[first + 1].bytes else { return nil }
      bytes.append((input, recurrent))
    }
    return packedBytes[layer].value(for: own) {
      let directions = zip(firsts, bytes).map { first, bytes in
        QuantizedRecurrentWeights(
          input: own[first].loadedBytes ?? bytes.input, recurrent: own[first + 1].loadedBytes ?? bytes.recurrent,
          inputBias: hasBias ? own[first + 2].value : nil, recurrentBias: hasBias ? own[first + 3].value : nil)
      }
      return PackedRecurrentLayer(kind, directions)
    }
  }

  private final func parameters(of layer: Int) -> [Parameter] {
    let count = directionCount * (hasBias ? 4 : 2)
    return Array(weights[layer * count..<(layer + 1) * count])
  }

  private final func weights(layer: Int, direction: Int) -> RecurrentWeights {
    let count = hasBias ? 4 : 2
    let own = weights[(layer * directionCount + direction) * count..<(layer * directionCount + direction + 1) * count]
      .map(\.tensor)
    return RecurrentWeights(
      input: own[0], recurrent: own[1].dropout(dropout.weights), inputBias: hasBias ? own[2] : nil,
      recurrentBias: hasBias ? own[3] : nil)
  }

  /// Sizes.
  public final var summary: String {
    var parts = ["input \(inputSize)", "hidden \(hiddenSize)"]
    if layerCount > 1 { parts.append("\(layerCount) layers") }
    if isBidirectional { parts.append("bidirectional") }
    if !hasBias { parts.append("no bias") }
    if let text = dropout.summary(layerCount: layerCount) { parts.append(text) }
    return parts.joined(separator: ", ")
  }
}

/// What recurrent layers drop in training.
public struct RecurrentDropout: Sendable, Hashable {
  /// Of the outputs between layers.
  public var betweenLayers: Float
  /// Whether a sequence drops the same outputs at all of its time steps (variational dropout, Gal & Ghahramani 2016).
  public var isLocked: Bool
  /// Of the recurrent weights, the same ones for all time steps of a batch (weight dropout, Merity et al. 2018).
  public var weights: Float

  /// Rates in [0, 1).
  public init(betweenLayers: Float = 0, isLocked: Bool = false, weights: Float = 0) {
    self.betweenLayers = betweenLayers
    self.isLocked = isLocked
    self.weights = weights
  }

  func betweenLayers(_ outputs: Tensor, _ layout: SequenceLayout) -> Tensor {
    isLocked ? outputs.lockedDropout(betweenLayers, layout: layout) : outputs.dropout(betweenLayers)
  }

  func summary(layerCount: Int) -> String? {
    var parts: [String] = []
    if betweenLayers > 0, layerCount > 1 { parts.append("\(isLocked ? "locked " : "")dropout \(betweenLayers)") }
    if weights > 0 { parts.append("weight dropout \(weights)") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}
