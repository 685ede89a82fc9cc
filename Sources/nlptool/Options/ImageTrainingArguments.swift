import ArgumentParser
import ImageModels
import NeuralNetworks
import Training

extension ImageArchitecture: ExpressibleByArgument {}

/// How training on images goes.
struct ImageTrainingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Passes over the images, at most.", valueName: "number"))
  var epochs = 10

  @Option(
    help: ArgumentHelp(
      "Images of one batch. (default: 64 of images below 100 pixels, 32 of others)", valueName: "number")
  )
  var batchSize: Int?

  @Option(help: ArgumentHelp("Batches that make one step together.", valueName: "number"))
  var accumulate = 1

  @Option(help: "Optimiser.")
  var optimizer = OptimizerKind.sgd

  @Option(
    help: ArgumentHelp(
      "Largest size of a step. (default: of sgd 0.1 with batch normalisation, 0.05 for lenet5, 0.01 for others, with "
        + "--from 0.01 and 0.003; of other optimisers their usual one)",
      valueName: "rate"))
  var learningRate: Float?

  @Option(help: ArgumentHelp("Momentum of sgd or rmsprop. (default: 0.9)", valueName: "share"))
  var momentum: Float?

  @Option(help: ArgumentHelp("Weight decay. (default: 0.0005 of sgd, else the optimiser's own)", valueName: "rate"))
  var weightDecay: Float?

  @Flag(help: "Weights that are zero stay zero: of a model that was pruned, with --from.")
  var keepZeros = false

  @Option(help: "Course of the learning rate.")
  var schedule = ScheduleOptions.Kind.oneCycle

  @Option(help: ArgumentHelp("Share of the steps in which the rate rises first.", valueName: "share"))
  var warmUp = 0.0

  @Option(help: ArgumentHelp("Gradients are scaled down to this norm; 0 leaves them.", valueName: "norm"))
  var clipNorm: Float = 5

  @Option(
    help: ArgumentHelp(
      "Judge and keep a running average of the weights with this decay, such as 0.999. (default: none)",
      valueName: "decay"))
  var averageDecay: Float?

  @Option(help: ArgumentHelp("Share of a label that goes to all labels alike.", valueName: "share"))
  var labelSmoothing: Float = 0

  @Flag(inversion: .prefixedNo, help: "Let auxiliary heads share in the loss, of networks that have them.")
  var auxiliaryHeads = true

  @Option(
    help: ArgumentHelp(
      "Epochs without a gain on the validation images after which training ends. (default: none)", valueName: "number"))
  var patience: Int?

  @Option(help: ArgumentHelp("Share of the data that validates where no other images do.", valueName: "share"))
  var validationShare = 0.1

  @Option(help: "Seed of everything that is random.")
  var seed: UInt64 = 1

  func validate() throws {
    for (name, value, range) in [
      ("--epochs", epochs, 1...1_000_000), ("--batch-size", batchSize ?? 1, 1...4096),
      ("--accumulate", accumulate, 1...4096), ("--patience", patience ?? 1, 1...1_000_000),
    ] where !range.contains(value) {
      throw ValidationError("\(name) takes a number from 1 to \(range.upperBound)")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate takes a number above 0")
    }
    for (name, value) in [("--weight-decay", weightDecay), ("--clip-norm", clipNorm)] {
      if let value, !(value >= 0 && value.isFinite) { throw ValidationError("\(name) takes a number from 0 on") }
    }
    for (name, value) in [
      ("--momentum", momentum), ("--average-decay", averageDecay), ("--label-smoothing", labelSmoothing),
      ("--warm-up", Float(warmUp)),
    ] {
      if let value, !(value >= 0 && value < 1) { throw ValidationError("\(name) takes a number of [0, 1)") }
    }
    if !(validationShare > 0 && validationShare < 1) {
      throw ValidationError("--validation-share takes a number between 0 and 1")
    }
    if momentum != nil, optimizer != .sgd, optimizer != .rmsprop {
      throw ValidationError("--momentum is for sgd and rmsprop, not for --optimizer \(optimizer.rawValue)")
    }
  }

  /// Fills in what the arguments say of the loop.
  ///
  /// - Parameter usualRate: of sgd.
  func apply(to training: inout TrainingOptions, usualRate: Float) {
    training.epochs = epochs
    training.batchSize = batchSize ?? training.batchSize
    training.accumulatedBatches = accumulate
    training.optimizer = OptimizerOptions(
      optimizer, learningRate: learningRate ?? (optimizer == .sgd ? usualRate : nil), momentum: momentum ?? 0.9,
      weightDecay: weightDecay ?? (optimizer == .sgd ? 5e-4 : nil),
      regularization: Regularization(keepsZeros: keepZeros))
    training.schedule = ScheduleOptions(schedule, warmUpShare: warmUp)
    training.clipping = clipNorm > 0 ? .norm(clipNorm) : .none
    training.averageDecay = averageDecay
    training.patience = patience
    training.seed = seed
  }

  /// Fills in what the arguments say.
  func apply(to options: inout ImageTrainingOptions, isTransfer: Bool) {
    let architecture = options.architecture
    apply(
      to: &options.training,
      usualRate: isTransfer ? architecture.usualTransferRate : architecture.usualLearningRate)
    options.labelSmoothing = labelSmoothing
    options.usesAuxiliaryHeads = auxiliaryHeads
    options.validationShare = validationShare
  }
}

