public import Tensors

/// The activations that have no weights, with PyTorch's settings, by the names that settings are written with.
public enum Activation: String, Sendable, Hashable, Codable, CaseIterable {
  /// The input itself.
  case identity
  /// max(x, 0)
  case relu
  /// x above zero, 0.01 x below
  case leakyReLU = "leaky_relu"
  /// Leaky ReLU whose slope is random in training (``Tensors/Tensor/randomLeakyReLU(lower:upper:)``)
  case randomLeakyReLU = "rrelu"
  /// x above zero, eˣ - 1 below
  case elu
  /// ELU with the constants that keep mean and variance
  case selu
  /// x · Φ(x)
  case gelu
  /// GELU with a tanh for Φ
  case geluTanh = "gelu_tanh"
  /// x · σ(x)
  case silu
  /// x · tanh(log(1 + eˣ))
  case mish
  /// log(1 + eˣ)
  case softplus
  /// 1 / (1 + e⁻ˣ)
  case sigmoid
  /// The hyperbolic tangent
  case tanh
  /// x / 6 + ½, cut to [0, 1]
  case hardSigmoid = "hard_sigmoid"
  /// x times its hard sigmoid
  case hardSwish = "hard_swish"
  /// Softmax along the last dimension
  case softmax
  /// Its logarithm
  case logSoftmax = "log_softmax"

  /// The same shape.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    switch self {
    case .identity: input
    case .relu: input.relu()
    case .leakyReLU: input.leakyReLU()
    case .randomLeakyReLU: input.randomLeakyReLU()
    case .elu: input.elu()
    case .selu: input.selu()
    case .gelu: input.gelu()
    case .geluTanh: input.geluTanh()
    case .silu: input.silu()
    case .mish: input.mish()
    case .softplus: input.softplus()
    case .sigmoid: input.sigmoid()
    case .tanh: input.tanh()
    case .hardSigmoid: input.hardSigmoid()
    case .hardSwish: input.hardSwish()
    case .softmax: input.softmax()
    case .logSoftmax: input.logSoftmax()
    }
  }
}
