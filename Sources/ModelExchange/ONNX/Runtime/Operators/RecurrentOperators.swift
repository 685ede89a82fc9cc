import Tensors

/// The attributes of a recurrent operator.
struct RecurrentForm: Sendable {
  enum Cell: String { case lstm = "LSTM", gru = "GRU", rnn = "RNN" }

  let cell: Cell
  let hiddenSize: Int?
  /// For each direction whether it reads backwards.
  let reversed: [Bool]
  /// For each direction those of its gates, in lower case.
  let activations: [[String]]
  /// Sequences stand in the first dimension.
  let isBatchFirst: Bool
  /// Of a GRU: the reset gate multiplies the hidden product, not the state.
  let resetsProduct: Bool

  init(_ cell: Cell, _ attributes: inout OperatorAttributes) throws(OperatorFault) {
    self.cell = cell
    hiddenSize = try attributes.integer("hidden_size")
    let direction = try attributes.word(
      "direction", default: "forward", of: ["forward", "reverse", "bidirectional"])
    reversed = direction == "bidirectional" ? [false, true] : [direction == "reverse"]
    isBatchFirst = try attributes.flag("layout")
    resetsProduct = cell == .gru ? try attributes.flag("linear_before_reset") : false
    if try attributes.float("clip") != nil { throw .unsupported("attribute clip") }
    if cell == .lstm, try attributes.flag("input_forget") { throw .unsupported("attribute input_forget") }
    for name in ["activation_alpha", "activation_beta"] where try attributes.floats(name)?.isEmpty == false {
      throw .unsupported("attribute \(name)")
    }
    let usual = cell == .lstm ? ["sigmoid", "tanh", "tanh"] : cell == .gru ? ["sigmoid", "tanh"] : ["tanh"]
    let given = try attributes.strings("activations")?.map { $0.lowercased() } ?? reversed.flatMap { _ in usual }
    guard given.count == usual.count * reversed.count else {
      throw .wrong("attribute activations has \(given.count) names for \(reversed.count) directions")
    }
    for name in given where !["sigmoid", "tanh", "relu"].contains(name) {
      throw .unsupported("attribute activations with the value \"\(name)\"")
    }
    activations = reversed.indices.map { Array(given[$0 * usual.count..<($0 + 1) * usual.count]) }
  }

  var gateCount: Int { cell == .lstm ? 4 : cell == .gru ? 3 : 1 }

  /// The library's cell, where it computes the same.
  var libraryKind: RecurrentCellKind? {
    switch cell {
    case .lstm: activations.allSatisfy { $0 == ["sigmoid", "tanh", "tanh"] } ? .lstm : nil
    case .gru: resetsProduct && activations.allSatisfy { $0 == ["sigmoid", "tanh"] } ? .gru : nil
    case .rnn:
      activations.allSatisfy { $0 == ["tanh"] }
        ? .tanhRNN : activations.allSatisfy { $0 == ["relu"] } ? .reluRNN : nil
    }
  }
}

/// Weights of all directions with ONNX's shapes: D directions, G gates, H hidden units, I inputs.
struct RecurrentOperands {
  /// [D, G·H, I]
  let input: Tensor
  /// [D, G·H, H]
  let recurrent: Tensor
  /// [D, 2·G·H]
  let bias: Tensor?
  let hiddenSize: Int
  let inputSize: Int

  init(_ form: RecurrentForm, input: Tensor, recurrent: Tensor, bias: Tensor?) throws(OperatorFault) {
    let directions = form.reversed.count
    guard recurrent.rank == 3, input.rank == 3, let hidden = recurrent.shape.last, hidden > 0,
      let inputs = input.shape.last, inputs > 0,
      recurrent.shape == [directions, form.gateCount * hidden, hidden],
      input.shape == [directions, form.gateCount * hidden, inputs],
      bias.map({ $0.shape == [directions, 2 * form.gateCount * hidden] }) ?? true
    else {
      throw .wrong(
        "weights of the shapes \(input.shape), \(recurrent.shape) and \(bias?.shape ?? []) for \(directions) directions"
      )
    }
    if let given = form.hiddenSize, given != hidden {
      throw .wrong("attribute hidden_size is \(given), the weights have \(hidden)")
    }
    (self.input, self.recurrent, self.bias, hiddenSize, inputSize) = (input, recurrent, bias, hidden, inputs)
  }

  /// The weights of one direction as PyTorch has them: its order of gates, and two biases.
  func library(_ direction: Int, _ kind: RecurrentCellKind) -> RecurrentWeights {
    // ONNX: i o f c, and z r h. PyTorch: i f g o, and r z n.
    let order = kind == .lstm ? [0, 2, 3, 1] : kind == .gru ? [1, 0, 2] : [0]
    let rows = order.count * hiddenSize
    func picked(_ tensor: Tensor, width: Int, first: Int = 0) -> Tensor {
      let all = tensor.scalars
      let scalars = order.flatMap { gate in
        let start = first + gate * hiddenSize * width
        return all[start..<start + hiddenSize * width]
      }
      return Tensor(scalars, shape: width == 1 ? [rows] : [rows, width])
    }
    // Biases are one dimension shorter; widths of 1 are those of matrices too.
    func matrix(_ tensor: Tensor, width: Int) -> Tensor {
      picked(tensor, width: width, first: direction * rows * width).reshaped([rows, width])
    }
    return RecurrentWeights(
      input: matrix(input, width: inputSize), recurrent: matrix(recurrent, width: hiddenSize),
      inputBias: bias.map { picked($0, width: 1, first: direction * 2 * rows) },
      recurrentBias: bias.map { picked($0, width: 1, first: direction * 2 * rows + rows) })
  }
}

