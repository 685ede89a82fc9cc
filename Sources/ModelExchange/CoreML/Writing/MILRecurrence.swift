import NeuralNetworks
import Tensors

extension MILBuilder {
  /// States are [1, D·H].
  mutating func sideBySide(_ states: MILValue) -> MILValue { states }

  mutating func recurrent(
    _ layers: RecurrentLayers, named prefix: String, _ sequence: MILSequence,
    initial: [(hidden: MILValue, cell: MILValue?)]?
  ) -> RecurrentResult<MILValue, MILSequence> {
    // [T, 1, I]
    var steps = transposed(sequence.values, [1, 0, 2])
    var (hidden, cells): ([MILValue], [MILValue]) = ([], [])
    for layer in 0..<layers.layerCount {
      let part = LayerPart(layers: layers, layer: layer, prefix: prefix)
      let last: MILValue
      if layers.kind == .lstm {
        let made = lstm(part, steps, initial?[layer])
        (steps, last) = (made.outputs, made.hidden)
        cells.append(made.cell)
      } else {
        (steps, last) = inEachDirection(part, steps, initial?[layer].hidden)
      }
      hidden.append(last)
    }
    return RecurrentResult(
      outputs: MILSequence(values: transposed(steps, [1, 0, 2])), hidden: hidden, cells: cells)
  }

  /// A layer of a stack.
  private struct LayerPart {
    let layers: RecurrentLayers
    let layer: Int
    let prefix: String

    /// A tensor of a direction under a name of its own.
    func named(_ name: String, _ direction: Int, _ tensor: Tensor) -> NamedTensor {
      NamedTensor("\(prefix)layer\(layer).\(direction == 0 ? "forward" : "backward").\(name)", tensor)
    }
  }

  /// The operation itself knows both directions.
  private mutating func lstm(
    _ part: LayerPart, _ steps: MILValue, _ initial: (hidden: MILValue, cell: MILValue?)?
  ) -> (outputs: MILValue, hidden: MILValue, cell: MILValue) {
    let layers = part.layers
    let hidden = initial?.hidden ?? zeros(layers.outputSize)
    let cell = initial?.cell ?? zeros(layers.outputSize)
    // PyTorch's gates are i f g o; MIL's are i f o z. Of the two biases only the sum counts.
    let own = (0..<layers.directionCount).map { direction in
      let weights = layers.orderedWeights(layer: part.layer, direction: direction, order: [0, 1, 3, 2])
      return [
        part.named("weight_ih", direction, weights.input), part.named("weight_hh", direction, weights.recurrent),
      ] + (weights.bias.map { [part.named("bias", direction, $0)] } ?? [])
    }
    func operand(_ direction: Int, _ index: Int) -> MILOperand {
      guard direction < own.count, index < own[direction].count else { return .absent }
      return .value(weight(own[direction][index]))
    }
    let states = MILType.floats([1, layers.outputSize])
    let made = add(
      "lstm",
      [
        "x": .value(steps), "initial_h": .value(hidden), "initial_c": .value(cell), "weight_ih": operand(0, 0),
        "weight_hh": operand(0, 1), "bias": operand(0, 2), "weight_ih_back": operand(1, 0),
        "weight_hh_back": operand(1, 1), "bias_back": operand(1, 2),
        "direction": .string(layers.isBidirectional ? "bidirectional" : "forward"), "output_sequence": .bool(true),
        "recurrent_activation": .string("sigmoid"), "cell_activation": .string("tanh"), "activation": .string("tanh"),
      ], results: [.floats([steps.shape[0], 1, layers.outputSize]), states, states])
    return (made[0], made[1], made[2])
  }

  /// Runs a layer forwards, and over the reversed steps where it also reads from the end.
  private mutating func inEachDirection(
    _ part: LayerPart, _ steps: MILValue, _ initial: MILValue?
  ) -> (outputs: MILValue, hidden: MILValue) {
    let (layers, size) = (part.layers, part.layers.hiddenSize)
    var (outputs, last): ([MILValue], [MILValue]) = ([], [])
    for direction in 0..<layers.directionCount {
      let weights = layers.orderedWeights(
        layer: part.layer, direction: direction, order: Array(0..<layers.kind.gateCount))
      let start =
        initial.map { layers.isBidirectional ? columns($0, direction * size..<(direction + 1) * size) : $0 }
        ?? zeros(size)
      let own = direction == 0 ? steps : reversed(steps)
      let made =
        layers.kind == .gru
        ? gru(part, direction, weights, own, start) : rnn(part, direction, weights, own, start)
      outputs.append(direction == 0 ? made.outputs : reversed(made.outputs))
      last.append(made.hidden)
    }
    guard layers.isBidirectional else { return (outputs[0], last[0]) }
    return (concatenated(outputs, axis: 2), concatenated(last, axis: 1))
  }

