#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension RandomStream {
  /// Normally distributed numbers, drawn anew where they fall outside of [lower, upper]; by the inverse of the
  /// distribution, so that number i still depends on i alone.
  public func truncatedNormal(
    _ shape: [Int], mean: Float = 0, standardDeviation: Float = 1, lower: Float = -2, upper: Float = 2
  ) -> Tensor {
    precondition(
      lower < upper && standardDeviation > 0,
      "truncatedNormal: [\(lower), \(upper)] with the standard deviation \(standardDeviation)")
    func share(below value: Float) -> Double {
      0.5 * erfc(-(Double(value) - Double(mean)) / Double(standardDeviation) / 2.0.squareRoot())
    }
    let (first, last) = (share(below: lower), share(below: upper))
    var result = uniform(shape)
    result.withUnsafeMutableElements { elements in
      for index in elements.indices {
        let p = first + (last - first) * Double(elements[index])
        let value = Double(mean) + Double(standardDeviation) * 2.0.squareRoot() * inverseErf(2 * p - 1)
        elements[index] = min(max(Float(value), lower), upper)
      }
    }
    return result
  }
}

/// The number whose error function is y: the polynomial of Giles ("Approximating the erfinv function", 2012), and a step of
/// Newton's method for what it lacks of double precision.
private func inverseErf(_ y: Double) -> Double {
  guard abs(y) < 1 else { return y < 0 ? -.infinity : .infinity }
  var w = -log((1 - y) * (1 + y))
  let coefficients: InlineArray<9, Double>
  if w < 5 {
    w -= 2.5
    coefficients = [
      2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
      0.246640727, 1.50140941,
    ]
  } else {
    w = w.squareRoot() - 3
    coefficients = [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
      1.00167406, 2.83297682,
    ]
  }
  var p = coefficients[0]
  for index in 1..<9 { p = p * w + coefficients[index] }
  let x = p * y
  return x - (erf(x) - y) / (2 / Double.pi.squareRoot() * exp(-x * x))
}
