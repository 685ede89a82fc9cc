import NeuralNetworks
import Tensors
import TextModels

/// The graph of a language model: `ids` [batch, time], `lengths` [batch] and the states of each layer in, `logits` [batch,
/// time, V] of the words that follow and the states behind the last ones out.
enum LanguageModelGraph {
  static func make(_ network: LanguageModelNetwork) -> ONNXGraph {
    var builder = ONNXGraphBuilder(name: "language_model")
    let recurrent = network.recurrent
    let ids = builder.input("ids", .int64, ["batch", "time"])
    let lengths = builder.input("lengths", .int64, ["batch"])
    let stateShape: [ONNXExtent] = [.fixed(recurrent.directionCount), "batch", .fixed(recurrent.hiddenSize)]
    let hasCells = recurrent.kind == .lstm
    let initial = (0..<recurrent.layerCount).map { layer in
      (
        hidden: builder.input("hidden_\(layer)", .float32, stateShape),
        cell: hasCells ? builder.input("cell_\(layer)", .float32, stateShape) : ""
      )
    }
    let table = builder.weight("embedding.weight", network.embedding.weight.value)
    let result = builder.recurrent(
      recurrent, named: "recurrent.", builder.add("Gather", [table, ids]), lengths: lengths, initial: initial)
    let output = network.output.weight.map { builder.weight("output.weight", $0.value) } ?? table
    let logits = builder.linearOverTime(
      result.outputs, transposedWeight: builder.add("Transpose", [output], .ints("perm", [1, 0])),
      bias: builder.weight("output.bias", network.output.bias.value))
    builder.output(
      "logits", of: logits, .float32, ["batch", "time", .fixed(network.output.bias.value.count)])
    for layer in 0..<recurrent.layerCount {
      builder.output("next_hidden_\(layer)", of: result.hidden[layer], .float32, stateShape)
      if hasCells { builder.output("next_cell_\(layer)", of: result.cells[layer], .float32, stateShape) }
    }
    return builder.graph
  }
}
