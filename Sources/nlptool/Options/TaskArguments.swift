import ArgumentParser
import NeuralNetworks
import TextModels

extension RegressionLoss: ExpressibleByArgument {}

/// What a model is to say of a text.
struct TaskArguments: ParsableArguments {
  @Flag(help: "A text may have any number of labels.")
  var multiLabel = false

  @Option(
    help: ArgumentHelp(
      "Probability from which on a text is given a label, with --multi-label. (default: 0.5)", valueName: "probability")
  )
  var threshold: Double?

  @Flag(help: "Labels are numbers, and the model says a number.")
  var regression = false

  @Option(help: "Loss of numbers, with --regression. (default: squared)")
  var regressionLoss: RegressionLoss?

  func validate() throws {
    if multiLabel, regression { throw ValidationError("give --multi-label or --regression, not both") }
    if threshold != nil, !multiLabel { throw ValidationError("--threshold needs --multi-label") }
    if regressionLoss != nil, !regression { throw ValidationError("--regression-loss needs --regression") }
    if let threshold, !(threshold > 0 && threshold < 1) {
      throw ValidationError("--threshold takes a number between 0 and 1")
    }
  }

  /// The head of a network.
  func head(_ loop: TrainingArguments) throws -> TextHead {
    if multiLabel || regression, loop.focal != nil || loop.labelSmoothing > 0 {
      throw ValidationError("--focal and --label-smoothing are for texts with one label")
    }
    if regression, loop.balanceLabels { throw ValidationError("--balance-labels is for labels, not for numbers") }
    if multiLabel { return .multiLabel(threshold: threshold ?? 0.5, balancesLabels: loop.balanceLabels) }
    if regression { return .regression(regressionLoss ?? .squared) }
    return .singleLabel(loop.loss, balancesClasses: loop.balanceLabels)
  }
}