extension OperatorLibrary {
  mutating func addRecurrent() {
    addRecurrent(.lstm, inputs: 3...8, outputs: 1...3)
    addRecurrent(.gru, inputs: 3...6, outputs: 1...2)
    addRecurrent(.rnn, inputs: 3...6, outputs: 1...2)
  }

  private mutating func addRecurrent(_ cell: RecurrentForm.Cell, inputs: ClosedRange<Int>, outputs: ClosedRange<Int>) {
    add(cell.rawValue, inputs: inputs, outputs: outputs) { (context) throws(OperatorFault) in
      let form = try RecurrentForm(cell, &context.attributes)
      let planned: LibraryRecurrence?
      if let kind = form.libraryKind, !context.has(7), let input = context.constant(1)?.tensor,
        let recurrent = context.constant(2)?.tensor, !context.has(3) || context.constant(3)?.tensor != nil
      {
        planned = LibraryRecurrence(
          kind, form, try RecurrentOperands(form, input: input, recurrent: recurrent, bias: context.constant(3)?.tensor)
        )
        context.packed = [1, 2, 3]
      } else {
        planned = nil
      }
      return { (operands) throws(OperatorFault) in
        let sequences = try RecurrentSequences(form, operands)
        if let planned { return try planned.run(sequences, operands) }
        let weights = try RecurrentOperands(
          form, input: try operands.tensor(1), recurrent: try operands.tensor(2), bias: try operands.optionalTensor(3))
        if let kind = form.libraryKind, operands.optional(7) == nil {
          return try LibraryRecurrence(kind, form, weights).run(sequences, operands)
        }
        return try PlainRecurrence(form, weights, sequences, operands).run()
      }
    }
  }
}

/// The sequences that a recurrent operator reads, with their states.
struct RecurrentSequences {
  /// [T, B, I]
  let input: Tensor
  let steps: Int
  let batch: Int
  /// Length of each sequence.
  let lengths: [Int]
  /// [D, B, H]
  let initialHidden: Tensor?
  let initialCell: Tensor?
  private let form: RecurrentForm

  init(_ form: RecurrentForm, _ operands: Operands) throws(OperatorFault) {
    let x = try operands.plain(0)
    guard x.rank == 3 else { throw .wrong("sequences of the shape \(x.shape)") }
    input = try (form.isBatchFirst ? x.transposed([1, 0, 2]) : x).floats("input[0]")
    (steps, batch, self.form) = (input.shape[0], input.shape[1], form)
    let (steps, batch) = (steps, batch)
    guard batch < 1 << 28 else { throw .unsupported("\(batch) sequences") }
    lengths = try operands.optionalIntegers(4) ?? [Int](repeating: steps, count: batch)
    guard lengths.count == batch, lengths.allSatisfy({ (0...steps).contains($0) }) else {
      throw .wrong("lengths \(lengths.prefix(8)) of \(batch) sequences of \(steps) steps")
    }
    func state(_ index: Int) throws(OperatorFault) -> Tensor? {
      guard let state = operands.optional(index) else { return nil }
      guard state.rank == 3 else { throw .wrong("input[\(index)] has the shape \(state.shape)") }
      return try (form.isBatchFirst ? state.transposed([1, 0, 2]) : state).floats("input[\(index)]")
    }
    initialHidden = try state(5)
    initialCell = form.cell == .lstm ? try state(6) : nil
  }

  func check(hiddenSize: Int, inputSize: Int) throws(OperatorFault) {
    let shape = [form.reversed.count, batch, hiddenSize]
    guard input.shape[2] == inputSize else {
      throw .wrong("sequences of the shape \(input.shape) for \(inputSize) inputs")
    }
    for state in [initialHidden, initialCell] {
      if let state, state.shape != shape { throw .wrong("a state of the shape \(state.shape), not \(shape)") }
    }
    guard steps * batch < 1 << 28 else { throw .unsupported("\(batch) sequences of \(steps) steps") }
    _ = try ValueLimit.count([max(steps, 1), form.reversed.count, batch, hiddenSize])
  }

  /// The results in the order of dimensions that the model wants.
  ///
  /// - Parameters:
  ///   - outputs: [T, D, B, H].
  ///   - states: [D, B, H] each.
  func results(_ outputs: Tensor, _ states: [Tensor]) throws(OperatorFault) -> [ONNXValue] {
    guard form.isBatchFirst else { return [ONNXValue(outputs)] + states.map { ONNXValue($0) } }
    var results = [try ONNXValue(outputs).transposed([2, 0, 1, 3])]
    for state in states { results.append(try ONNXValue(state).transposed([1, 0, 2]).plain) }
    return results
  }
}
