public import Tensors

/// What a recurrent cell remembers from step to step, one row for each of B sequences.
public protocol RecurrentCellState: Sendable {
  /// The states of some sequences, by number.
  func rows(_ numbers: [Int32]) -> Self
}

extension Tensor: RecurrentCellState {
  /// Rows of a state [B, H].
  public func rows(_ numbers: [Int32]) -> Tensor { gatherRows(numbers) }
}

extension RecurrentStates: RecurrentCellState {
  /// Rows of all of its tensors.
  public func rows(_ numbers: [Int32]) -> RecurrentStates {
    RecurrentStates(hidden: hidden.map { $0.gatherRows(numbers) }, cell: cell.map { $0.gatherRows(numbers) })
  }
}

/// One step of a recurrent network: what a cell of one's own has to say. It can be stepped by hand, as in decoding, or run
/// over a batch of sequences.
///
/// A whole ``LSTM`` or ``GRU`` is much faster than its cell in a loop; cells are for networks that have no layer.
public protocol RecurrentCell: Module {
  /// What is remembered.
  associatedtype State: RecurrentCellState

  /// The state before the first step of B sequences.
  func initialState(batchSize: Int) -> State

  /// The output [B, H] and the next state for an input [B, I].
  func step(_ input: Tensor, _ state: State) -> (output: Tensor, state: State)
}

extension RecurrentCell {
  /// The outputs of all time steps, [N, H] for [N, I]. A sequence that has ended takes no part in further steps.
  ///
  /// - Parameter state: before the first step, sequences in the order of the batch.
  public func callAsFunction(_ input: Tensor, layout: SequenceLayout, state: State? = nil) -> Tensor {
    var state = state.map { $0.rows(layout.order.map { Int32($0) }) } ?? initialState(batchSize: layout.batchSize)
    var outputs: [Tensor] = []
    var running = layout.batchSize
    for (step, rows) in zip(layout.batchSizes, input.split(rows: layout.batchSizes)) {
      if step < running {
        state = state.rows((0..<step).map { Int32($0) })
        running = step
      }
      let next = self.step(rows, state)
      outputs.append(next.output)
      state = next.state
    }
    return Tensor.concatenated(outputs, axis: 0)
  }
}

/// The cell of an ``LSTM``, a ``GRU`` or an ``RNN``, step by step (`torch.nn.LSTMCell` and its like).
public final class StandardCell: RecurrentCell {
  /// Which one.
  public let kind: RecurrentCellKind
  /// [G·H, I]
  public let weightIH: Parameter
  /// [G·H, H]
  public let weightHH: Parameter
  /// [G·H]
  public let biasIH: Parameter?
  /// [G·H]
  public let biasHH: Parameter?

  /// A cell of H units over inputs of I numbers, with PyTorch's initial weights.
  public init(
    _ kind: RecurrentCellKind, inputSize: Int, hiddenSize: Int, hasBias: Bool = true, random: RandomStream?
  ) {
    self.kind = kind
    let bound = Initializer.uniform(1 / Float(hiddenSize).squareRoot())
    let rows = kind.gateCount * hiddenSize
    func make(_ key: String, _ shape: [Int]) -> Parameter {
      Parameter(bound(shape, random: random?.split(key)), key: key)
    }
    weightIH = make("weight_ih", [rows, inputSize])
    weightHH = make("weight_hh", [rows, hiddenSize])
    biasIH = hasBias ? make("bias_ih", [rows]) : nil
    biasHH = hasBias ? make("bias_hh", [rows]) : nil
  }

  /// H.
  public var hiddenSize: Int { weightHH.shape[1] }

  /// Zeros.
  public func initialState(batchSize: Int) -> RecurrentStates {
    RecurrentStates(zerosFor: kind, directions: 1, batchSize: batchSize, hiddenSize: hiddenSize)
  }

  /// The output [B, H] and the next state.
  public func step(_ input: Tensor, _ state: RecurrentStates) -> (output: Tensor, state: RecurrentStates) {
    let weights = RecurrentWeights(
      input: weightIH.tensor, recurrent: weightHH.tensor, inputBias: biasIH?.tensor, recurrentBias: biasHH?.tensor)
    let result = input.recurrent(
      kind, layout: SequenceLayout(lengths: Array(repeating: 1, count: input.shape[0])), directions: [weights],
      initial: state, wantsFinalCells: true)
    return (result.outputs, RecurrentStates(hidden: [result.outputs], cell: result.finalCells))
  }

  /// Sizes.
  public var summary: String { "\(kind.rawValue), input \(weightIH.shape[1]), hidden \(hiddenSize)" }
}
