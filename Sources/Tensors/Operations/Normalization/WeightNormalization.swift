import CKernels

extension Tensor {
  /// magnitude · v / ‖v‖ for each row (all dimensions but the first) of v (Salimans & Kingma 2016).
  ///
  /// - Parameter magnitude: [O, 1, ...] for v of the shape [O, ...].
  public func weightNorm(magnitude: Tensor) -> Tensor {
    precondition(
      rank >= 1 && magnitude.shape == [shape[0]] + shape.dropFirst().map { _ in 1 },
      "weightNorm: a magnitude of the shape \(magnitude.shape) for \(shape)")
    let rows = shape[0]
    let width = count / max(rows, 1)
    let (v, g) = (detached, magnitude.detached)
    let norms = rowNorms
    let result = Tensor(uninitialized: shape)
    forEachTile(ofRows: rows, width: width) { tile in
      for row in tile {
        kernels.scale(v.floats + row * width, g.floats[row] / norms.floats[row], result.floats + row * width, width)
      }
    }
    return result.recorded("weightNorm", from: [self, magnitude]) { gradient in
      let (directions, magnitudes) = (Tensor(uninitialized: v.shape), Tensor(uninitialized: g.shape))
      forEachTile(ofRows: rows, width: width) { tile in
        for row in tile {
          let (from, above) = (v.floats + row * width, gradient.floats + row * width)
          let norm = norms.floats[row]
          let product = kernels.dot(above, from, width) / norm
          magnitudes.floats[row] = product
          // g / ‖v‖ · (gradient - v · product / ‖v‖)
          let to = directions.floats + row * width
          kernels.scale(above, g.floats[row] / norm, to, width)
          kernels.add_scaled(from, -g.floats[row] / norm * product / norm, to, width)
        }
      }
      return [.dense(directions), .dense(magnitudes)]
    }
  }

  /// The Euclidean norm of each row (all dimensions but the first), as [O, 1, ...]; nothing is recorded.
  package var rowNorms: Tensor {
    precondition(rank >= 1, "rowNorms: a scalar has no rows")
    let width = count / max(shape[0], 1)
    let norms = Tensor(uninitialized: [shape[0]] + shape.dropFirst().map { _ in 1 })
    for row in 0..<shape[0] {
      norms.floats[row] = Float(kernels.sum_of_squares(floats + row * width, width).squareRoot())
    }
    return norms
  }
}
