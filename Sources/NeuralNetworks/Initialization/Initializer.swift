public import Tensors

/// How the numbers of a new parameter are drawn.
public enum Initializer: Sendable, Hashable {
  /// Zeros.
  case zeros
  /// Uniform on [-bound, bound].
  case uniform(Float)
  /// Normal with mean 0.
  case normal(standardDeviation: Float)
  /// Uniform with the variance 2 / (fan in + fan out) (Glorot & Bengio 2010).
  case xavierUniform
  /// Normal with the same variance.
  case xavierNormal

  /// A new tensor; without a source of numbers the shape alone, for values that will be loaded. The last dimensions count
  /// as PyTorch counts them: for [O, I, …] fan in is I · …, fan out O · ….
  public func callAsFunction(_ shape: [Int], random: RandomStream?) -> Tensor {
    guard let random else { return Tensor(shapeOnly: shape) }
    let field = shape.dropFirst(2).reduce(1, *)
    let fans = Float(((shape.first ?? 1) + (shape.count > 1 ? shape[1] : 1)) * field)
    switch self {
    case .zeros:
      return Tensor(zeros: shape)
    case .uniform(let bound):
      return random.uniform(shape, in: -bound..<bound)
    case .normal(let deviation):
      return random.normal(shape, standardDeviation: deviation)
    case .xavierUniform:
      return Initializer.uniform((6 / fans).squareRoot())(shape, random: random)
    case .xavierNormal:
      return Initializer.normal(standardDeviation: (2 / fans).squareRoot())(shape, random: random)
    }
  }
}
