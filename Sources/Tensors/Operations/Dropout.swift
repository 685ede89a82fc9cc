import CKernels

extension Tensor {
  /// Sets elements to zero with the probability `rate` and scales the others by 1 / (1 - rate), while a tape records
  /// for training; elsewhere the tensor itself (Srivastava et al. 2014, in the inverted form that PyTorch has).
  public func dropout(_ rate: Float) -> Tensor {
    precondition(rate >= 0 && rate < 1, "dropout: a rate of \(rate) is not in [0, 1)")
    guard rate > 0, let stream = GradientTape.current?.nextRandomStream() else { return self }
    return droppedOut(rate, stream).recorded("dropout", from: [self]) { [.dense($0.droppedOut(rate, stream))] }
  }

  private func droppedOut(_ rate: Float, _ stream: RandomStream) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let (from, to) = (floats, result.floats)
    let words = stream.keyWords
    forEachTile(of: count) { tile in
      withUnsafeBytes(of: words) { bytes in
        guard let key = bytes.baseAddress?.assumingMemoryBound(to: UInt32.self) else { return }
        kernels.dropout(from + tile.lowerBound, rate, key, UInt64(tile.lowerBound), to + tile.lowerBound, tile.count)
      }
    }
    return result
  }

  /// The same for whole channels of images [B, H, W, C] (`torch.nn.functional.dropout2d`; Tompson et al. 2015).
  public func dropout2d(_ rate: Float) -> Tensor {
    precondition(rate >= 0 && rate < 1, "dropout2d: a rate of \(rate) is not in [0, 1)")
    precondition(rank == 4, "dropout2d: \(shape) is no shape of images [B, H, W, C]")
    guard rate > 0, let stream = GradientTape.current?.nextRandomStream() else { return self }
    let masks = Tensor(repeating: 1, shape: [shape[0], shape[3]]).droppedOut(rate, stream)
    return timesChannels(masks).recorded("dropout2d", from: [self]) { [.dense($0.timesChannels(masks))] }
  }

  /// The pixels of each image times a number for each of its channels.
  private func timesChannels(_ factors: Tensor) -> Tensor {
    let (pixels, channels) = (shape[1] * shape[2], shape[3])
    let result = Tensor(uninitialized: shape)
    let (from, to) = (floats, result.floats)
    parallelFor(shape[0]) { image in
      for pixel in image * pixels..<(image + 1) * pixels {
        kernels.multiply(from + pixel * channels, factors.floats + image * channels, to + pixel * channels, channels)
      }
    }
    return withExtendedLifetime((self, factors)) { result }
  }

  /// The same with one mask for all time steps of a sequence: `self` is [N, F] (variational dropout, Gal & Ghahramani 2016,
  /// "A theoretically grounded application of dropout in recurrent neural networks").
  public func lockedDropout(_ rate: Float, layout: SequenceLayout) -> Tensor {
    precondition(rate >= 0 && rate < 1, "lockedDropout: a rate of \(rate) is not in [0, 1)")
    precondition(
      rank == 2 && shape[0] == layout.rowCount, "lockedDropout: the shape \(shape) for \(layout.rowCount) rows")
    guard rate > 0, let stream = GradientTape.current?.nextRandomStream() else { return self }
    // By position in the layout's order, as the rows of a step lie.
    let masks = Tensor(repeating: 1, shape: [layout.batchSize, shape[1]]).droppedOut(rate, stream)
    return masked(masks, layout).recorded("lockedDropout", from: [self]) { [.dense($0.masked(masks, layout))] }
  }

  /// The rows of each time step times the first so many rows of `masks`.
  private func masked(_ masks: Tensor, _ layout: SequenceLayout) -> Tensor {
    let width = shape[1]
    let result = Tensor(uninitialized: shape)
    let (from, to) = (floats, result.floats)
    let stepsPerTile = max(1, elementsPerTile / max(width * layout.batchSize, 1))
    parallelFor((layout.stepCount + stepsPerTile - 1) / stepsPerTile) { tile in
      for step in tile * stepsPerTile..<min(layout.stepCount, (tile + 1) * stepsPerTile) {
        let at = layout.rowOffsets[step] * width
        kernels.multiply(from + at, masks.floats, to + at, layout.batchSizes[step] * width)
      }
    }
    withExtendedLifetime(masks) {}
    return result
  }
}
