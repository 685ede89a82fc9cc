public import Tensors

/// A loss of class scores by name, for settings that are written down.
public struct ClassificationLoss: Sendable, Hashable, Codable {
  /// What is computed.
  public enum Kind: Sendable, Hashable, Codable {
    /// Cross-entropy of the softmax, with a share of [0, 1] for all classes alike.
    case crossEntropy(labelSmoothing: Float = 0)
    /// Cross-entropy in which rows count less that are classified well (Lin et al. 2017).
    case focal(gamma: Float = 2)
    /// The multi-class hinge loss (Crammer & Singer 2001).
    case multiMargin(margin: Float = 1)
  }

  /// What is computed.
  public var kind: Kind
  /// One weight for each class, against classes of different size; `nil` for none.
  public var classWeights: [Float]?

  /// A loss; plain cross-entropy unless told otherwise.
  public init(_ kind: Kind = .crossEntropy(), classWeights: [Float]? = nil) {
    (self.kind, self.classWeights) = (kind, classWeights)
  }

  /// The mean over the rows of `logits` [B, K], with a target of 0..<K for each.
  public func callAsFunction(_ logits: Tensor, targets: [Int32]) -> Tensor {
    switch kind {
    case .crossEntropy(let smoothing):
      logits.softmaxCrossEntropy(targets: targets, classWeights: classWeights, labelSmoothing: smoothing)
    case .focal(let gamma):
      logits.focalLoss(targets: targets, gamma: gamma, alpha: classWeights)
    case .multiMargin(let margin):
      logits.multiMarginLoss(targets: targets, margin: margin, classWeights: classWeights)
    }
  }
}
