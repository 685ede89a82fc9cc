import BagModels
import Tensors

/// The graph of a bag classifier: `ids` [batch, time], the rows of the features of each text, and `lengths` [batch] in,
/// `logits` [batch, K] out. With the hierarchical softmax these are the logarithms of the probabilities.
enum BagGraph {
  static func make(_ classifier: BagClassifier) -> ONNXGraph {
    var builder = ONNXGraphBuilder(name: "bag")
    let parameters = classifier.parameters
    let ids = builder.input("ids", .int64, ["batch", "time"])
    let lengths = builder.input("lengths", .int64, ["batch"])
    let features = SequenceValues(
      values: builder.add("Gather", [builder.weight("rows.weight", parameters.rows), ids]), lengths: lengths,
      mask: builder.timeMask(of: ids, lengths: lengths))
    let mean = builder.meanOverTime(features)
    var logits = builder.linear(mean, weight: builder.weight("output.weight", parameters.output), bias: nil)
    if let paths = parameters.paths {
      // log σ(x) = -softplus(-x): each label's path is a product of turns to the right and to the left.
      let toRight = builder.add("Softplus", [builder.add("Neg", [logits])])
      let toLeft = builder.add("Softplus", [logits])
      let sum = builder.add(
        "Add",
        [
          builder.add("MatMul", [toRight, builder.weight("output.right", paths.right)]),
          builder.add("MatMul", [toLeft, builder.weight("output.left", paths.left)]),
        ])
      logits = builder.add("Neg", [sum])
    }
    builder.output("logits", of: logits, .float32, ["batch", .fixed(classifier.labels.count)])
    return builder.graph
  }
}
