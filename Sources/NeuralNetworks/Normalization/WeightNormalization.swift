public import Tensors

/// A weight as length times direction, row by row (Salimans & Kingma 2016), as
/// `torch.nn.utils.parametrizations.weight_norm`.
///
/// It stands where a ``Tensors/Parameter`` would, and gives the weight that an operation takes:
/// `input.linear(weight: weight.tensor)`. Named `parametrizations.weight` in a layer, its parts have PyTorch's names,
/// `parametrizations.weight.original0` and `original1`.
public final class WeightNormalization: Module {
  /// The lengths, [O, 1, ...]
  public let magnitude: Parameter
  /// The directions, of any length, [O, ...]
  public let direction: Parameter

  /// Begins with a weight [O, ...] as it is.
  public init(_ weight: Tensor) {
    magnitude = Parameter(weight.rowNorms, key: "original0")
    direction = Parameter(weight, key: "original1")
  }

  /// The weight, [O, ...].
  public var tensor: Tensor { direction.tensor.weightNorm(magnitude: magnitude.tensor) }

  /// The shape.
  public var summary: String { direction.shape.map(\.description).joined(separator: "×") }
}
