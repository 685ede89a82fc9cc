import BagModels
import Tensors

extension SequenceGraphBuilder {
  /// Writes a classifier of bags: its logits [B, K]. With the hierarchical softmax these are the logarithms of the
  /// probabilities.
  ///
  /// - Parameter ids: the input, the rows of the features of each text, [B, T].
  mutating func logits(of classifier: BagClassifier, ids: Value) -> Value {
    let parameters = classifier.parameters
    let features = sequence(gather(NamedTensor("rows.weight", parameters.rows), ids))
    let scores = linear(
      meanOverTime(features), weight: NamedTensor("output.weight", parameters.output), bias: nil)
    guard let paths = parameters.paths else { return scores }
    // log σ(x) = -softplus(-x): each label's path is a product of turns to the right and to the left.
    let toRight = softplus(negated(scores))
    let toLeft = softplus(scores)
    let right = product(toRight, NamedTensor("output.right", paths.right))
    let left = product(toLeft, NamedTensor("output.left", paths.left))
    return negated(sum(right, left))
  }
}
