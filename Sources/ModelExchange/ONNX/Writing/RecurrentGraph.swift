import NeuralNetworks
import Tensors

/// What recurrent layers make of sequences in a graph.
struct RecurrentResult {
  /// [B, T, D·H], zeros behind the lengths.
  var outputs: String
  /// The states behind the last step of each layer, [D, B, H].
  var hidden: [String]
  /// The cells of an LSTM, [D, B, H].
  var cells: [String]
}

extension ONNXGraphBuilder {
  /// Recurrent layers over sequences, each as one LSTM, GRU or RNN whose lengths are given.
  ///
  /// - Parameters:
  ///   - values: [B, T, I].
  ///   - lengths: int64 [B].
  ///   - initial: the states of each layer before the first step, [D, B, H]; zeros unless given.
  mutating func recurrent(
    _ layers: RecurrentLayers, named prefix: String, _ values: String, lengths: String,
    initial: [(hidden: String, cell: String)]? = nil
  ) -> RecurrentResult {
    let sequenceLengths = add("Cast", [lengths], .int("to", Int(ONNXElementType.int32.rawValue)))
    // [T, B, I], which every runtime knows.
    var steps = add("Transpose", [values], .ints("perm", [1, 0, 2]))
    var result = RecurrentResult(outputs: values, hidden: [], cells: [])
    let directions = layers.directionCount
    for layer in 0..<layers.layerCount {
      let (input, recurrent, bias) = recurrentWeights(layers, layer: layer, named: "\(prefix)layer\(layer)")
      var operands = [steps, input, recurrent, bias, sequenceLengths]
      if let initial { operands += [initial[layer].hidden] + (layers.kind == .lstm ? [initial[layer].cell] : []) }
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
    result.outputs = add("Transpose", [steps], .ints("perm", [1, 0, 2]))
    return result
  }

  /// [B, D·H] of states [D, B, H].
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
    let directions = layers.directionCount
    let perDirection = layers.hasBias ? 4 : 2
    let rows = order.count * layers.hiddenSize
    func stacked(_ parts: [Int]) -> Tensor {
      Tensor.concatenated(
        (0..<directions).flatMap { direction in
          parts.map { part in
            let own = layers.weights[(layer * directions + direction) * perDirection + part].value
            return own.reordered(order)
          }
        }, axis: 0)
    }
    let (input, recurrent) = (stacked([0]), stacked([1]))
    let bias = layers.hasBias ? stacked([2, 3]) : Tensor(zeros: [directions * 2 * rows])
    return (
      weight("\(prefix).W", input, shape: [directions, rows, input.shape[1]]),
      weight("\(prefix).R", recurrent, shape: [directions, rows, recurrent.shape[1]]),
      weight("\(prefix).B", bias, shape: [directions, 2 * rows])
    )
  }
}

extension Tensor {
  /// Blocks of rows of equal size in another order.
  fileprivate func reordered(_ order: [Int]) -> Tensor {
    guard order != Array(order.indices) else { return self }
    let block = count / order.count
    return withUnsafeElements { numbers in
      Tensor(order.flatMap { numbers[$0 * block..<($0 + 1) * block] }, shape: shape)
    }
  }
}
