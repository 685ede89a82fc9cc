public import Tensors

/// Leaky ReLU whose slope is learnt (`torch.nn.PReLU`; He et al. 2015).
public final class PReLU: Module {
  /// [1] or [C]
  public let weight: Parameter

  /// One slope, or one for each of C channels.
  public init(channels: Int = 1, initialSlope: Float = 0.25) {
    weight = Parameter(Tensor(repeating: initialSlope, shape: [channels]))
  }

  /// The same shape, [..., C] where there are C slopes.
  public func callAsFunction(_ input: Tensor) -> Tensor { input.prelu(weight: weight.tensor) }

  /// The number of slopes.
  public var summary: String { "channels \(weight.shape[0])" }
}
