import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Numbers for one transform of one image, one after the other.
struct RandomDraws {
  private var generator: RandomStream.Generator

  init(_ stream: RandomStream) { generator = stream.generator }

  /// A number of [0, 1).
  mutating func unit() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

  /// A number of a range.
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  /// A number of 0..<bound.
  mutating func integer(below bound: Int) -> Int { generator.next(below: max(1, bound)) }

  /// Whether something happens that happens with a probability.
  mutating func happens(_ probability: Double) -> Bool { unit() < probability }

  /// A normally distributed number with mean 0 and standard deviation 1 (Box & Muller 1958).
  mutating func normal() -> Double {
    (-2 * log(1 - unit())).squareRoot() * cos(2 * Double.pi * unit())
  }

  /// The logarithm of a number of the gamma distribution with scale 1 (Marsaglia & Tsang 2000). The logarithm, since the
  /// numbers of small shapes are too small for any type.
  mutating func logGamma(shape: Double) -> Double {
    // A shape below 1 is made from one above it.
    if shape < 1 { return logGamma(shape: shape + 1) + log(1 - unit()) / shape }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
      if v <= 0 { continue }
      if log(1 - unit()) < 0.5 * x * x + d - d * v + d * log(v) { return log(d * v) }
    }
  }

  /// A number of [0, 1] of the beta distribution with two equal parameters.
  mutating func beta(_ parameter: Double) -> Double {
    let (a, b) = (logGamma(shape: parameter), logGamma(shape: parameter))
    return 1 / (1 + exp(b - a))
  }

  /// A rectangle whose area is a part of another's: the part is drawn evenly from `scale`, the logarithm of the ratio
  /// width / height evenly from that of `ratio`.
  mutating func rectangle(
    within width: Int, _ height: Int, scale: ClosedRange<Double>, ratio: ClosedRange<Double>
  ) -> (width: Int, height: Int) {
    let area = Double(width) * Double(height) * uniform(scale)
    let aspect = exp(uniform(log(ratio.lowerBound)...log(ratio.upperBound)))
    return (roundedToEven((area * aspect).squareRoot()), roundedToEven((area / aspect).squareRoot()))
  }
}

/// The nearest whole number, the even one of two that are equally near, as Python rounds.
func roundedToEven(_ number: Double) -> Int {
  Int(number.rounded(.toNearestOrEven))
}
