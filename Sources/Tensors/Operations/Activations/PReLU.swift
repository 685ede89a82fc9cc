import CKernels

extension Tensor {
  /// x where it is above zero, weight · x elsewhere, as `torch.nn.functional.prelu` (He et al. 2015).
  ///
  /// - Parameter weight: [1], or [C] for x of the shape [..., C].
  public func prelu(weight: Tensor) -> Tensor {
    let channels = weight.count
    precondition(
      weight.rank == 1 && (channels == 1 || (rank >= 2 && shape[rank - 1] == channels)),
      "prelu: a weight of the shape \(weight.shape) for \(shape)")
    // A row of the input has a slope for each element: every channel, or all the same.
    let width = channels > 1 ? channels : rank >= 2 ? shape.dropFirst().reduce(1, *) : count
    let slopes = channels > 1 ? weight.detached : Tensor(repeating: weight.scalar, shape: [width])
    let rows = count / max(width, 1)
    let result = Tensor(uninitialized: shape)
    forEachTile(ofRows: rows, width: width) { tile in
      for row in tile {
        kernels.prelu(floats + row * width, slopes.floats, result.floats + row * width, width)
      }
    }
    let input = detached
    return result.recorded("prelu", from: [self, weight]) { gradient in
      let inputGradient = Tensor(uninitialized: input.shape)
      // Each tile adds up in a row of its own, so that the sums do not depend on the order of the tiles.
      let sums = TileSums(rows: rows, width: width)
      sums.forEachTile { tile, sums in
        for row in tile {
          let at = row * width
          kernels.prelu_gradient(
            input.floats + at, slopes.floats, gradient.floats + at, inputGradient.floats + at, sums, width)
        }
      }
      let total = sums.total
      let weightGradient = channels > 1 ? total : Tensor([Float(kernels.sum(total.floats, width))])
      return [.dense(inputGradient), .dense(weightGradient)]
    }
  }
}
