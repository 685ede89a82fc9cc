public import Tensors

/// The largest of several linear functions for each output (Goodfellow et al. 2013).
public final class Maxout: Module {
  /// From I to O · pieces features; the pieces of an output are neighbours.
  public let linear: Linear
  /// Linear functions of each output.
  public let pieces: Int

  /// A layer from I to O features.
  public init(
    inputSize: Int, outputSize: Int, pieces: Int = 2, initializer: Initializer = .xavierUniform, random: RandomStream?
  ) {
    linear = Linear(
      inputSize: inputSize, outputSize: outputSize * pieces, initializer: initializer, random: random?.split("linear"))
    self.pieces = pieces
  }

  /// [..., O] for [..., I].
  public func callAsFunction(_ input: Tensor) -> Tensor { linear(input).maxout(pieces: pieces) }

  /// The number of pieces.
  public var summary: String { "pieces \(pieces)" }
}
