import Tensors

/// A recurrent operator step by step, for what the library's cells have no form for: a GRU whose reset gate multiplies the
/// state, peepholes, other activations.
struct PlainRecurrence {
  private let form: RecurrentForm
  private let weights: RecurrentOperands
  private let sequences: RecurrentSequences
  /// [D, 3·H], of an LSTM.
  private let peepholes: [Float]?
  private let hidden: Int
  private let batch: Int

  init(
    _ form: RecurrentForm, _ weights: RecurrentOperands, _ sequences: RecurrentSequences, _ operands: Operands
  ) throws(OperatorFault) {
    (self.form, self.weights, self.sequences) = (form, weights, sequences)
    (hidden, batch) = (weights.hiddenSize, sequences.batch)
    try sequences.check(hiddenSize: hidden, inputSize: weights.inputSize)
    let given = try operands.optionalTensor(7)
    if let given, given.shape != [form.reversed.count, 3 * hidden] {
      throw .wrong("peepholes of the shape \(given.shape)")
    }
    peepholes = given?.scalars
  }

  /// A matrix of one direction, [K, rows], to be multiplied from the right.
  private func matrix(_ tensor: Tensor, _ direction: Int) -> Tensor {
    let size = tensor.shape[1] * tensor.shape[2]
    let part = Array(tensor.scalars[direction * size..<(direction + 1) * size])
    return Tensor(part, shape: [tensor.shape[1], tensor.shape[2]])
  }

  private func candidates(_ direction: Int) -> Tensor {
    guard form.cell == .gru else { return Tensor(zeros: [0, hidden]) }
    let size = hidden * hidden
    let start = (3 * direction + 2) * size
    return Tensor(Array(weights.recurrent.scalars[start..<start + size]), shape: [hidden, hidden])
  }

  func run() throws(OperatorFault) -> [ONNXValue] {
    let (steps, directions, gates) = (batch > 0 ? sequences.steps : 0, form.reversed.count, form.gateCount)
    let inputs = sequences.input.reshaped([steps * batch, weights.inputSize])
    var outputs = [Float](repeating: 0, count: steps * directions * batch * hidden)
    var (finals, cells): ([Float], [Float]) = ([], [])
    for direction in 0..<directions {
      let isReversed = form.reversed[direction]
      let size = batch * hidden
      func state(_ initial: Tensor?) -> [Float] {
        initial.map { Array($0.scalars[direction * size..<(direction + 1) * size]) }
          ?? [Float](repeating: 0, count: size)
      }
      var cell = Cell(
        form: form, activations: form.activations[direction], hidden: hidden,
        recurrent: matrix(weights.recurrent, direction), candidates: candidates(direction), biases: bias(direction),
        peepholes: peepholes.map {
          Array($0[direction * 3 * hidden..<(direction + 1) * 3 * hidden])
        }, state: state(sequences.initialHidden), cell: state(sequences.initialCell))
      let products =
        steps * batch > 0 ? inputs.linear(weight: matrix(weights.input, direction)).scalars : []
      for step in 0..<steps {
        // Each sequence is at a step of its own when it is read backwards.
        let times = sequences.lengths.map { isReversed ? $0 - 1 - step : step }
        cell.advance(batch: batch) { index in
          guard step < sequences.lengths[index] else { return nil }
          let start = (times[index] * batch + index) * gates * hidden
          return products[start..<start + gates * hidden]
        }
        for index in 0..<batch where step < sequences.lengths[index] {
          let target = ((times[index] * directions + direction) * batch + index) * hidden
          for unit in 0..<hidden { outputs[target + unit] = cell.state[index * hidden + unit] }
        }
      }
      finals += cell.state
      cells += cell.cell
    }
    let shape = [directions, batch, hidden]
    return try sequences.results(
      Tensor(outputs, shape: [sequences.steps] + shape),
      [Tensor(finals, shape: shape)] + (form.cell == .lstm ? [Tensor(cells, shape: shape)] : []))
  }