/// How images change at random in training.
struct AugmentationArguments: ParsableArguments {
  enum Choice: String, ExpressibleByArgument, CaseIterable { case none, standard }

  @Option(
    help:
      "Parts cut out at random, and but for images of one channel left and right exchanged. (default: standard; none while features are frozen)"
  )
  var augment: Choice?

  @Option(
    help: ArgumentHelp(
      "Brightness, contrast and saturation change by up to this share, such as 0.2.", valueName: "share"))
  var colorJitter = 0.0

  @Option(help: ArgumentHelp("Set a square of this side to the mean; 0 for none.", valueName: "pixels"))
  var cutout = 0

  @Option(
    help: ArgumentHelp(
      "Mix images in pairs, with weights of the distribution Beta(α, α), such as 0.2. (default: none)",
      valueName: "alpha"))
  var mixup: Double?

  func validate() throws {
    if !(0...1).contains(colorJitter) { throw ValidationError("--color-jitter takes a number from 0 to 1") }
    if !(0...512).contains(cutout) { throw ValidationError("--cutout takes a number from 0 to 512") }
    if let mixup, !(mixup > 0 && mixup <= 1000) { throw ValidationError("--mixup takes a number above 0") }
  }

  /// Whether any of them was given.
  var isGiven: Bool { augment == .standard || colorJitter > 0 || cutout > 0 || mixup != nil }

  func augmentation(for architecture: ImageArchitecture) -> ImageAugmentation {
    var augmentation = augment == Choice.none ? ImageAugmentation.none : .standard(for: architecture)
    augmentation.colorJitter = colorJitter
    augmentation.cutoutSide = cutout
    augmentation.mixupAlpha = mixup
    return augmentation
  }
}

/// How another model, or weights from elsewhere, are trained further.
struct TransferArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Begin with this model, or with a safetensors file of weights under PyTorch's names, or train a head behind an "
        + "ONNX file.", valueName: "weights"))
  var from: String?

  @Option(
    help: ArgumentHelp(
      "Value of an ONNX file that its new head sees. (default: what its last layer with weights reads)",
      valueName: "name"))
  var features: String?

  @Option(
    help: ArgumentHelp(
      "Number of classes: auto for that of the data. An output layer for other classes is made anew.",
      valueName: "number"))
  var classes = "auto"

  @Option(
    help: ArgumentHelp(
      "Keep as they are: features, which is all but the head, or parameters of such a name as layer1.* (info lists "
        + "them); may be given several times. Statistics of a frozen batch normalisation stay too.",
      valueName: "pattern"))
  var freeze: [String] = []

  @Option(help: ArgumentHelp("Train everything after so many epochs. (default: never)", valueName: "epochs"))
  var unfreezeAfter: Int?

  @Option(
    help: ArgumentHelp("What was frozen learns at the rate of the others times this.", valueName: "factor"))
  var unfreezeRate: Float = 0.1

  @Option(
    help: ArgumentHelp(
      "Memory for the features of a frozen trunk, which are computed once; 0 for none.", valueName: "megabytes"))
  var featureMemory = 4096

  func validate() throws {
    if classes != "auto", Int(classes).map({ $0 < 2 }) ?? true {
      throw ValidationError("--classes takes auto or a number from 2 on")
    }
    if let unfreezeAfter, unfreezeAfter < 1 { throw ValidationError("--unfreeze-after takes a number from 1 on") }
    if unfreezeAfter != nil, freeze.isEmpty { throw ValidationError("--unfreeze-after needs --freeze") }
    if !(unfreezeRate > 0 && unfreezeRate <= 1) {
      throw ValidationError("--unfreeze-rate takes a number above 0, at most 1")
    }
    if featureMemory < 0 { throw ValidationError("--feature-memory takes a number from 0 on") }
  }

  func apply(to options: inout ImageTrainingOptions) {
    options.frozen = freeze
    options.unfreezesAfter = unfreezeAfter
    options.unfrozenRate = unfreezeRate
    options.featureMemory = featureMemory
  }
}
