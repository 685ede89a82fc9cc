extension RandomStream {
  /// A random matrix whose rows, or whose columns where it is higher than wide, are orthonormal; every such matrix is
  /// equally likely (Saxe, McClelland, Ganguli 2014; Mezzadri 2007).
  ///
  /// The Q of a QR decomposition of normally distributed numbers with a positive diagonal, by the modified method of Gram
  /// and Schmidt in double precision.
  public func orthogonal(rows: Int, columns: Int) -> Tensor {
    let (count, length) = (min(rows, columns), max(rows, columns))
    var vectors = normal([count, length]).scalars.map(Double.init)
    vectors.withUnsafeMutableBufferPointer { vectors in
      guard let base = vectors.baseAddress else { return }
      for index in 0..<count {
        let own = base + index * length
        let norm = product(own, own, length).squareRoot()
        for element in 0..<length { own[element] /= norm }
        // What is left of the vectors behind it loses its share of this one.
        let perTile = max(1, elementsPerTile / 4 / length)
        let left = count - index - 1
        parallelFor((left + perTile - 1) / perTile) { tile in
          for other in index + 1 + tile * perTile..<min(count, index + 1 + (tile + 1) * perTile) {
            let vector = base + other * length
            let share = product(own, vector, length)
            for element in 0..<length { vector[element] -= share * own[element] }
          }
        }
      }
    }
    let flat = Tensor(vectors.map { Float($0) }, shape: [count, length])
    return rows <= columns ? flat : flat.transposed()
  }
}

/// Four sums side by side, since one alone waits for each addition.
private func product(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
  var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
  var index = 0
  while index + 4 <= count {
    s0 += a[index] * b[index]
    s1 += a[index + 1] * b[index + 1]
    s2 += a[index + 2] * b[index + 2]
    s3 += a[index + 3] * b[index + 3]
    index += 4
  }
  while index < count {
    s0 += a[index] * b[index]
    index += 1
  }
  return (s0 + s1) + (s2 + s3)
}
