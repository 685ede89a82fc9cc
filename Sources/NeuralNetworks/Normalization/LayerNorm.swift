public import Tensors

/// Zero mean and unit variance over the last dimensions (Ba, Kiros, Hinton 2016; `torch.nn.LayerNorm`).
public final class LayerNorm: Module {
  /// Of the normalised shape.
  public let weight: Parameter?
  /// Of the normalised shape.
  public let bias: Parameter?
  /// The last dimensions of inputs.
  public let normalizedShape: [Int]
  /// Added to variances.
  public let epsilon: Float

  /// A layer for inputs whose last dimensions are `normalizedShape`.
  public init(_ normalizedShape: [Int], isAffine: Bool = true, epsilon: Float = 1e-5) {
    (weight, bias) = normalizationParameters(normalizedShape, isAffine: isAffine)
    (self.normalizedShape, self.epsilon) = (normalizedShape, epsilon)
  }

  /// The same shape.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.layerNorm(over: normalizedShape, weight: weight?.tensor, bias: bias?.tensor, epsilon: epsilon)
  }

  /// The normalised shape.
  public var summary: String { normalizedShape.map(\.description).joined(separator: "×") }
}

/// A mean square of 1 over the last dimensions (Zhang & Sennrich 2019; `torch.nn.RMSNorm`).
public final class RMSNorm: Module {
  /// Of the normalised shape.
  public let weight: Parameter?
  /// The last dimensions of inputs.
  public let normalizedShape: [Int]
  /// Added to mean squares.
  public let epsilon: Float

  /// A layer for inputs whose last dimensions are `normalizedShape`.
  public init(_ normalizedShape: [Int], isAffine: Bool = true, epsilon: Float = .ulpOfOne) {
    weight = normalizationParameters(normalizedShape, isAffine: isAffine).weight
    (self.normalizedShape, self.epsilon) = (normalizedShape, epsilon)
  }

  /// The same shape.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.rmsNorm(over: normalizedShape, weight: weight?.tensor, epsilon: epsilon)
  }

  /// The normalised shape.
  public var summary: String { normalizedShape.map(\.description).joined(separator: "×") }
}

/// Ones and zeros, or neither.
func normalizationParameters(_ shape: [Int], isAffine: Bool) -> (weight: Parameter?, bias: Parameter?) {
  guard isAffine else { return (nil, nil) }
  return (Parameter(Tensor(repeating: 1, shape: shape)), Parameter(Tensor(zeros: shape)))
}
