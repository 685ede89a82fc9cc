public import Tensors

/// Changes parameters by their gradients.
///
/// Optimisers compute what `torch.optim` computes. A gradient that is row-sparse (embeddings) changes only the rows that
/// the step read where the definition allows it, so that a step costs what it reads and not the size of the vocabulary;
/// each optimiser says whether it does.
public protocol Optimizer: AnyObject {
  /// The step's size; may be changed between steps (schedules).
  var learningRate: Float { get set }

  /// One step.
  ///
  /// - Returns: false, and no step is taken, when gradients are to be clipped by a norm that is infinite or not a number.
  @discardableResult
  func step(_ gradients: Gradients, clipping: GradientClipping) -> Bool

  /// What the optimiser remembers, by the number of the parameter (from 0) and PyTorch's name: `3.step`, `3.exp_avg`.
  /// Settings are not part of it. A number of steps is exact up to 2²⁴.
  var state: [String: Tensor] { get }

  /// Takes over what another one with the same settings and parameters remembered: it goes on as that one would have, to
  /// the bit.
  ///
  /// - Throws: ``OptimizerStateError``; nothing has been changed then.
  func load(state: [String: Tensor]) throws(OptimizerStateError)
}

extension Optimizer {
  /// One step with the gradients as they are.
  @discardableResult
  public func step(_ gradients: Gradients) -> Bool { step(gradients, clipping: .none) }

  /// One step; with `maximumNorm` the gradients are clipped by their norm.
  @discardableResult
  public func step(_ gradients: Gradients, maximumNorm: Float?) -> Bool {
    step(gradients, clipping: maximumNorm.map { .norm($0) } ?? .none)
  }
}

/// Why a remembered state does not fit an optimiser.
public enum OptimizerStateError: Error, Hashable, CustomStringConvertible {
  /// The optimiser needs a value that the state lacks.
  case missing(name: String)
  /// The state holds one that the optimiser does not have.
  case unknown(name: String)
  /// The shapes differ.
  case shape(name: String, expected: [Int], found: [Int])
  /// A number of steps is none.
  case invalidStep(name: String, found: Float)

  /// One line for a person.
  public var description: String {
    switch self {
    case .missing(let name): "the optimiser's state lacks \(name); it comes from another optimiser or network"
    case .unknown(let name): "the optimiser's state holds \(name), which this optimiser does not have"
    case .shape(let name, let expected, let found):
      "\(name) of the optimiser's state has the shape \(found), this network needs \(expected)"
    case .invalidStep(let name, let found): "\(name) of the optimiser's state is \(found), which counts no steps"
    }
  }
}
