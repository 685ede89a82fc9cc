import NeuralNetworks
import Tensors

extension ONNXGraphBuilder {
  /// Each layer as one LSTM, GRU or RNN whose lengths are given; outputs are zeros behind them. States are [D, B, H].
  mutating func recurrent(
    _ layers: RecurrentLayers, named prefix: String, _ sequence: SequenceValues,
    initial: [(hidden: String, cell: String?)]?
  ) -> RecurrentResult<String, SequenceValues> {
    let lengths = add("Cast", [sequence.lengths], .int("to", Int(ONNXElementType.int32.rawValue)))
    // [T, B, I], which every runtime knows.
    var steps = add("Transpose", [sequence.values], .ints("perm", [1, 0, 2]))
    var result = RecurrentResult<String, SequenceValues>(outputs: sequence, hidden: [], cells: [])
    let directions = layers.directionCount
    for layer in 0..<layers.layerCount {
      let (input, recurrent, bias) = recurrentWeights(layers, layer: layer, named: "\(prefix)layer\(layer)")
      var operands = [steps, input, recurrent, bias, lengths]
      if let states = initial?[layer] { operands += [states.hidden] + (states.cell.map { [$0] } ?? []) }
      var attributes = [
        ONNXAttribute.int("hidden_size", layers.hiddenSize),
        .string("direction", directions == 2 ? "bidirectional" : "forward"),
      ]
      let type: String
      switch layers.kind {
      case .lstm: type = "LSTM"
      case .gru:
        type = "GRU"
        // PyTorch's, where the reset gate acts on the product.
        attributes.append(.int("linear_before_reset", 1))
      case .tanhRNN, .reluRNN:
        type = "RNN"
        let activation = layers.kind == .tanhRNN ? "Tanh" : "Relu"
        attributes.append(.strings("activations", Array(repeating: activation, count: directions)))
      }
      let made = add(type, operands, results: layers.kind == .lstm ? 3 : 2, attributes)
      result.hidden.append(made[1])
      if layers.kind == .lstm { result.cells.append(made[2]) }
      // [T, D, B, H] → [T, B, D·H]
      steps = add(
        "Reshape", [add("Transpose", [made[0]], .ints("perm", [0, 2, 1, 3])), integers([0, 0, -1])])
    }
    result.outputs.values = add("Transpose", [steps], .ints("perm", [1, 0, 2]))
    return result
  }

  mutating func sideBySide(_ states: String) -> String {
    add("Reshape", [add("Transpose", [states], .ints("perm", [1, 0, 2])), integers([0, -1])])
  }

  /// A layer's weights as ONNX has them: [D, G·H, I], [D, G·H, H] and both biases in [D, 2·G·H], gates in another order.
  private mutating func recurrentWeights(
    _ layers: RecurrentLayers, layer: Int, named prefix: String
  ) -> (input: String, recurrent: String, bias: String) {
    // PyTorch's gates are i f g o and r z n; ONNX's are i o f c and z r h.
    let order: [Int] =
      switch layers.kind {
      case .lstm: [0, 3, 1, 2]
      case .gru: [1, 0, 2]
      case .tanhRNN, .reluRNN: [0]
      }
    let own = (0..<layers.directionCount).map { layers.orderedWeights(layer: layer, direction: $0, order: order) }
    let (directions, rows) = (own.count, order.count * layers.hiddenSize)
    let input = Tensor.concatenated(own.map(\.input), axis: 0)
    let recurrent = Tensor.concatenated(own.map(\.recurrent), axis: 0)
    let biases = own.flatMap { [$0.inputBias, $0.recurrentBias].compactMap(\.self) }
    let bias = biases.isEmpty ? Tensor(zeros: [directions * 2 * rows]) : Tensor.concatenated(biases, axis: 0)
    return (
      weight("\(prefix).W", input, shape: [directions, rows, input.shape[1]]),
      weight("\(prefix).R", recurrent, shape: [directions, rows, recurrent.shape[1]]),
      weight("\(prefix).B", bias, shape: [directions, 2 * rows])
    )
  }
}
