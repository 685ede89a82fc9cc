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
    let (judges, tests) = try arguments.otherImages(collection)
    Interrupt.watch()
    var hasSaved = false
    let outcome = try arguments.sayingWhatIsKept(console, if: { hasSaved }) {
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
    guard hasSaved || outcome.history.best != nil else { throw CommandFailure.noEpoch(advice: "; --resume goes on") }
    // Once more, with the whole history.
    try outcome.model.write(to: arguments.output, replacing: true)
    var skipped = outcome.skipped
    for images in [collection.training, judges].compactMap({ $0 }) { skipped.add(images.leftOut) }
    if !arguments.quiet { skipped.say() }
    try arguments.finish(
      ImageTrainingReport(
        command: CommandLine.arguments, model: arguments.output, options: options, history: outcome.history,
        seconds: begin.secondsToNow, skipped: skipped.count),
      tests, judgedBy: outcome.model)
  }

  /// The data, with the classes in the order of the model to start from where they are the same.
  private func open() throws -> ImageCollection {
    let collection = try ImageCollection.open(arguments.data, options: arguments.reading.options())
    guard case .model(let model) = start, model.labels != collection.training.classNames,
      Set(model.labels) == Set(collection.training.classNames), collection.kind == .folders || collection.kind == .table
    else { return collection }
    return try ImageCollection.open(arguments.data, options: arguments.reading.options(classNames: model.labels))
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
}
