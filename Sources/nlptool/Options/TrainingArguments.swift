import ArgumentParser
import NeuralNetworks
import Training

extension OptimizerKind: ExpressibleByArgument {}
extension ScheduleOptions.Kind: ExpressibleByArgument {}

/// How training goes.
struct TrainingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Passes over the texts, at most. (default: 10, of a bag 5)", valueName: "number"))
  var epochs: Int?

  @Option(help: ArgumentHelp("Texts of one batch.", valueName: "number"))
  var batchSize = 32

  @Option(help: ArgumentHelp("Batches that make one step together.", valueName: "number"))
  var accumulate = 1

  @Option(help: "Optimiser.")
  var optimizer = OptimizerKind.adam

  @Option(
    help: ArgumentHelp(
      "Size of a step. (default: the optimiser's usual one, 0.001 for adam; of a bag 0.1)", valueName: "rate"))
  var learningRate: Float?

  @Option(help: ArgumentHelp("Momentum of sgd or rmsprop. (default: 0)", valueName: "share"))
  var momentum: Float?

  @Option(help: ArgumentHelp("Weight decay. (default: the optimiser's own)", valueName: "rate"))
  var weightDecay: Float?

  @Option(help: ArgumentHelp("Penalty on the sum of the absolute weights.", valueName: "strength"))
  var l1: Float = 0

  @Option(help: ArgumentHelp("Penalty on half the sum of the squared weights.", valueName: "strength"))
  var l2: Float = 0

  @Option(
    help: ArgumentHelp("Largest norm of a row of a weight, such as 3. (default: none)", valueName: "norm"))
  var maximumNorm: Float?

  @Flag(help: "Weights that are zero stay zero: of a model that was pruned, with --from.")
  var keepZeros = false

  @Option(help: "Course of the learning rate.")
  var schedule = ScheduleOptions.Kind.constant

  @Option(help: ArgumentHelp("Share of the steps in which the rate rises first.", valueName: "share"))
  var warmUp = 0.0

  @Option(help: ArgumentHelp("Gradients are scaled down to this norm; 0 leaves them. (default: 5)", valueName: "norm"))
  var clipNorm: Float?

  @Option(help: ArgumentHelp("Gradients are cut to this size each, in place of their norm.", valueName: "limit"))
  var clipValue: Float?

  @Option(
    help: ArgumentHelp(
      "Judge and keep a running average of the weights with this decay, such as 0.999. (default: none)",
      valueName: "decay"))
  var averageDecay: Float?

  @Option(help: ArgumentHelp("Share of a label that goes to all labels alike.", valueName: "share"))
  var labelSmoothing: Float = 0

  @Option(
    help: ArgumentHelp(
      "Focal loss with this gamma, in which texts count less that are classified well. (default: none)",
      valueName: "gamma"))
  var focal: Float?

  @Flag(help: "Let all labels count alike, however many texts they have.")
  var balanceLabels = false

  @Option(
    help: ArgumentHelp("Epochs without a gain on the validation texts after which training ends.", valueName: "number"))
  var patience = 2

  @Option(help: ArgumentHelp("Share of the data that validates where --validation names no file.", valueName: "share"))
  var validationShare = 0.1

  @Option(help: "Seed of everything that is random.")
  var seed: UInt64 = 1

  func validate() throws {
    for (name, value, range) in [
      ("--epochs", epochs ?? 1, 1...1_000_000), ("--batch-size", batchSize, 1...4096),
      ("--accumulate", accumulate, 1...4096), ("--patience", patience, 1...1_000_000),
    ] where !range.contains(value) {
      throw ValidationError("\(name) takes a number from 1 to \(range.upperBound)")
    }
    for (name, value) in [
      ("--learning-rate", learningRate), ("--clip-value", clipValue), ("--maximum-norm", maximumNorm),
    ] {
      if let value, !(value > 0 && value.isFinite) { throw ValidationError("\(name) takes a number above 0") }
    }
    for (name, value) in [
      ("--l1", l1), ("--l2", l2), ("--weight-decay", weightDecay), ("--clip-norm", clipNorm), ("--focal", focal),
    ] {
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
    if clipNorm != nil, clipValue != nil { throw ValidationError("give --clip-norm or --clip-value, not both") }
    if focal != nil, labelSmoothing > 0 { throw ValidationError("give --focal or --label-smoothing, not both") }
  }

  /// Refuses what a bag has no use for: its steps are those of stochastic gradient descent with a rate that falls to
  /// nothing.
  func checkBag() throws {
    let given: [(String, Bool)] = [
      ("--batch-size", batchSize != 32), ("--accumulate", accumulate != 1),
      ("--optimizer", optimizer != .adam), ("--momentum", momentum != nil),
      ("--weight-decay", weightDecay != nil), ("--l1", l1 > 0), ("--l2", l2 > 0),
      ("--maximum-norm", maximumNorm != nil), ("--keep-zeros", keepZeros), ("--schedule", schedule != .constant),
      ("--warm-up", warmUp > 0),
      ("--clip-norm", clipNorm != nil), ("--clip-value", clipValue != nil), ("--average-decay", averageDecay != nil),
      ("--label-smoothing", labelSmoothing > 0), ("--focal", focal != nil), ("--balance-labels", balanceLabels),
      ("--patience", patience != 2), ("--validation-share", validationShare != 0.1),
    ]
    for (name, isGiven) in given where isGiven { throw ValidationError("\(name) is for networks, not for --model bag") }
  }

  /// The loop.
  var options: TrainingOptions {
    var options = TrainingOptions()
    options.epochs = epochs ?? options.epochs
    options.batchSize = batchSize
    options.accumulatedBatches = accumulate
    options.optimizer = OptimizerOptions(
      optimizer, learningRate: learningRate, momentum: momentum ?? 0, weightDecay: weightDecay,
      regularization: Regularization(l1: l1, l2: l2, maximumNorm: maximumNorm, keepsZeros: keepZeros))
    options.schedule = ScheduleOptions(schedule, warmUpShare: warmUp)
    if let clipValue { options.clipping = .value(clipValue) }
    if let clipNorm { options.clipping = clipNorm > 0 ? .norm(clipNorm) : .none }
    options.averageDecay = averageDecay
    options.patience = patience
    options.seed = seed
    return options
  }

  /// What is minimised.
  var loss: ClassificationLoss {
    ClassificationLoss(focal.map { .focal(gamma: $0) } ?? .crossEntropy(labelSmoothing: labelSmoothing))
  }
}
