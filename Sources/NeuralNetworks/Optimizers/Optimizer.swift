public import Tensors

/// Changes parameters by their gradients.
public protocol Optimizer: AnyObject {
  /// The step's size; may be changed between steps (schedules).
  var learningRate: Float { get set }

  /// One step. `gradientScale` multiplies every gradient first (clipping).
  func step(_ gradients: Gradients, gradientScale: Float)
}

extension Optimizer {
  /// One step; with `maximumNorm` the gradients are scaled down so that their norm over all parameters is at most that
  /// (Pascanu, Mikolov, Bengio 2013; `torch.nn.utils.clip_grad_norm_`).
  ///
  /// - Returns: false, and no step is taken, when the norm is infinite or not a number.
  @discardableResult
  public func step(_ gradients: Gradients, maximumNorm: Float? = nil) -> Bool {
    var scale: Float = 1
    if let maximumNorm {
      let norm = Float(gradients.globalNorm)
      guard norm.isFinite else { return false }
      scale = min(1, maximumNorm / (norm + 1e-6))
    }
    step(gradients, gradientScale: scale)
    return true
  }
}
