import CKernels

extension Tensor {
  /// x where it is above zero, `slope` · x elsewhere (Maas, Hannun, Ng 2013).
  public func leakyReLU(slope: Float = 0.01) -> Tensor { activated("leakyReLU", kernels.leaky_relu, slope) }

  /// x where it is above zero, α(eˣ - 1) elsewhere (Clevert, Unterthiner, Hochreiter 2016).
  public func elu(alpha: Float = 1) -> Tensor { activated("elu", kernels.elu, alpha, 1) }

  /// ELU with the constants that keep the mean 0 and the variance 1 (Klambauer et al. 2017).
  public func selu() -> Tensor {
    activated("selu", kernels.elu, 1.673_263_242_354_377_3, 1.050_700_987_355_480_5)
  }

  /// x · Φ(x), Φ the standard normal distribution (Hendrycks & Gimpel 2016).
  public func gelu() -> Tensor { activated("gelu", kernels.gelu) }

  /// GELU with ½(1 + tanh(√(2/π)(x + 0.044715x³))) for Φ.
  public func geluTanh() -> Tensor { activated("geluTanh", kernels.gelu_tanh) }

  /// x · σ(x), also called swish (Elfwing, Uchibe, Doya 2018).
  public func silu() -> Tensor { activated("silu", kernels.silu) }

  /// x · tanh(log(1 + eˣ)) (Misra 2019).
  public func mish() -> Tensor { activated("mish", kernels.mish) }

  /// log(1 + e^(βx)) / β; x itself where βx is above the threshold.
  public func softplus(beta: Float = 1, threshold: Float = 20) -> Tensor {
    activated("softplus", kernels.softplus, beta, threshold)
  }

  /// x / 6 + ½, cut to [0, 1].
  public func hardSigmoid() -> Tensor { activated("hardSigmoid", kernels.hard_sigmoid) }

  /// x times its hard sigmoid (Howard et al. 2019).
  public func hardSwish() -> Tensor { activated("hardSwish", kernels.hard_swish) }

  /// An activation whose gradient follows from its input.
  private func activated(
    _ name: StaticString, _ activation: activation_kernels, _ a: Float = 0, _ b: Float = 0
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let (from, to) = (floats, result.floats)
    forEachTile(of: count) { activation.forward(from + $0.lowerBound, to + $0.lowerBound, $0.count, a, b) }
    let input = detached
    return result.recorded(name, from: [self]) { gradient in
      let result = Tensor(uninitialized: input.shape)
      forEachTile(of: input.count) { tile in
        let at = tile.lowerBound
        activation.gradient(input.floats + at, gradient.floats + at, result.floats + at, tile.count, a, b)
      }
      return [.dense(result)]
    }
  }

  /// Leaky ReLU whose slope is drawn for each element from [lower, upper) while a tape records for training, and is their
  /// mean elsewhere (Xu et al. 2015).
  public func randomLeakyReLU(lower: Float = 1.0 / 8, upper: Float = 1.0 / 3) -> Tensor {
    precondition(lower <= upper, "randomLeakyReLU: \(lower) is above \(upper)")
    guard let stream = GradientTape.current?.nextRandomStream() else { return leakyReLU(slope: (lower + upper) / 2) }
    let input = detached
    // The slope of an element multiplies its value on the way up and its gradient on the way down.
    @Sendable func times(_ values: Tensor) -> Tensor {
      let result = Tensor(uninitialized: input.shape)
      withUnsafeBytes(of: stream.keyWords) { bytes in
        guard let key = bytes.baseAddress?.assumingMemoryBound(to: UInt32.self) else { return }
        forEachTile(of: input.count) { tile in
          let at = tile.lowerBound
          kernels.random_leaky_relu(
            input.floats + at, values.floats + at, lower, upper, key, UInt64(at), result.floats + at, tile.count)
        }
      }
      return result
    }
    return times(input).recorded("randomLeakyReLU", from: [self]) { [.dense(times($0))] }
  }

  /// The largest of each group of `pieces` neighbours along the last dimension: [..., F] of [..., F · pieces]
  /// (Goodfellow et al. 2013).
  public func maxout(pieces: Int) -> Tensor {
    precondition(
      rank >= 1 && pieces >= 1 && shape[rank - 1] % pieces == 0,
      "maxout: the last dimension of \(shape) is no multiple of \(pieces)")
    let result = Tensor(uninitialized: shape.dropLast() + [shape[rank - 1] / pieces])
    var arguments = [Int32](repeating: 0, count: result.count)
    arguments.withUnsafeMutableBufferPointer { arguments in
      guard let arguments = arguments.baseAddress else { return }
      forEachTile(of: result.count) { tile in
        let at = tile.lowerBound
        kernels.maxout(floats + at * pieces, pieces, result.floats + at, arguments + at, tile.count)
      }
    }
    let shape = shape
    return result.recorded("maxout", from: [self]) { [arguments] gradient in
      let inputGradient = Tensor(uninitialized: shape)
      arguments.withUnsafeBufferPointer { arguments in
        guard let arguments = arguments.baseAddress else { return }
        forEachTile(of: gradient.count) { tile in
          let at = tile.lowerBound
          kernels.maxout_gradient(
            gradient.floats + at, arguments + at, pieces, inputGradient.floats + at * pieces, tile.count)
        }
      }
      return [.dense(inputGradient)]
    }
  }
}

extension Tensor {
  /// The part of a gradient that passes ReLU, of whose result `self` is.
  func reluGradient(_ gradient: Tensor) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let (output, from, to) = (floats, gradient.floats, result.floats)
    forEachTile(of: count) { tile in
      let at = tile.lowerBound
      kernels.relu_gradient(output + at, from + at, to + at, tile.count)
    }
    return withExtendedLifetime((self, gradient)) { result }
  }
}
