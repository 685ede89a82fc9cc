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
  public func step(_ gradients: Gradients, maximumNorm: Float? = nil) {
    guard let maximumNorm else { return step(gradients, gradientScale: 1) }
    let norm = Float(gradients.globalNorm)
    step(gradients, gradientScale: min(1, maximumNorm / (norm + 1e-6)))
  }
}
