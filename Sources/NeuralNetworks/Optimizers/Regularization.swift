import Tensors

/// Penalties on the size of parameters, and a constraint on it.
///
/// Penalties are added to the gradient after clipping, as `torch.optim`'s weight decay is.
public struct Regularization: Sendable, Hashable, Codable {
  /// The penalty l1 · Σ |w|.
  public var l1: Float
  /// The penalty l2 / 2 · Σ w²; the same as weight decay in an optimiser that does not decouple it.
  public var l2: Float
  /// After each step, rows of a weight (all dimensions but the first) are scaled down to this Euclidean norm (Srebro &
  /// Shraibman 2005; Kim 2014 with 3). Vectors such as biases are left alone.
  public var maximumNorm: Float?
  /// Whether elements of a weight that are zero before the first step stay so: those of a network that was pruned (Han et
  /// al. 2015). It counts for weights of which at least a hundredth is zero; vectors such as biases are left alone.
  public var keepsZeros: Bool

  /// Any of them.
  public init(l1: Float = 0, l2: Float = 0, maximumNorm: Float? = nil, keepsZeros: Bool = false) {
    (self.l1, self.l2, self.maximumNorm, self.keepsZeros) = (l1, l2, maximumNorm, keepsZeros)
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      l1: try values.decodeIfPresent(Float.self, forKey: .l1) ?? 0,
      l2: try values.decodeIfPresent(Float.self, forKey: .l2) ?? 0,
      maximumNorm: try values.decodeIfPresent(Float.self, forKey: .maximumNorm),
      keepsZeros: try values.decodeIfPresent(Bool.self, forKey: .keepsZeros) ?? false)
  }

  /// No penalty and no constraint.
  public static let none = Regularization()

  /// The elastic net (Zou & Hastie 2005): `strength` · (`ratio` · Σ |w| + (1 - `ratio`) / 2 · Σ w²).
  public static func elastic(_ strength: Float, ratio: Float) -> Regularization {
    Regularization(l1: strength * ratio, l2: strength * (1 - ratio))
  }
}

/// How gradients are kept from being too large.
public enum GradientClipping: Sendable, Hashable, Codable {
  /// Not at all.
  case none
  /// All gradients together are scaled down so that their norm over all parameters is at most that (Pascanu, Mikolov,
  /// Bengio 2013; `torch.nn.utils.clip_grad_norm_`).
  case norm(Float)
  /// Every element is cut to [-limit, limit] (`torch.nn.utils.clip_grad_value_`).
  case value(Float)

  /// The same for every element; `nil` where the norm is infinite or not a number.
  func rule(for gradients: Gradients) -> GradientRule? {
    var rule = GradientRule()
    switch self {
    case .none: break
    case .value(let limit): rule.limit = limit
    case .norm(let maximum):
      let norm = Float(gradients.globalNorm)
      guard norm.isFinite else { return nil }
      rule.scale = min(1, maximum / (norm + 1e-6))
    }
    return rule
  }
}
