public import Tensors

/// Parameters that an optimiser treats alike.
public struct ParameterGroup: Sendable {
  /// The parameters.
  public var parameters: [Parameter]
  /// Multiplies the optimiser's learning rate: below 1 for the lower layers of a pretrained network.
  public var learningRateScale: Float
  /// In place of the optimiser's weight decay; 0 for biases and normalisations.
  public var weightDecay: Float?
  /// Penalties and constraints.
  public var regularization: Regularization

  /// A group; what is left out is as the optimiser has it.
  public init(
    parameters: [Parameter], learningRateScale: Float = 1, weightDecay: Float? = nil,
    regularization: Regularization = .none
  ) {
    self.parameters = parameters
    self.learningRateScale = learningRateScale
    self.weightDecay = weightDecay
    self.regularization = regularization
  }
}

/// What an optimiser can be made for: parameters, or groups of them.
public protocol OptimizedParameters: Sendable {
  /// As a group.
  var group: ParameterGroup { get }
}

extension Parameter: OptimizedParameters {
  /// A group of one.
  public var group: ParameterGroup { ParameterGroup(parameters: [self]) }
}

extension ParameterGroup: OptimizedParameters {
  /// Itself.
  public var group: ParameterGroup { self }
}
