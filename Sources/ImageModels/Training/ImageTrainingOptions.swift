public import Training

/// Everything that decides what image model comes of some images.
public struct ImageTrainingOptions: Sendable, Hashable, Codable {
  /// The network.
  public var architecture: ImageArchitecture
  /// The loop: epochs, batches, optimiser, schedule, seed.
  public var training: TrainingOptions
  /// How images change in training.
  public var augmentation: ImageAugmentation
  /// Share of a label that goes to all labels alike; [0, 1).
  public var labelSmoothing: Float = 0
  /// Whether auxiliary heads share in the loss, of networks that have them.
  public var usesAuxiliaryHeads = true
  /// Share of the images that validates where no other set does.
  public var validationShare = 0.1
  /// What stays as it is: `features` for all but the head, or patterns of names in which `*` stands for any characters.
  public var frozen: [String] = []
  /// Epochs after which everything is trained; `nil` for never.
  public var unfreezesAfter: Int?
  /// What was frozen learns at the rate of the head times this.
  public var unfrozenRate: Float = 0.1
  /// Whether the features of a frozen trunk are computed once and kept; images do not change at random then while it is
  /// frozen.
  public var cachesFeatures = true
  /// Megabytes that such features may take.
  public var featureMemory = 4096
  /// Whether damaged images are left out, where otherwise the first is an error.
  public var skipsBad = false

  /// What usually does well: SGD with momentum 0.9 and weight decay 5e-4, the rate of one cycle, images cropped and
  /// flipped. Batches and the largest rate are those of ``ImageArchitecture/usualBatchSize`` and
  /// ``ImageArchitecture/usualLearningRate``.
  public init(_ architecture: ImageArchitecture) {
    self.architecture = architecture
    training = TrainingOptions()
    training.batchSize = architecture.usualBatchSize
    training.optimizer = OptimizerOptions(
      .sgd, learningRate: architecture.usualLearningRate, momentum: 0.9, weightDecay: 5e-4)
    training.schedule = ScheduleOptions(.oneCycle)
    // A rate that rises and falls once is good at its end.
    training.patience = nil
    augmentation = .standard(for: architecture)
  }

  private enum CodingKeys: String, CodingKey {
    case architecture, training, augmentation
    case labelSmoothing = "label_smoothing"
    case usesAuxiliaryHeads = "uses_auxiliary_heads"
    case validationShare = "validation_share"
    case frozen
    case unfreezesAfter = "unfreezes_after"
    case unfrozenRate = "unfrozen_rate"
    case cachesFeatures = "caches_features"
    case featureMemory = "feature_memory"
    case skipsBad = "skips_bad"
  }
}

extension ImageArchitecture {
  /// Whether batch normalisation keeps its numbers in bounds, so that large steps do well.
  public var hasBatchNorm: Bool {
    switch self {
    case .lenet5, .alexnet, .alexnet2012, .vgg11, .vgg13, .vgg16, .vgg19, .googlenetPaper, .squeezenet11: false
    default: true
    }
  }

  /// The largest rate of SGD that usually does well on new weights: 0.1 with batch normalisation, 0.05 for LeNet, 0.01 for
  /// others without it.
  public var usualLearningRate: Float { hasBatchNorm ? 0.1 : self == .lenet5 ? 0.05 : 0.01 }

  /// The largest rate of SGD that usually does well on weights that are trained further: 0.01 with batch normalisation,
  /// 0.003 without it.
  public var usualTransferRate: Float { hasBatchNorm ? 0.01 : 0.003 }

  /// Images of a batch: 64 of small ones, 32 of others.
  public var usualBatchSize: Int { imageSize.width < 100 ? 64 : 32 }
}
