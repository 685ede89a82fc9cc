import ArgumentParser
import TextModels

/// How another model is trained further.
struct FineTuningArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("Begin with the vocabulary, the network and the weights of this model.", valueName: "folder"))
  var from: String?

  @Option(
    help: ArgumentHelp(
      "Keep parameters of this name as they are, such as embedding.* (info lists them); may be given several times.",
      valueName: "pattern"))
  var freeze: [String] = []

  @Flag(help: "Train the output alone at first, and with each epoch one layer more below it.")
  var gradualUnfreezing = false

  @Option(
    help: ArgumentHelp(
      "Each layer learns at the rate of the one above it divided by this, such as 2.6. (default: 1)",
      valueName: "number"))
  var layerRateDivisor: Float?

  func validate() throws {
    if let layerRateDivisor, !(layerRateDivisor >= 1 && layerRateDivisor.isFinite) {
      throw ValidationError("--layer-rate-divisor takes a number from 1 on")
    }
  }

  /// Refuses what a bag has no use for.
  func checkBag() throws {
    let given: [(String, Bool)] = [
      ("--from", from != nil), ("--freeze", !freeze.isEmpty), ("--gradual-unfreezing", gradualUnfreezing),
      ("--layer-rate-divisor", layerRateDivisor != nil),
    ]
    for (name, isGiven) in given where isGiven { throw ValidationError("\(name) is for networks, not for --model bag") }
  }

  /// The options that the arguments stand for.
  var options: FineTuningOptions {
    var options = FineTuningOptions()
    options.frozen = freeze
    options.unfreezesGradually = gradualUnfreezing
    options.layerRateDivisor = layerRateDivisor ?? options.layerRateDivisor
    return options
  }
}
