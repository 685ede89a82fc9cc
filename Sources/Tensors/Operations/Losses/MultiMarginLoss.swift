import CKernels

extension Tensor {
  /// The multi-class hinge loss of rows x [B, K] with targets t: 1 / K · w[t] · Σ max(0, margin - x[t] + x[k])^power over
  /// all classes k but t (Crammer & Singer 2001; `torch.nn.functional.multi_margin_loss`).
  ///
  /// - Parameters:
  ///   - power: 1 or 2.
  ///   - classWeights: w [K]; the mean is over the rows, whatever the weights.
  public func multiMarginLoss(
    targets: [Int32], margin: Float = 1, power: Int = 1, classWeights: [Float]? = nil,
    reduction: LossReduction = .mean
  ) -> Tensor {
    precondition(power == 1 || power == 2, "multiMarginLoss: the power \(power) is neither 1 nor 2")
    let rows = ClassTargets("multiMarginLoss", shape, targets, weights: classWeights, ignored: nil)
    let (classes, power) = (rows.classes, Int32(power))
    let total = rows.sum { row, target, weight in
      weight * kernels.multi_margin(floats + row * classes, classes, target, margin, power)
    }
    let divisor = reduction.divisor(Double(rows.count)) * Double(max(classes, 1))
    let x = detached
    return Tensor([Float(total / divisor)], shape: []).recorded("multiMarginLoss", from: [self]) { above in
      let gradient = Tensor(uninitialized: x.shape)
      rows.forEach(fillingIgnored: nil) { row, target, weight in
        let offset = row * classes
        kernels.multi_margin_gradient(
          x.floats + offset, classes, target, margin, power, Float(Double(above.scalar) / divisor * weight),
          gradient.floats + offset)
      }
      return [.dense(gradient)]
    }
  }
}
