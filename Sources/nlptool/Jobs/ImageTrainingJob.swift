import ImageData
import ImageModels
import Training

/// One run of `train-image`.
struct ImageTrainingJob {
  let arguments: TrainImage
  let options: ImageTrainingOptions
  let start: ImageTraining.Start?
  let checkpoint: CheckpointFile
  let console: TrainingConsole

  func run() throws {
    let begin = ContinuousClock.now
    let collection = try open()
    let classes = collection.training.classNames
    if let wanted = Int(arguments.transfer.classes), wanted != classes.count {
      throw ImageModelError.otherClassCount(wanted: wanted, found: classes.count)
    }
    let judges = try arguments.validation.map { try openOther($0, classes) } ?? collection.validation
    let tests = try arguments.test.map { try openOther($0, classes) } ?? collection.test
    Interrupt.watch()
    var hasSaved = false
    let outcome = try sayingWhatIsKept(if: { hasSaved }) {
      try ImageTraining(options, from: start).run(
        training: collection.training, validation: judges, checkpoint: checkpoint.path,
        isResuming: checkpoint.isResuming, planned: say, shouldStop: { Interrupt.isRequested }, report: console.show,
        keepBest: { model in
          try model.write(
            to: arguments.output, replacing: arguments.force || checkpoint.isResuming || hasSaved)
          hasSaved = true
        })
    }
    console.closeLine()
    Interrupt.stopWatching()
    // A training that goes on may have been cut off before it had a model.
    guard hasSaved || outcome.history.best != nil else {
      throw CommandFailure(
        .interrupted, "interrupted before the end of the first epoch; no model was written; --resume goes on")
    }
    // Once more, with the whole history.
    try outcome.model.write(to: arguments.output, replacing: true)
    var skipped = outcome.skipped
    for images in [collection.training, judges].compactMap({ $0 }) { skipped.add(images.leftOut) }
    if !arguments.quiet { skipped.say() }
    try finish(outcome, tests, skipped: skipped.count, seconds: begin.secondsToNow)
  }

  /// The data, with the classes in the order of the model to start from where they are the same.
  private func open() throws -> ImageCollection {
    let collection = try ImageCollection.open(arguments.data, options: arguments.reading.options())
    guard case .model(let model) = start, model.labels != collection.training.classNames,
      Set(model.labels) == Set(collection.training.classNames), collection.kind == .folders || collection.kind == .table
    else { return collection }
    return try ImageCollection.open(arguments.data, options: arguments.reading.options(classNames: model.labels))
  }

  private func openOther(_ path: String, _ classes: [String]) throws -> any ImageDataSet {
    let collection = try ImageCollection.open(path, options: arguments.reading.options(classNames: classes))
    return collection.test ?? collection.validation ?? collection.training
  }

  /// Runs a training; where it diverges after a good epoch, the failure says where the model of that one is.
  private func sayingWhatIsKept<R>(if hasSaved: () -> Bool, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as TrainingError {
      console.closeLine()
      guard case .diverged = error, hasSaved() else { throw error }
      throw CommandFailure(.content, "\(error); the best model before that is in \(arguments.output)")
    }
  }

  private func say(_ plan: ImageTraining.Plan) {
    let names = plan.labels.prefix(20).joined(separator: ", ")
    console.note(
      "\(plan.trainingExamples) training images, \(plan.validationExamples) validation images, \(plan.labels.count) "
        + "classes: \(names)\(plan.labels.count > 20 ? ", …" : "")")
    // A deep one has hundreds of layers, which info lists.
    console.note("\(options.architecture.rawValue), \(plan.parameters.all) parameters")
    if plan.parameters.trained < plan.parameters.all {
      console.note("\(plan.parameters.trained) of \(plan.parameters.all) parameters are trained, the others stay")
    }
    if start != nil, !plan.keepsOutput { console.note("the output layer is new, for \(plan.labels.count) classes") }
    if let megabytes = plan.featureMegabytes {
      console.note("the features of all images are computed once and kept: \(megabytes) MB")
    }
  }

  private func finish(
    _ outcome: ImageTraining.Outcome, _ tests: (any ImageDataSet)?, skipped: Int, seconds: Double
  ) throws {
    var result = ImageTrainingReport(
      command: CommandLine.arguments, model: arguments.output, options: options, history: outcome.history,
      seconds: seconds, skipped: skipped)
    // Before the test images are read too, so that nothing is lost if they cannot be.
    if let report = arguments.report { try writeJSON(result, to: report) }
    if outcome.history.wasInterrupted {
      throw CommandFailure(
        .interrupted, "interrupted; the best model so far is in \(arguments.output); --resume goes on")
    }
    if let tests {
      var (evaluation, skipped) = try outcome.model.evaluate(tests, skipBad: arguments.reading.skipBad)
      skipped.add(tests.leftOut)
      if !arguments.quiet { skipped.say() }
      result.test = ImageEvaluationReport(evaluation, skipped: skipped.count)
      if let report = arguments.report { try writeJSON(result, to: report) }
    }
    var table = TextTable()
    table.add("", "accuracy", "loss", "images")
    func add(_ name: String, _ result: ValidationResult?) {
      if let result { table.add(name, result.text, result.loss.fixed(4), "\(result.examples)") }
    }
    add("validation", outcome.history.best?.validation)
    add("test", result.test?.evaluation.validation)
    let output = StandardOutput.shared
    try output.write(table.text + "\n")
    if let test = result.test { try output.write(test.text + "\n") }
    try output.write("The model is in \(arguments.output) (\(seconds.asDuration)). Try it:\n")
    try output.write("  nlptool predict \(arguments.output) IMAGE…\n")
  }
}

/// The JSON of `train-image --report`.
struct ImageTrainingReport: Encodable {
  let command: [String]
  let model: String
  let options: ImageTrainingOptions
  let history: TrainingHistory
  let seconds: Double
  let skipped: Int
  var test: ImageEvaluationReport?
}

/// How well an image model does: the JSON of `evaluate --json`, and its text.
struct ImageEvaluationReport: Encodable {
  let evaluation: Evaluation
  /// Images that could not be read.
  let skipped: Int

  init(_ evaluation: Evaluation, skipped: Int) { (self.evaluation, self.skipped) = (evaluation, skipped) }

  private enum CodingKeys: String, CodingKey {
    case top5Accuracy = "top_5_accuracy"
    case skipped
  }

  /// The figures of any evaluation, and what there is beside them.
  func encode(to encoder: any Encoder) throws {
    try evaluation.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(skipped, forKey: .skipped)
    if let top5 { try values.encode(top5, forKey: .top5Accuracy) }
  }

  /// Of ten classes five are nearly always right.
  private var top5: Double? { evaluation.labels.count > 10 ? evaluation.top5Accuracy : nil }

  var text: String {
    (top5.map { "top-5 accuracy \(($0 * 100).fixed(2)) %\n" } ?? "") + evaluation.text(of: "images")
  }
}

extension ImageDataSet {
  /// What was left out when the set was put together.
  var leftOut: SkippedImages { (self as? ImageFiles)?.skipped ?? SkippedImages() }
}

extension SkippedImages {
  /// Says on standard error what was left out, if anything was.
  func say() {
    guard count > 0 else { return }
    StandardError.write("left out \(count) image\(count == 1 ? "" : "s"), first: \(first[0])\n")
  }
}
