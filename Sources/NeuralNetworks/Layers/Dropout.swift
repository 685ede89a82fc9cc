public import Tensors

/// Sets numbers to zero in training, each with the probability `rate`, and scales the others up (`torch.nn.Dropout`).
public final class Dropout: Module {
  /// In [0, 1).
  public let rate: Float

  /// A layer of a rate in [0, 1).
  public init(rate: Float) { self.rate = rate }

  /// The same shape; the input itself outside of training.
  public func callAsFunction(_ input: Tensor) -> Tensor { input.dropout(rate) }

  /// The rate.
  public var summary: String { "rate \(rate)" }
}

/// Sets whole channels of images [B, H, W, C] to zero in training (`torch.nn.Dropout2d`).
public final class Dropout2d: Module {
  /// In [0, 1).
  public let rate: Float

  /// A layer of a rate in [0, 1).
  public init(rate: Float) { self.rate = rate }

  /// The same shape; the input itself outside of training.
  public func callAsFunction(_ input: Tensor) -> Tensor { input.dropout2d(rate) }

  /// The rate.
  public var summary: String { "rate \(rate)" }
}
