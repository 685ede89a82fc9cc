public import ImageData
import NeuralNetworks
public import Tensors
public import Training

/// The part of a network that stays as it is while a head learns from what it makes of images, whoever computes it.
public protocol ImageTrunk: Sendable {
  /// What happens to an image before.
  var preparation: ImagePreparation { get }

  /// F
  var featureCount: Int { get }

  /// Features [B, F] of prepared images [B, H, W, channels].
  func features(of images: Tensor) throws -> Tensor
}

/// A linear layer on features: logits are features · weightᵀ + bias.
public struct ImageHead: Sendable {
  /// Names of the K classes.
  public let labels: [String]
  /// [K, F]
  public let weight: Tensor
  /// [K]
  public let bias: Tensor
}

/// How a head is trained.
public struct HeadTrainingOptions: Sendable, Hashable, Codable {
  /// The loop: epochs, batches, optimiser, schedule, seed.
  public var training: TrainingOptions
  /// Share of a label that goes to all labels alike; [0, 1).
  public var labelSmoothing: Float = 0
  /// Share of the images that validates where no other set does.
  public var validationShare = 0.1
  /// Megabytes that the features may take.
  public var featureMemory = 4096
  /// Whether damaged images are left out, where otherwise the first is an error.
  public var skipsBad = false

  /// The size of a step of SGD that usually does well.
  public static let usualLearningRate: Float = 0.01

  /// What usually does well: SGD with momentum 0.9 and weight decay 5e-4, the rate of one cycle.
  public init() {
    training = TrainingOptions()
    training.optimizer = OptimizerOptions(
      .sgd, learningRate: Self.usualLearningRate, momentum: 0.9, weightDecay: 5e-4)
    training.schedule = ScheduleOptions(.oneCycle)
    training.patience = nil
  }

  private enum CodingKeys: String, CodingKey {
    case training
    case labelSmoothing = "label_smoothing"
    case validationShare = "validation_share"
    case featureMemory = "feature_memory"
    case skipsBad = "skips_bad"
  }
}

/// Trains a linear head on the features of a trunk, which are computed once for each image and kept in memory.
///
/// The head learns from features of the mean 0 and the deviation 1; what comes out is the head for features as they are.
public struct HeadTraining: Sendable {
  /// The best head and how it came to be.
  public struct Outcome: Sendable {
    /// The best head.
    public let head: ImageHead
    /// The epochs.
    public let history: TrainingHistory
    /// Images that were left out.
    public let skipped: SkippedImages
  }

  /// What is known before any feature is computed.
  public struct Plan: Sendable {
    /// Images to learn from.
    public let trainingExamples: Int
    /// Images to judge by.
    public let validationExamples: Int
    /// The classes.
    public let labels: [String]
    /// Megabytes that the features take.
    public let featureMegabytes: Int
  }

  /// How to train.
  public let options: HeadTrainingOptions
  /// What makes the features.
  public let trunk: any ImageTrunk

  /// A training of a head for a trunk.
  public init(_ options: HeadTrainingOptions, trunk: any ImageTrunk) {
    (self.options, self.trunk) = (options, trunk)
  }

  /// Trains one head.
  ///
  /// - Parameters:
  ///   - training: the images to learn from.
  ///   - validation: the images to judge epochs by; without them a part of the training images of each class is held out.
  ///   - planned: told once before the features are computed.
  ///   - keepBest: called with the head whenever it is the best so far, to save it.
  /// - Throws: ``ImageModelError``, `TrainingError`, and what the trunk and `keepBest` throw.
  public func run(
    training: any ImageDataSet, validation: (any ImageDataSet)? = nil, planned: (Plan) -> Void = { _ in },
    shouldStop: () -> Bool = { false }, report: (TrainingEvent) -> Void = { _ in },
    keepBest: (ImageHead) throws -> Void = { _ in }
  ) throws -> Outcome {
    let images = try ImageDivision(
      training, validation, share: options.validationShare, seed: options.training.seed)
    let count = images.learning.count + images.judging.count
    let megabytes = max(1, (count * trunk.featureCount * MemoryLayout<Float>.size) >> 20)
    guard megabytes <= options.featureMemory else {
      throw ImageModelError.invalidOptions(
        reason: "the features of \(count) images take \(megabytes) MB, \(options.featureMemory) MB are allowed; "
          + "allow more with --feature-memory, or give fewer images")
    }
    planned(
      Plan(
        trainingExamples: images.learning.count, validationExamples: images.judging.count, labels: images.labels,
        featureMegabytes: megabytes))
    let course = try HeadCourse(options, trunk, images)
    let trainer = Trainer(course.head, options: options.training)
    let history = try trainer.run(
      course.task, shouldStop: shouldStop, report: report, keepBest: { _ in try keepBest(course.result) })
    return Outcome(head: course.result, history: history, skipped: course.skipped)
  }
}

/// The course of one training of a head.
private final class HeadCourse {
  let head: Linear
  private let options: HeadTrainingOptions
  private let images: ImageDivision
  private let scale: FeatureScale
  private let learning: FeatureCache
  private let judging: FeatureCache

  init(_ options: HeadTrainingOptions, _ trunk: any ImageTrunk, _ images: ImageDivision) throws {
    func features(_ set: any ImageDataSet) throws -> FeatureCache {
      try FeatureCache(
        set, preparation: trunk.preparation, batchSize: options.training.batchSize, skipBad: options.skipsBad,
        computing: trunk.features)
    }
    (self.options, self.images) = (options, images)
    let learning = try features(images.learning)
    let judging = try features(images.judging)
    for cache in [learning, judging] where cache.isEmpty {
      throw ImageModelError.image(cache.skipped.first.first ?? .noImages(path: "the data set"))
    }
    scale = learning.scale
    (self.learning, self.judging) = (learning.scaled(by: scale), judging.scaled(by: scale))
    head = Linear(
      inputSize: trunk.featureCount, outputSize: images.labels.count, initializer: .torchDefault,
      random: RandomStream(seed: options.training.seed).split("weights"))
  }

  var skipped: SkippedImages {
    var all = learning.skipped
    all.add(judging.skipped)
    return all
  }

  /// The head as it is now, for features as the trunk gives them.
  var result: ImageHead {
    let (weight, bias) = scale.folded(
      weight: head.weight.value, bias: head.bias?.value ?? Tensor(zeros: [images.labels.count]))
    return ImageHead(labels: images.labels, weight: weight, bias: bias)
  }

  var task: TrainingTask<[Int]> {
    let random = RandomStream(seed: options.training.seed).split("images")
    let size = options.training.batchSize
    return TrainingTask(
      batches: { epoch in
        let order = random.split(epoch).permutation(self.images.learning.count)
        return stride(from: 0, to: order.count, by: size).map {
          let batch = Array(order[$0..<min($0 + size, order.count)])
          return (batch, batch.count)
        }
      },
      loss: loss, validate: judge)
  }

  private func loss(_ batch: [Int]) -> Tensor {
    let (features, kept) = learning.features(batch)
    guard !kept.isEmpty else { return Tensor(zeros: []) }
    let classes = images.learning.labels
    return head(features).softmaxCrossEntropy(
      targets: kept.map { classes[$0] }, labelSmoothing: options.labelSmoothing)
  }

  private func judge() -> ValidationResult {
    judging.judge(images.judging.labels, labels: images.labels, batchSize: options.training.batchSize) { head($0) }
      .evaluation.validation
  }
}
