import CKernels

extension Tensor {
  /// (x - y)², as `torch.nn.functional.mse_loss`.
  public func squaredError(to targets: Tensor, reduction: LossReduction = .mean) -> Tensor {
    pairLoss(
      "squaredError", targets, reduction, { kernels.squared_error($0, $1, $2) },
      gradient: { kernels.squared_error_gradient($0, $1, $2, $3, $4) })
  }

  /// d² / (2β) where d = |x - y| is below β, d - β / 2 elsewhere (Girshick 2015;
  /// `torch.nn.functional.smooth_l1_loss`).
  public func smoothL1Loss(to targets: Tensor, beta: Float = 1, reduction: LossReduction = .mean) -> Tensor {
    precondition(beta > 0, "smoothL1Loss: beta \(beta) is not above zero")
    return pairLoss(
      "smoothL1Loss", targets, reduction, { kernels.smooth_l1($0, $1, beta, $2) },
      gradient: { kernels.smooth_l1_gradient($0, $1, beta, $2, $3, $4) })
  }

  /// d² / 2 where d = |x - y| is below δ, δ · (d - δ / 2) elsewhere (Huber 1964; `torch.nn.functional.huber_loss`).
  public func huberLoss(to targets: Tensor, delta: Float = 1, reduction: LossReduction = .mean) -> Tensor {
    precondition(delta > 0, "huberLoss: delta \(delta) is not above zero")
    return pairLoss(
      "huberLoss", targets, reduction, { Double(delta) * kernels.smooth_l1($0, $1, delta, $2) },
      gradient: { kernels.smooth_l1_gradient($0, $1, delta, delta * $2, $3, $4) })
  }

  /// Sums a kernel over pairs of a prediction and a target; the targets have no gradient. With a `width` tiles are whole
  /// rows of so many elements.
  func pairLoss(
    _ name: StaticString, _ targets: Tensor, _ reduction: LossReduction, width: Int = 1,
    _ loss: (UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Double,
    gradient:
      @escaping @Sendable (
        UnsafePointer<Float>, UnsafePointer<Float>, Float, UnsafeMutablePointer<Float>, Int
      ) -> Void
  ) -> Tensor {
    precondition(shape == targets.shape, "\(name): targets of the shape \(targets.shape) for \(shape)")
    let (rows, perTile) = (count / max(width, 1), max(1, elementsPerTile / 4 / max(width, 1)))
    var sums = [Double](repeating: 0, count: (rows + perTile - 1) / perTile)
    sums.withUnsafeMutableBufferPointer { sums in
      forEachTile(ofRows: rows, width: width) { tile in
        let at = tile.lowerBound * width
        sums[tile.lowerBound / perTile] = loss(floats + at, targets.floats + at, tile.count * width)
      }
    }
    let divisor = reduction.divisor(Double(count))
    let (x, y) = (detached, targets.detached)
    return Tensor([Float(sums.reduce(0, +) / divisor)], shape: []).recorded(name, from: [self]) { above in
      let result = Tensor(uninitialized: x.shape)
      let factor = Float(Double(above.scalar) / divisor)
      forEachTile(ofRows: rows, width: width) { tile in
        let at = tile.lowerBound * width
        gradient(x.floats + at, y.floats + at, factor, result.floats + at, tile.count * width)
      }
      return [.dense(result)]
    }
  }
}
