import CKernels

extension Tensor {
  /// x · (k + alpha / size · Σ x²)^-beta, the sum over `size` neighbouring channels (Krizhevsky, Sutskever, Hinton 2012;
  /// `torch.nn.functional.local_response_norm` with the channels last).
  ///
  /// - Returns: the same shape, [..., C].
  public func localResponseNorm(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, k: Float = 1) -> Tensor {
    precondition(rank >= 2 && size > 0, "localResponseNorm: the shape \(shape), \(size) channels")
    let (x, channels) = (detached, shape[rank - 1])
    let rows = count / max(channels, 1)
    let result = Tensor(uninitialized: shape)
    let scratchSize = kernel_local_response_scratch(channels, size)
    forEachTile(ofRows: rows, width: channels) { tile in
      let (at, scratch) = (tile.lowerBound * channels, Tensor(uninitialized: [scratchSize]))
      kernels.local_response(
        x.floats + at, tile.count, channels, size, alpha, beta, k, scratch.floats, result.floats + at)
    }
    return result.recorded("localResponseNorm", from: [self]) { gradient in
      let inputGradient = Tensor(uninitialized: x.shape)
      forEachTile(ofRows: rows, width: channels) { tile in
        let (at, scratch) = (tile.lowerBound * channels, Tensor(uninitialized: [scratchSize]))
        kernels.local_response_gradient(
          x.floats + at, gradient.floats + at, tile.count, channels, size, alpha, beta, k, scratch.floats,
          inputGradient.floats + at)
      }
      withExtendedLifetime((x, gradient)) {}
      return [.dense(inputGradient)]
    }
    .traced(.localResponseNormalization(size: size, alpha: alpha, beta: beta, k: k), [self])
  }
}
