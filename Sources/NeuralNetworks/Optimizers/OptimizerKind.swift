/// The optimisers by name, for settings that are written down.
public enum OptimizerKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// ``SGD``
  case sgd
  /// ``Adagrad``
  case adagrad
  /// ``Adadelta``
  case adadelta
  /// ``RMSprop``
  case rmsprop
  /// ``Adam``
  case adam
  /// ``AdamW``
  case adamw
  /// ``Adamax``
  case adamax
  /// ``NAdam``
  case nadam
  /// ``LAMB``
  case lamb

  /// The learning rate that is usual for it; PyTorch's default where there is one.
  public var defaultLearningRate: Float {
    switch self {
    case .sgd, .adagrad, .rmsprop: 1e-2
    case .adadelta: 1
    case .adam, .adamw, .lamb: 1e-3
    case .adamax, .nadam: 2e-3
    }
  }

  /// An optimiser of this kind. `momentum` counts for SGD and RMSprop; without `weightDecay` the kind's default holds.
  public func makeOptimizer(
    _ parameters: [some OptimizedParameters], learningRate: Float? = nil, momentum: Float = 0,
    weightDecay: Float? = nil
  ) -> any Optimizer {
    let rate = learningRate ?? defaultLearningRate
    let decay = weightDecay ?? 0
    switch self {
    case .sgd: return SGD(parameters, learningRate: rate, momentum: momentum, weightDecay: decay)
    case .adagrad: return Adagrad(parameters, learningRate: rate, weightDecay: decay)
    case .adadelta: return Adadelta(parameters, learningRate: rate, weightDecay: decay)
    case .rmsprop: return RMSprop(parameters, learningRate: rate, momentum: momentum, weightDecay: decay)
    case .adam: return Adam(parameters, learningRate: rate, weightDecay: decay)
    case .adamw: return AdamW(parameters, learningRate: rate, weightDecay: weightDecay ?? 1e-2)
    case .adamax: return Adamax(parameters, learningRate: rate, weightDecay: decay)
    case .nadam: return NAdam(parameters, learningRate: rate, weightDecay: decay)
    case .lamb: return LAMB(parameters, learningRate: rate, weightDecay: weightDecay ?? 1e-2)
    }
  }
}
