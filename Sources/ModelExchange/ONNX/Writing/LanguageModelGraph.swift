import NeuralNetworks
import Tensors
import TextModels

/// The graph of a language model: `ids` [batch, time], `lengths` [batch] and the states of each layer in, `logits` [batch,
/// time, V] of the words that follow and the states behind the last ones out.
enum LanguageModelGraph {
  static func make(_ network: LanguageModelNetwork, quantizes: Bool) -> ONNXGraph {
    var builder = ONNXGraphBuilder(name: "language_model", quantizes: quantizes)
    let recurrent = network.recurrent
    let (ids, lengths) = builder.textInputs()
    let stateShape: [ONNXExtent] = [.fixed(recurrent.directionCount), "batch", .fixed(recurrent.hiddenSize)]
    let hasCells = recurrent.kind == .lstm
    let initial = (0..<recurrent.layerCount).map { layer in
      (
        hidden: builder.input("hidden_\(layer)", .float32, stateShape),
        cell: hasCells ? builder.input("cell_\(layer)", .float32, stateShape) : nil
      )
    }
    let words = builder.gather(NamedTensor("embedding.weight", network.embedding.weight.value), ids)
    // The layers read lengths; nothing else reads what is behind them.
    let result = builder.recurrent(
      recurrent, named: "recurrent.", SequenceValues(values: words, lengths: lengths, mask: ""), initial: initial)
    let logits = builder.linearOverTime(
      result.outputs.values, weight: network.outputMatrix,
      bias: NamedTensor("output.bias", network.output.bias.value))
    builder.output(
      "logits", of: logits, .float32, ["batch", "time", .fixed(network.output.bias.value.count)])
    for layer in 0..<recurrent.layerCount {
      builder.output("next_hidden_\(layer)", of: result.hidden[layer], .float32, stateShape)
      if hasCells { builder.output("next_cell_\(layer)", of: result.cells[layer], .float32, stateShape) }
    }
    return builder.graph
  }
}

extension LanguageModelNetwork {
  /// [V, H], that of the embedding where it is tied.
  var outputMatrix: NamedTensor {
    output.weight.map { NamedTensor("output.weight", $0.value) }
      ?? NamedTensor("embedding.weight", embedding.weight.value)
  }
}
