public import Tensors

/// How the numbers of a new parameter are drawn.
///
/// Fans count as PyTorch's: for a weight [O, I, …] fan in is I · …, fan out O · ….
public enum Initializer: Sendable, Hashable, Codable {
  /// Zeros.
  case zeros
  /// Ones.
  case ones
  /// One number everywhere.
  case constant(Float)
  /// Uniform on [-bound, bound].
  case uniform(Float)
  /// Normal with mean 0.
  case normal(standardDeviation: Float)
  /// Normal, drawn anew outside of [lower, upper].
  case truncatedNormal(mean: Float = 0, standardDeviation: Float = 1, lower: Float = -2, upper: Float = 2)
  /// Uniform with the variance 2 / (fan in + fan out) (Glorot & Bengio 2010).
  case xavierUniform
  /// Normal with the same variance.
  case xavierNormal
  /// Uniform with the variance gain² / fan (He et al. 2015; `torch.nn.init.kaiming_uniform_`).
  case heUniform(fan: Fan = .input, nonlinearity: Nonlinearity = .relu)
  /// Normal with the same variance.
  case heNormal(fan: Fan = .input, nonlinearity: Nonlinearity = .relu)
  /// Uniform with the variance 1 / fan in (LeCun et al. 1998).
  case leCunUniform
  /// Normal with the same variance.
  case leCunNormal
  /// Orthonormal rows, or columns where there are fewer of them, times a gain (Saxe, McClelland, Ganguli 2014).
  case orthogonal(gain: Float = 1)

  /// A new tensor; without a source of numbers the shape alone, for values that will be loaded.
  public func callAsFunction(_ shape: [Int], random: RandomStream?) -> Tensor {
    guard let random else { return Tensor(shapeOnly: shape) }
    let fans = Fans(shape)
    switch self {
    case .zeros:
      return Tensor(zeros: shape)
    case .ones:
      return Tensor(repeating: 1, shape: shape)
    case .constant(let value):
      return Tensor(repeating: value, shape: shape)
    case .uniform(let bound):
      return random.uniform(shape, in: -bound..<bound)
    case .normal(let deviation):
      return random.normal(shape, standardDeviation: deviation)
    case .truncatedNormal(let mean, let deviation, let lower, let upper):
      return random.truncatedNormal(shape, mean: mean, standardDeviation: deviation, lower: lower, upper: upper)
    case .xavierUniform:
      return Initializer.uniform((6 / Float(fans.sum)).squareRoot())(shape, random: random)
    case .xavierNormal:
      return Initializer.normal(standardDeviation: (2 / Float(fans.sum)).squareRoot())(shape, random: random)
    case .heUniform(let fan, let nonlinearity):
      return Self.uniform(deviation: nonlinearity.gain / fans[fan].squareRoot(), shape, random)
    case .heNormal(let fan, let nonlinearity):
      return Initializer.normal(standardDeviation: nonlinearity.gain / fans[fan].squareRoot())(shape, random: random)
    case .leCunUniform:
      return Self.uniform(deviation: 1 / fans[.input].squareRoot(), shape, random)
    case .leCunNormal:
      return Initializer.normal(standardDeviation: 1 / fans[.input].squareRoot())(shape, random: random)
    case .orthogonal(let gain):
      precondition(shape.count >= 2, "orthogonal: the shape \(shape) has no rows and columns")
      let matrix = random.orthogonal(rows: shape[0], columns: shape.dropFirst().reduce(1, *))
      return (matrix * gain).reshaped(shape)
    }
  }

  private static func uniform(deviation: Float, _ shape: [Int], _ random: RandomStream) -> Tensor {
    Initializer.uniform(Float(3).squareRoot() * deviation)(shape, random: random)
  }
}

/// Which number of connections a variance is divided by.
public enum Fan: String, Sendable, Hashable, Codable, CaseIterable {
  /// Into an output: activations keep their size.
  case input
  /// Out of an input: gradients keep theirs.
  case output
}

/// What follows a layer, as far as initial weights ask.
public enum Nonlinearity: Sendable, Hashable, Codable {
  /// Nothing, or a sigmoid.
  case linear
  /// The hyperbolic tangent.
  case tanh
  /// Rectified linear units.
  case relu
  /// Leaky ones.
  case leakyReLU(slope: Float)
  /// Scaled exponential linear units.
  case selu

  /// By how much weights are larger for it (`torch.nn.init.calculate_gain`).
  public var gain: Float {
    switch self {
    case .linear: 1
    case .tanh: 5.0 / 3
    case .relu: Float(2).squareRoot()
    case .leakyReLU(let slope): (2 / (1 + slope * slope)).squareRoot()
    case .selu: 0.75
    }
  }
}

/// Connections into an output and out of an input of a weight [O, I, …].
private struct Fans {
  private let input, output: Int

  init(_ shape: [Int]) {
    let field = shape.dropFirst(2).reduce(1, *)
    input = (shape.count > 1 ? shape[1] : 1) * field
    output = (shape.first ?? 1) * field
  }

  var sum: Int { input + output }

  subscript(fan: Fan) -> Float { Float(max(fan == .input ? input : output, 1)) }
}
