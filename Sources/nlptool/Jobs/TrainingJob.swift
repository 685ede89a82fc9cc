import BagModels
import Foundation
import TextModels
import Training

/// One run of `train` or `train-sentiment`.
struct TrainingJob {
  let arguments: TrainArguments
  let task: TextTask
  let console: TrainingConsole

  func read(_ paths: [String]) throws -> LabelledTexts {
    try LabelledTexts(paths: paths, options: arguments.corpus.options(for: task))
  }

  func readTrainingTexts() throws -> (texts: LabelledTexts, validation: LabelledTexts?) {
    (try read(arguments.data), try arguments.validation.map { try read([$0]) })
  }

  func sayGuesses(_ texts: LabelledTexts?...) {
    for guess in texts.compactMap({ $0?.guesses }).joined() { console.note(guess) }
  }

  /// Of hundreds of labels the first ones are enough.
  func list(_ labels: [String]) -> String {
    labels.prefix(20).joined(separator: ", ") + (labels.count > 20 ? " and \(labels.count - 20) more" : "")
  }

  /// Judges the model on the test texts, if there are any, writes the report and says what came out.
  func finish(_ model: LoadedModel, _ result: TrainingReport, validation: ValidationResult?) throws {
    var result = result
    // Before the test texts are read too, so that nothing is lost if they cannot be.
    if let report = arguments.report { try result.write(to: report) }
    if result.history?.wasInterrupted == true {
      throw CommandFailure(
        .interrupted, "interrupted; the best model so far is in \(arguments.output); --resume goes on")
    }
    if let test = arguments.test {
      result.test = try model.evaluate(read([test])).evaluation
      if let report = arguments.report { try result.write(to: report) }
    }
    var table = TextTable()
    let metric = (validation ?? result.test?.validation)?.metric ?? .accuracy
    table.add("", metric.title, "loss", "texts")
    func add(_ name: String, _ result: ValidationResult?) {
      if let result { table.add(name, result.text, result.loss.fixed(4), "\(result.examples)") }
    }
    add("validation", validation)
    add("test", result.test?.validation)
    let output = StandardOutput.shared
    if validation != nil || result.test != nil { try output.write(table.text + "\n") }
    if let test = result.test { try output.write(test.text + "\n") }
    try output.write("The model is in \(arguments.output) (\(result.seconds.asDuration)). Try it:\n")
    try output.write("  nlptool predict \(arguments.output) --text \"…\"\n")
  }

  /// Says what cross-validation came to.
  func finish(_ evaluations: [TextEvaluation], folds: Int, since start: ContinuousClock.Instant) throws {
    console.closeLine()
    let result = CrossValidationReport(evaluations)
    if let report = arguments.report { try writeJSON(result, to: report) }
    guard evaluations.count == folds else {
      throw CommandFailure(.interrupted, "interrupted after \(evaluations.count) of \(folds) folds")
    }
    let deviation =
      result.metric == .accuracy ? (result.deviation * 100).fixed(2) : result.metric.text(result.deviation)
    try StandardOutput.shared.write(
      "\(result.metric.title) \(result.metric.text(result.mean)) ± \(deviation) over \(folds) folds "
        + "(\(start.secondsToNow.asDuration))\n")
  }

  func say(fold: Int, of folds: Int, _ evaluation: TextEvaluation) {
    let result = evaluation.validation
    console.note("fold \(fold)/\(folds)  \(result.metric.title) \(result.text)")
  }
}
