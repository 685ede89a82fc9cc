/// The weights of one direction of a recurrent layer, with PyTorch's shapes and its order of gates. G is the number of
/// gates, H the number of hidden units, I that of inputs.
public struct RecurrentWeights: Sendable {
  /// [G·H, I]
  public let input: Tensor
  /// [G·H, H]
  public let recurrent: Tensor
  /// [G·H]
  public let inputBias: Tensor?
  /// [G·H]
  public let recurrentBias: Tensor?

  /// Weights as they stand in a checkpoint: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`.
  public init(input: Tensor, recurrent: Tensor, inputBias: Tensor? = nil, recurrentBias: Tensor? = nil) {
    precondition(
      (inputBias == nil) == (recurrentBias == nil), "RecurrentWeights: there are two biases or none")
    self.input = input
    self.recurrent = recurrent
    self.inputBias = inputBias
    self.recurrentBias = recurrentBias
  }

  /// H.
  public var hiddenSize: Int { recurrent.shape[1] }
  /// I.
  public var inputSize: Int { input.shape[1] }

  /// Whether a tape that records follows one of them.
  public var isFollowed: Bool { tensors.contains { $0.needsGradient } }

  /// The two weights, then the biases where there are any.
  var tensors: [Tensor] { [input, recurrent] + [inputBias, recurrentBias].compactMap { $0 } }

  func check(_ kind: RecurrentCellKind, inputSize: Int) {
    let (h, rows) = (hiddenSize, kind.gateCount * hiddenSize)
    precondition(
      input.shape == [rows, inputSize] && recurrent.shape == [rows, h]
        && [inputBias, recurrentBias].allSatisfy { $0 == nil || $0?.shape == [rows] },
      "\(kind.rawValue): inputs of \(inputSize) numbers, weights \(tensors.map(\.shape))")
  }
}

/// The same with weights in bytes, for inference.
public struct QuantizedRecurrentWeights: Sendable {
  /// [G·H, I]
  public let input: QuantizedTensor
  /// [G·H, H]
  public let recurrent: QuantizedTensor
  /// [G·H]
  public let inputBias: Tensor?
  /// [G·H]
  public let recurrentBias: Tensor?

  /// Weights as they stand in a checkpoint: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`.
  public init(
    input: QuantizedTensor, recurrent: QuantizedTensor, inputBias: Tensor? = nil, recurrentBias: Tensor? = nil
  ) {
    precondition(
      (inputBias == nil) == (recurrentBias == nil), "QuantizedRecurrentWeights: there are two biases or none")
    self.input = input
    self.recurrent = recurrent
    self.inputBias = inputBias
    self.recurrentBias = recurrentBias
  }

  func check(_ kind: RecurrentCellKind, inputSize: Int) {
    let rows = kind.gateCount * recurrent.shape[1]
    precondition(
      input.shape == [rows, inputSize] && recurrent.shape[0] == rows
        && [inputBias, recurrentBias].allSatisfy { $0 == nil || $0?.shape == [rows] },
      "\(kind.rawValue): inputs of \(inputSize) numbers, weights \(input.shape) and \(recurrent.shape) in bytes")
  }
}

/// The weights of the directions of one layer, laid out for the kernels. Worth keeping where the weights stay as they are.
public struct PackedRecurrentLayer: Sendable {
  struct Direction: Sendable {
    let isReversed: Bool
    let gates: GateLayout
    let inputSize: Int
    let inputWeight: PackedWeight
    let recurrentWeight: PackedWeight
    /// Joins the input products; of a GRU's candidates only the input's bias.
    let bias: Tensor
    /// Joins the hidden products of a GRU's candidates: H'.
    let recurrentBias: Tensor

    var hiddenSize: Int { gates.hiddenSize }

    init(_ kind: RecurrentCellKind, _ weights: RecurrentWeights, isReversed: Bool) {
      let gates = GateLayout(kind, hiddenSize: weights.hiddenSize)
      self.init(
        gates, inputSize: weights.inputSize,
        .floats(PackedMatrix(transposing: gates.ordered(weights.input, for: gates.inputColumns))),
        .floats(PackedMatrix(transposing: gates.ordered(weights.recurrent, for: gates.recurrentColumns))),
        (weights.inputBias, weights.recurrentBias), isReversed: isReversed)
    }

    init(_ kind: RecurrentCellKind, _ weights: QuantizedRecurrentWeights, isReversed: Bool) {
      let gates = GateLayout(kind, hiddenSize: weights.recurrent.shape[1])
      self.init(
        gates, inputSize: weights.input.shape[1],
        .bytes(gates.packed(weights.input, for: gates.inputColumns)),
        .bytes(gates.packed(weights.recurrent, for: gates.recurrentColumns)),
        (weights.inputBias, weights.recurrentBias), isReversed: isReversed)
    }

    private init(
      _ gates: GateLayout, inputSize: Int, _ inputWeight: PackedWeight, _ recurrentWeight: PackedWeight,
      _ biases: (input: Tensor?, recurrent: Tensor?), isReversed: Bool
    ) {
      (self.isReversed, self.gates, self.inputSize) = (isReversed, gates, inputSize)
      (self.inputWeight, self.recurrentWeight) = (inputWeight, recurrentWeight)
      var inputBias = Tensor(zeros: [gates.inputColumns.count, 1])
      var recurrentBias = Tensor(zeros: [gates.recurrentColumns.count, 1])
      if let own = biases.input, let other = biases.recurrent {
        inputBias = gates.ordered(own, for: gates.inputColumns)
        recurrentBias = gates.ordered(other, for: gates.recurrentColumns)
      }
      bias = gates.sharedSums(inputBias, recurrentBias)
      self.recurrentBias = Tensor(Array(recurrentBias.scalars.suffix(gates.paddedSize)))
    }
  }

  let kind: RecurrentCellKind
  let directions: [Direction]

  /// The layer of one direction, or of a forward and a backward one.
  public init(_ kind: RecurrentCellKind, _ directions: [RecurrentWeights]) {
    precondition(directions.count == 1 || directions.count == 2, "\(kind.rawValue): \(directions.count) directions")
    self.kind = kind
    for weights in directions { weights.check(kind, inputSize: directions[0].inputSize) }
    self.directions = directions.enumerated().map {
      Direction(kind, $0.element, isReversed: $0.offset == 1)
    }
  }

  /// The same with weights in bytes: the products with the inputs and the previous outputs are computed in integers.
  public init(_ kind: RecurrentCellKind, _ directions: [QuantizedRecurrentWeights]) {
    precondition(directions.count == 1 || directions.count == 2, "\(kind.rawValue): \(directions.count) directions")
    self.kind = kind
    for weights in directions { weights.check(kind, inputSize: directions[0].input.shape[1]) }
    self.directions = directions.enumerated().map {
      Direction(kind, $0.element, isReversed: $0.offset == 1)
    }
  }

  /// D·H.
  var outputSize: Int { directions.reduce(0) { $0 + $1.hiddenSize } }
}