  private mutating func reversed(_ steps: MILValue) -> MILValue {
    add("reverse", ["x": .value(steps), "axes": .ints([0])], steps.type)
  }

  /// Some columns of values [1, C].
  private mutating func columns(_ x: MILValue, _ range: Range<Int>) -> MILValue {
    add(
      "slice_by_index",
      ["x": .value(x), "begin": .ints([0, range.lowerBound]), "end": .ints([1, range.upperBound])],
      .floats([1, range.count]))
  }

  private mutating func rnn(
    _ part: LayerPart, _ direction: Int, _ weights: RecurrentWeights, _ steps: MILValue, _ hidden: MILValue
  ) -> (outputs: MILValue, hidden: MILValue) {
    let size = part.layers.hiddenSize
    let input = weight(part.named("weight_ih", direction, weights.input))
    let recurrent = weight(part.named("weight_hh", direction, weights.recurrent))
    let bias = weights.bias.map { weight(part.named("bias", direction, $0)) }
    let made = add(
      "rnn",
      [
        "x": .value(steps), "initial_h": .value(hidden), "weight_ih": .value(input), "weight_hh": .value(recurrent),
        "bias": .optional(bias), "direction": .string("forward"), "output_sequence": .bool(true),
        "activation": .string(part.layers.kind == .reluRNN ? "relu" : "tanh"),
      ], results: [.floats([steps.shape[0], 1, size]), .floats([1, size])])
    return (made[0], made[1])
  }

  /// A GRU as PyTorch has it, where the reset gate acts on the recurrent product and its bias.
  ///
  /// The gru of MIL has one bias, outside of that product, and its documentation (reset behind the product) and its tests
  /// (reset before it) contradict each other. So this is a loop over the steps, as coremltools writes PyTorch's GRU, but
  /// with the products of the inputs before it.
  private mutating func gru(
    _ part: LayerPart, _ direction: Int, _ weights: RecurrentWeights, _ steps: MILValue, _ hidden: MILValue
  ) -> (outputs: MILValue, hidden: MILValue) {
    let size = part.layers.hiddenSize
    let products = linear(
      steps, weight: part.named("weight_ih", direction, weights.input),
      bias: weights.inputBias.map { part.named("bias_ih", direction, $0) })
    let count = extent(of: steps, axis: 0)
    let shape = concatenated([count, constant(.ints([1, size]))], axis: 0)
    let outputs = add(
      "fill", ["shape": .value(shape), "value": .float(0)], .floats([steps.shape[0], 1, size]))
    let result = loop([constant(.ints([0])), hidden, outputs]) { builder, variables in
      builder.add("less", ["x": .value(variables[0]), "y": .value(count)], MILType(.bool, [1]))
    } turn: { builder, variables in
      let (step, previous, outputs) = (variables[0], variables[1], variables[2])
      let row = builder.rows(of: products, at: step, .floats([1, 1, 3 * size]))
      let input = builder.add("squeeze", ["x": .value(row), "axes": .ints([0])], .floats([1, 3 * size]))
      let recurrent = builder.linear(
        previous, weight: part.named("weight_hh", direction, weights.recurrent),
        bias: weights.recurrentBias.map { part.named("bias_hh", direction, $0) })
      let next = builder.gruState(previous, builder.gates(input), builder.gates(recurrent))
      let update = builder.add("expand_dims", ["x": .value(next), "axes": .ints([0])], .floats([1, 1, size]))
      let written = builder.add(
        "scatter",
        [
          "data": .value(outputs), "indices": .value(step), "updates": .value(update), "axis": .int(0),
          "mode": .string("update"),
        ], outputs.type)
      return [builder.elementwise("add", step, .ints([1])), next, written]
    }
    return (result[2], result[1])
  }

  /// [1, H] for each of three gates of [1, 3·H].
  private mutating func gates(_ x: MILValue) -> [MILValue] {
    let part = MILType.floats([1, x.shape[1].map { $0 / 3 }])
    return add("split", ["x": .value(x), "num_splits": .int(3), "axis": .int(1)], results: [part, part, part])
  }

  /// The state behind a step, of the products of its gates r z n.
  private mutating func gruState(
    _ previous: MILValue, _ input: [MILValue], _ recurrent: [MILValue]
  ) -> MILValue {
    let reset = elementwise("sigmoid", sum(input[0], recurrent[0]))
    let update = elementwise("sigmoid", sum(input[1], recurrent[1]))
    let new = tanh(sum(input[2], elementwise("mul", reset, .value(recurrent[2]))))
    // (1 - z)·n + z·h
    let change = elementwise("mul", update, .value(elementwise("sub", previous, .value(new))))
    return sum(new, change)
  }
}

extension RecurrentWeights {
  /// The sum of the two, where there are any.
  fileprivate var bias: Tensor? {
    guard let inputBias, let recurrentBias else { return nil }
    return inputBias + recurrentBias
  }
}
