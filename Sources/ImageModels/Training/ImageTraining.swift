public import ImageData
public import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Makes an image model from labelled images: preparation, batches that are decoded ahead, network, training.
///
///     let data = try ImageCollection.open("cifar10")
///     let training = ImageTraining(ImageTrainingOptions(.resnet20CIFAR))
///     let model = try training.run(training: data.training).model
///     try model.write(to: "model", replacing: false)
public struct ImageTraining: Sendable {
  /// What a training begins with.
  public enum Start: Sendable {
    /// A model, with its labels and its preparation.
    case model(ImageModel)
    /// Weights from elsewhere.
    case weights(ImageWeights)
  }

  /// A trained model and how it came to be.
  public struct Outcome: Sendable {
    /// The best model.
    public let model: ImageModel
    /// The epochs.
    public let history: TrainingHistory
    /// Images that were left out.
    public let skipped: SkippedImages
  }

  /// What is known before the first step.
  public struct Plan: Sendable {
    /// Images to learn from.
    public let trainingExamples: Int
    /// Images to judge by.
    public let validationExamples: Int
    /// The classes.
    public let labels: [String]
    /// Numbers that training changes, and all numbers of the network.
    public let parameters: (trained: Int, all: Int)
    /// Whether the output layer of the weights that training begins with is kept.
    public let keepsOutput: Bool
    /// Megabytes that features take which are computed once; `nil` where images are read in each epoch.
    public let featureMegabytes: Int?
  }

  /// How to train.
  public let options: ImageTrainingOptions
  /// What the training begins with in place of new weights.
  public let start: Start?

  /// A training with some options.
  ///
  /// - Parameter start: weights to begin with, of the architecture of the options. Where the images have other classes,
  ///   the output layer is made anew.
  public init(_ options: ImageTrainingOptions, from start: Start? = nil) {
    (self.options, self.start) = (options, start)
  }

  /// Trains one model.
  ///
  /// - Parameters:
  ///   - training: the images to learn from.
  ///   - validation: the images to judge epochs by; without them a part of the training images of each class is held out.
  ///   - checkpoint: a file in which the training is written down each minute, and that is removed when it has ended.
  ///   - isResuming: whether to go on from that file, where it is there, to the bit.
  ///   - planned: told once before the first step.
  ///   - keepBest: called with the model whenever it is the best so far, to save it.
  /// - Throws: ``ImageModelError``, `TrainingError`, and what `keepBest` throws.
  public func run(
    training: any ImageDataSet, validation: (any ImageDataSet)? = nil, checkpoint: String? = nil,
    isResuming: Bool = false, planned: (Plan) -> Void = { _ in }, shouldStop: () -> Bool = { false },
    report: (TrainingEvent) -> Void = { _ in }, keepBest: (ImageModel) throws -> Void = { _ in }
  ) throws -> Outcome {
    let material = try ImageMaterial(options, start, training: training, validation: validation)
    let course = try ImageCourse(material)
    planned(course.plan)
    let trainer = Trainer(course.network, options: options.training, groups: course.freezing.groups)
    let plan = checkpoint.map {
      CheckpointPlan(path: $0, fingerprint: material.fingerprint, isResuming: isResuming)
    }
    var history = TrainingHistory()
    do {
      defer { course.images.end() }
      let result = try trainer.run(
        course.task, checkpoints: plan, shouldStop: { course.hasFailed || shouldStop() }, report: report,
        keepBest: { epoch in
          history.epochs.append(epoch)
          try keepBest(course.model(history))
        })
      history = result
    } catch {
      // What could not be read shows as a loss that is no number.
      throw course.failure ?? error
    }
    if let failure = course.failure { throw failure }
    if let checkpoint, !history.wasInterrupted { unlink(checkpoint) }
    return Outcome(model: try course.model(history), history: history, skipped: course.skipped)
  }
}
