import CKernels

extension Tensor {
  /// Cross-entropy of σ(logits) with targets of [0, 1], as `torch.nn.functional.binary_cross_entropy_with_logits`.
  ///
  /// - Parameters:
  ///   - targets: of the same shape.
  ///   - positiveWeights: [K], K the last dimension; multiplies the losses of what is positive.
  public func binaryCrossEntropy(
    targets: Tensor, positiveWeights: [Float]? = nil, reduction: LossReduction = .mean
  ) -> Tensor {
    guard let positiveWeights else {
      return pairLoss(
        "binaryCrossEntropy", targets, reduction, { kernels.binary_cross_entropy($0, $1, nil, $2) },
        gradient: { kernels.binary_cross_entropy_gradient($0, $1, nil, $2, $3, $4) })
    }
    let width = positiveWeights.count
    precondition(
      rank >= 1 && shape[rank - 1] == width,
      "binaryCrossEntropy: \(width) weights for logits of the shape \(shape)")
    // Tiles are rows here: the weights begin anew with each.
    return pairLoss(
      "binaryCrossEntropy", targets, reduction, width: width,
      { x, y, count in
        stride(from: 0, to: count, by: max(width, 1)).reduce(0) {
          $0 + kernels.binary_cross_entropy(x + $1, y + $1, positiveWeights, width)
        }
      },
      gradient: { x, y, scale, out, count in
        for row in stride(from: 0, to: count, by: max(width, 1)) {
          kernels.binary_cross_entropy_gradient(x + row, y + row, positiveWeights, scale, out + row, width)
        }
      })
  }

  /// The focal loss -α · (1 - p)^γ · log p of σ(logits), where p is the probability of the true class (Lin et al. 2017;
  /// `torchvision.ops.sigmoid_focal_loss`).
  ///
  /// - Parameters:
  ///   - targets: 1 for the positive class and 0 for the other one; of the same shape.
  ///   - gamma: how much less an element counts that is classified well; 0 gives cross-entropy.
  ///   - alpha: weight of the positive class, 1 - alpha that of the other one; without it both are 1.
  public func binaryFocalLoss(
    targets: Tensor, gamma: Float = 2, alpha: Float? = 0.25, reduction: LossReduction = .mean
  ) -> Tensor {
    precondition(gamma >= 0, "binaryFocalLoss: gamma \(gamma) is below zero")
    precondition(
      alpha.map { $0 >= 0 && $0 <= 1 } ?? true, "binaryFocalLoss: alpha \(alpha ?? 0) is not in [0, 1]")
    let alpha = alpha ?? -1
    return pairLoss(
      "binaryFocalLoss", targets, reduction, { kernels.binary_focal_loss($0, $1, gamma, alpha, $2) },
      gradient: { kernels.binary_focal_loss_gradient($0, $1, gamma, alpha, $2, $3, $4) })
  }

  /// max(0, margin - x · y) for targets y of -1 and 1, the hinge loss of support vector machines.
  public func hingeLoss(targets: Tensor, margin: Float = 1, reduction: LossReduction = .mean) -> Tensor {
    pairLoss(
      "hingeLoss", targets, reduction, { kernels.hinge($0, $1, margin, $2) },
      gradient: { kernels.hinge_gradient($0, $1, margin, $2, $3, $4) })
  }
}