  /// The biases of the input and of the state, one behind the other.
  private func bias(_ direction: Int) -> [Float] {
    let size = 2 * form.gateCount * hidden
    return weights.bias.map { Array($0.scalars[direction * size..<(direction + 1) * size]) }
      ?? [Float](repeating: 0, count: size)
  }
}

/// The states of all sequences, and how they change.
private struct Cell {
  let form: RecurrentForm
  let activations: [String]
  let hidden: Int
  /// [G·H, H]
  let recurrent: Tensor
  /// Of a GRU's candidates, [H, H].
  let candidates: Tensor
  let biases: [Float]
  let peepholes: [Float]?
  var state: [Float]
  var cell: [Float]

  private func activate(_ index: Int, _ x: Float) -> Float {
    switch activations[index] {
    case "sigmoid": 1 / (1 + exponential(-x))
    case "relu": max(0, x)
    default: hyperbolicTangent(x)
    }
  }

  /// One step of the sequences for which `inputs` has the products of the input with the weights, gate by gate.
  mutating func advance(batch: Int, _ inputs: (Int) -> ArraySlice<Float>?) {
    let gates = form.gateCount
    guard batch > 0 else { return }
    let hiddenProducts = Tensor(state, shape: [batch, hidden]).linear(weight: recurrent).scalars
    var resets = [Float](repeating: 0, count: form.cell == .gru && !form.resetsProduct ? batch * hidden : 0)
    var updates = resets
    for index in 0..<batch {
      guard let input = inputs(index) else { continue }
      let products = hiddenProducts[index * gates * hidden..<(index + 1) * gates * hidden]
      func sum(_ gate: Int, _ unit: Int) -> Float {
        let place = gate * hidden + unit
        return input[input.startIndex + place] + products[products.startIndex + place] + biases[place]
          + biases[gates * hidden + place]
      }
      for unit in 0..<hidden {
        let place = index * hidden + unit
        switch form.cell {
        case .rnn: state[place] = activate(0, sum(0, unit))
        case .lstm:
          let old = cell[place]
          func peep(_ gate: Int, _ value: Float) -> Float { peepholes.map { $0[gate * hidden + unit] * value } ?? 0 }
          let i = activate(0, sum(0, unit) + peep(0, old))
          let f = activate(0, sum(2, unit) + peep(2, old))
          let new = f * old + i * activate(1, sum(3, unit))
          let o = activate(0, sum(1, unit) + peep(1, new))
          cell[place] = new
          state[place] = o * activate(2, new)
        case .gru:
          let (z, r) = (activate(0, sum(0, unit)), activate(0, sum(1, unit)))
          let candidate = 2 * hidden + unit
          let own = input[input.startIndex + candidate] + biases[candidate]
          if form.resetsProduct {
            let other = products[products.startIndex + candidate] + biases[gates * hidden + candidate]
            state[place] = (1 - z) * activate(1, own + r * other) + z * state[place]
          } else {
            // The candidates need the reset states of all units first.
            resets[place] = r * state[place]
            updates[place] = z
          }
        }
      }
    }
    if !resets.isEmpty { finishReset(batch: batch, inputs, resets, updates) }
  }

  private mutating func finishReset(
    batch: Int, _ inputs: (Int) -> ArraySlice<Float>?, _ resets: [Float], _ updates: [Float]
  ) {
    let products = Tensor(resets, shape: [batch, hidden]).linear(weight: candidates).scalars
    for index in 0..<batch {
      guard let input = inputs(index) else { continue }
      for unit in 0..<hidden {
        let (place, candidate) = (index * hidden + unit, 2 * hidden + unit)
        let sum =
          input[input.startIndex + candidate] + products[place] + biases[candidate] + biases[3 * hidden + candidate]
        state[place] = (1 - updates[place]) * activate(1, sum) + updates[place] * state[place]
      }
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

private func exponential(_ x: Float) -> Float { expf(x) }
private func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
