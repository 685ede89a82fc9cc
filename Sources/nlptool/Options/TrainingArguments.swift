import ArgumentParser
import Training

/// How training goes.
struct TrainingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Passes over the texts, at most.", valueName: "number"))
  var epochs = 10

  @Option(help: ArgumentHelp("Texts of one step.", valueName: "number"))
  var batchSize = 32

  @Option(help: ArgumentHelp("Step size of Adam.", valueName: "rate"))
  var learningRate: Float = 1e-3

  @Option(
    help: ArgumentHelp("Epochs without a gain on the validation texts after which training ends.", valueName: "number"))
  var patience = 2

  @Option(help: ArgumentHelp("Share of the data that validates where --validation names no file.", valueName: "share"))
  var validationShare = 0.1

  @Option(help: "Seed of everything that is random.")
  var seed: UInt64 = 1

  func validate() throws {
    if epochs < 1 { throw ValidationError("--epochs takes a number from 1 on") }
    if !(1...4096).contains(batchSize) { throw ValidationError("--batch-size takes a number from 1 to 4096") }
    if !(learningRate > 0 && learningRate.isFinite) { throw ValidationError("--learning-rate takes a number above 0") }
    if patience < 1 { throw ValidationError("--patience takes a number from 1 on") }
    if !(validationShare > 0 && validationShare < 1) {
      throw ValidationError("--validation-share takes a number between 0 and 1")
    }
  }

  var options: TrainingOptions {
    var options = TrainingOptions()
    options.epochs = epochs
    options.batchSize = batchSize
    options.learningRate = learningRate
    options.patience = patience
    options.seed = seed
    return options
  }
}
