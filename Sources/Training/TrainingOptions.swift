public import NeuralNetworks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How a model is trained, whatever it is.
public struct TrainingOptions: Sendable, Hashable {
  /// Passes over the training examples, at most.
  public var epochs = 10
  /// Examples of one batch.
  public var batchSize = 32
  /// Batches whose gradients make one step together.
  public var accumulatedBatches = 1
  /// What steps are taken.
  public var optimizer = OptimizerOptions()
  /// How the learning rate changes.
  public var schedule = ScheduleOptions()
  /// How gradients are kept from being too large.
  public var clipping = GradientClipping.norm(5)
  /// Decay of a running average of the parameters, which is judged and kept in place of them (Polyak & Juditsky 1992);
  /// `nil` for none.
  public var averageDecay: Float?
  /// Epochs without a better validation result after which training ends; `nil` goes on to the last.
  public var patience: Int? = 2
  /// Whether the parameters of the last epoch are kept in place of the best ones.
  public var keepsLast = false
  /// Seed of the initial weights, the order of examples and dropout.
  public var seed: UInt64 = 1

  /// The defaults.
  public init() {}
}

/// What a file does not name has its default.
extension TrainingOptions: Codable {
  private enum CodingKeys: String, CodingKey {
    case epochs
    case batchSize = "batch_size"
    case accumulatedBatches = "accumulated_batches"
    case optimizer, schedule, clipping
    case averageDecay = "average_decay"
    case patience
    case keepsLast = "keeps_last"
    case seed
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    epochs = try values.decodeIfPresent(Int.self, forKey: .epochs) ?? epochs
    batchSize = try values.decodeIfPresent(Int.self, forKey: .batchSize) ?? batchSize
    accumulatedBatches = try values.decodeIfPresent(Int.self, forKey: .accumulatedBatches) ?? accumulatedBatches
    optimizer = try values.decodeIfPresent(OptimizerOptions.self, forKey: .optimizer) ?? optimizer
    schedule = try values.decodeIfPresent(ScheduleOptions.self, forKey: .schedule) ?? schedule
    clipping = try values.decodeIfPresent(GradientClipping.self, forKey: .clipping) ?? clipping
    averageDecay = try values.decodeIfPresent(Float.self, forKey: .averageDecay)
    patience = try values.decodeIfPresent(Int.self, forKey: .patience)
    keepsLast = try values.decodeIfPresent(Bool.self, forKey: .keepsLast) ?? keepsLast
    seed = try values.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
  }
}

/// An optimiser and its settings.
public struct OptimizerOptions: Sendable, Hashable, Codable {
  /// Which one.
  public var kind: OptimizerKind
  /// The step's size.
  public var learningRate: Float
  /// Of SGD and RMSprop.
  public var momentum: Float
  /// In place of the kind's own.
  public var weightDecay: Float?
  /// Penalties and the constraint on weights.
  public var regularization: Regularization

  /// An optimiser; its usual learning rate unless another is given.
  public init(
    _ kind: OptimizerKind = .adam, learningRate: Float? = nil, momentum: Float = 0, weightDecay: Float? = nil,
    regularization: Regularization = .none
  ) {
    self.kind = kind
    self.learningRate = learningRate ?? kind.defaultLearningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.regularization = regularization
  }

  private enum CodingKeys: String, CodingKey {
    case kind
    case learningRate = "learning_rate"
    case momentum
    case weightDecay = "weight_decay"
    case regularization
  }

  /// The optimiser of some parameters.
  func makeOptimizer(_ groups: [ParameterGroup]) -> any Optimizer {
    let groups = groups.map { group in
      var group = group
      if group.regularization == .none { group.regularization = regularization }
      return group
    }
    return kind.makeOptimizer(groups, learningRate: learningRate, momentum: momentum, weightDecay: weightDecay)
  }
}

/// How the learning rate goes over a whole training, whatever its length.
public struct ScheduleOptions: Sendable, Hashable, Codable {
  /// The course.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The same all the time.
    case constant
    /// A tenth after each third of the training.
    case step
    /// Down to a hundredth, by the same factor in each step.
    case exponential
    /// Half a cosine down to nothing.
    case cosine
    /// Up for a third of the training and down to nearly nothing (Smith & Topin 2018).
    case oneCycle = "one-cycle"
    /// A straight line down to nothing.
    case linear
    /// From the rate up to ten times as much and down again, twice (Smith 2017).
    case triangular
    /// Half the rate after an epoch without a better validation loss.
    case plateau
  }

  /// The course.
  public var kind: Kind
  /// The share of the steps, before all others, in which the rate rises from nothing.
  public var warmUpShare: Double

  /// A course.
  public init(_ kind: Kind = .constant, warmUpShare: Double = 0) {
    (self.kind, self.warmUpShare) = (kind, warmUpShare)
  }

  private enum CodingKeys: String, CodingKey {
    case kind
    case warmUpShare = "warm_up_share"
  }

  /// The factors of a training of so many steps.
  func schedule(steps: Int) -> LearningRateSchedule {
    let warmUp = Int(Double(steps) * warmUpShare)
    let left = max(1, steps - warmUp)
    let course: LearningRateSchedule =
      switch kind {
      case .constant, .plateau: .constant
      case .step: .step(size: (left + 2) / 3, factor: 0.1)
      case .exponential: .exponential(factor: pow(0.01, 1 / Double(left)))
      case .cosine: .cosine(steps: left)
      case .oneCycle: .oneCycle(OneCycle(steps: left))
      case .linear: .linear(steps: left)
      case .triangular: .cyclic(TriangularCycle(peak: 10, risingSteps: max(1, left / 4)))
      }
    return warmUp > 0 ? .warmUp(steps: warmUp, start: 1 / Double(warmUp + 1), then: course) : course
  }
}
