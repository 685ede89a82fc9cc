import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension OperatorLibrary {
  mutating func addActivations() {
    addActivation("Sigmoid", { $0.sigmoid() }) { 1 / (1 + exp(-$0)) }
    addActivation("Tanh", { $0.tanh() }) { tanh($0) }
    addActivation("HardSwish", { $0.hardSwish() }) { $0 * max(0, min(1, $0 / 6 + 0.5)) }
    addActivation("Mish", { $0.mish() }) { $0 * tanh(log1p(exp($0))) }
    addActivation("Softplus", { $0.softplus() }) { max($0, 0) + log1p(exp(-abs($0))) }
    addActivation("Softsign", nil) { $0 / (1 + abs($0)) }
    add("LeakyRelu", inputs: 1...1) { (context) throws(OperatorFault) in
      let slope = try context.attributes.float("alpha", default: 0.01)
      return Self.activation({ $0.leakyReLU(slope: slope) }) { $0 < 0 ? Double(slope) * $0 : $0 }
    }
    add("Elu", inputs: 1...1) { (context) throws(OperatorFault) in
      let alpha = try context.attributes.float("alpha", default: 1)
      return Self.activation({ $0.elu(alpha: alpha) }) { $0 < 0 ? Double(alpha) * expm1($0) : $0 }
    }
    add("Selu", inputs: 1...1) { (context) throws(OperatorFault) in
      let alpha = Double(try context.attributes.float("alpha", default: 1.67326319217681884765625))
      let gamma = Double(try context.attributes.float("gamma", default: 1.05070102214813232421875))
      return Self.activation(nil) { gamma * ($0 > 0 ? $0 : alpha * expm1($0)) }
    }
    add("Celu", inputs: 1...1, since: 12) { (context) throws(OperatorFault) in
      let alpha = Double(try context.attributes.float("alpha", default: 1))
      return Self.activation(nil) { max(0, $0) + min(0, alpha * expm1($0 / alpha)) }
    }
    add("HardSigmoid", inputs: 1...1) { (context) throws(OperatorFault) in
      let alpha = Double(try context.attributes.float("alpha", default: 0.2))
      let beta = Double(try context.attributes.float("beta", default: 0.5))
      return Self.activation(nil) { max(0, min(1, alpha * $0 + beta)) }
    }
    add("ThresholdedRelu", inputs: 1...1, since: 10) { (context) throws(OperatorFault) in
      let alpha = Double(try context.attributes.float("alpha", default: 1))
      return Self.activation(nil) { $0 > alpha ? $0 : 0 }
    }
    add("Shrink", inputs: 1...1, since: 9) { (context) throws(OperatorFault) in
      let lambda = Double(try context.attributes.float("lambd", default: 0.5))
      let bias = Double(try context.attributes.float("bias", default: 0))
      return Self.activation(nil) { $0 < -lambda ? $0 + bias : $0 > lambda ? $0 - bias : 0 }
    }
    add("Gelu", inputs: 1...1, since: 20) { (context) throws(OperatorFault) in
      let isTanh =
        try context.attributes.word("approximate", default: "none", of: ["none", "tanh"]) == "tanh"
      if isTanh {
        return Self.activation({ $0.geluTanh() }) { x in
          let inner: Double = 0.797_884_560_802_865_4 * (x + 0.044715 * x * x * x)
          return 0.5 * x * (1 + tanh(inner))
        }
      }
      return Self.activation({ $0.gelu() }) { x in 0.5 * x * (1 + erf(x / 2.0.squareRoot())) }
    }
    add("Swish", inputs: 1...1, since: 24) { (context) throws(OperatorFault) in
      let alpha = try context.attributes.float("alpha", default: 1)
      let factor = Double(alpha)
      return alpha == 1
        ? Self.activation({ $0.silu() }) { $0 / (1 + exp(-$0)) } : Self.activation(nil) { $0 / (1 + exp(-factor * $0)) }
    }
    add("PRelu", inputs: 2...2) { (operands) throws(OperatorFault) in
      let (x, slope) = (try operands.value(0), try operands.value(1))
      guard try broadcastShape(x.shape, slope.shape) == x.shape else {
        throw .wrong("a slope of the shape \(slope.shape) for \(x.shape)")
      }
      switch x.type {
      case .float32: return [try .combined(x, slope, Float.self) { $0 < 0 ? $0 * $1 : $0 }]
      case .float64: return [try .combined(x, slope, Double.self) { $0 < 0 ? $0 * $1 : $0 }]
      default: throw .unsupported("elements of the type \(x.type)")
      }
    }
  }

  /// An activation that the library has a kernel for, or else one that is computed in double precision.
  static func activation(
    _ kernel: (@Sendable (Tensor) -> Tensor)?, _ function: @escaping @Sendable (Double) -> Double
  ) -> OperatorBody {
    { (operands) throws(OperatorFault) in
      let x = try operands.value(0)
      if x.type == .float32, let kernel { return [try x.mappedTensor(kernel)] }
      return [try x.mappedReal({ Float(function(Double($0))) }, function)]
    }
  }

  private mutating func addActivation(
    _ name: String, _ kernel: (@Sendable (Tensor) -> Tensor)?, _ function: @escaping @Sendable (Double) -> Double
  ) {
    add(name, inputs: 1...1, body: Self.activation(kernel, function))
  }
}
