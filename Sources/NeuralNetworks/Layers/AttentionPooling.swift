public import Tensors

/// The mean of a sequence's states, weighted by how much each matters (Yang et al. 2016, "Hierarchical attention networks
/// for document classification"): uₜ = tanh(W·hₜ + b), αₜ = softmax over the sequence of uₜ·v, Σ αₜ·hₜ.
public final class AttentionPooling: Module {
  /// W and b, [A, F].
  public let projection: Linear
  /// v, [1, A].
  public let context: Parameter

  /// A layer over states of F = `inputSize` numbers, with A = `attentionSize` units (F unless given).
  public init(inputSize: Int, attentionSize: Int? = nil, random: RandomStream?) {
    let size = attentionSize ?? inputSize
    projection = Linear(inputSize: inputSize, outputSize: size, random: random?.split("projection"))
    context = Parameter(Initializer.xavierUniform([1, size], random: random?.split("context")))
  }

  /// [B, F] for the states of all time steps, [N, F], and the weight of each row, [N]; those of a sequence sum to 1.
  public func callAsFunction(_ states: Tensor, layout: SequenceLayout) -> (pooled: Tensor, weights: Tensor) {
    let scores = projection(states).tanh().linear(weight: context.tensor).reshaped([layout.rowCount])
    let weights = scores.softmaxOverTime(layout: layout)
    return (states.weightedSumOverTime(weights, layout: layout), weights)
  }

  /// Sizes.
  public var summary: String { "input \(projection.weight.shape[1]), units \(context.shape[1])" }
}
