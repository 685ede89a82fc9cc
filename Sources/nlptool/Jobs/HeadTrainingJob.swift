import ArgumentParser
import ImageData
import ImageModels
import ModelExchange
import ModelFiles
import Training

/// One run of `train-image` that trains a head behind an ONNX file, which becomes an ONNX file again.
struct HeadTrainingJob {
  let arguments: TrainImage
  let trunkPath: String
  let console: TrainingConsole

  /// Refuses what a trunk that stays as it is has no use for.
  private func check() throws {
    let transfer = arguments.transfer
    guard transfer.freeze == ["features"] else {
      throw ValidationError("an ONNX file stays as it is, and a head learns behind it: give --freeze features")
    }
    let refused: [(String, Bool)] = [
      ("--architecture", arguments.architecture != nil), ("--unfreeze-after", transfer.unfreezeAfter != nil),
      ("--augment, --color-jitter, --cutout and --mixup", arguments.augmentation.isGiven),
      ("--resume", arguments.resume), ("--keep-zeros", arguments.loop.keepZeros),
    ]
    for (name, isGiven) in refused where isGiven {
      throw ValidationError("\(name): not with an ONNX file, whose features are computed once")
    }
    guard isONNX(arguments.output) else {
      throw ValidationError("a head behind an ONNX file is written as one: give --output FILE.onnx")
    }
    try checkWritable(file: arguments.output, replacing: arguments.force)
    if let report = arguments.report { try checkWritable(report) }
  }

  func run() throws {
    try check()
    let begin = ContinuousClock.now
    var known = ONNXClassifier.Options()
    try arguments.onnx.apply(to: &known)
    let trunk = try ONNXTrunk(contentsOf: trunkPath, value: arguments.transfer.features, options: known)
    let reader = trunk.reader.map { ", which \($0) reads" } ?? ""
    console.note("the features are \(trunk.shownName)\(reader): \(trunk.featureCount) numbers of an image")
    let collection = try ImageCollection.open(arguments.data, options: arguments.reading.options())
    let (judges, tests) = try arguments.otherImages(collection)
    let options = options(trunk)
    var hasSaved = false
    func save(_ head: ImageHead) throws {
      try trunk.document(with: head).write(to: arguments.output, replacing: arguments.force || hasSaved)
      hasSaved = true
    }
    let outcome = try arguments.sayingWhatIsKept(console, if: { hasSaved }) {
      try HeadTraining(options, trunk: trunk).run(
        training: collection.training, validation: judges, planned: say,
        shouldStop: {
          // While features are computed, when nobody asks, Ctrl-C ends the process: there is nothing to keep yet.
          if !Interrupt.isRequested { Interrupt.watch() }
          return Interrupt.isRequested
        },
        report: console.show, keepBest: save)
    }
    console.closeLine()
    Interrupt.stopWatching()
    guard hasSaved else { throw CommandFailure.noEpoch() }
    var skipped = outcome.skipped
    for images in [collection.training, judges].compactMap({ $0 }) { skipped.add(images.leftOut) }
    if !arguments.quiet { skipped.say() }
    // What is judged is the file.
    guard case .image(let model) = try ONNXClassifier(contentsOf: arguments.output) else {
      throw CommandFailure(.software, "\(arguments.output): it is no classifier of images")
    }
    try arguments.finish(
      ImageTrainingReport(
        command: CommandLine.arguments, model: arguments.output, options: options, history: outcome.history,
        seconds: begin.secondsToNow, skipped: skipped.count),
      tests, judgedBy: model, advice: "")
  }

  private func options(_ trunk: ONNXTrunk) -> HeadTrainingOptions {
    var options = HeadTrainingOptions()
    let loop = arguments.loop
    options.training.batchSize = (trunk.preparation.fixedSize?.width ?? 0) < 100 ? 64 : 32
    loop.apply(to: &options.training, usualRate: HeadTrainingOptions.usualLearningRate)
    options.training.keepsLast = arguments.keepLast
    options.labelSmoothing = loop.labelSmoothing
    options.validationShare = loop.validationShare
    options.featureMemory = arguments.transfer.featureMemory
    options.skipsBad = arguments.reading.skipBad
    return options
  }

  private func say(_ plan: HeadTraining.Plan) {
    let names = plan.labels.prefix(20).joined(separator: ", ")
    console.note(
      "\(plan.trainingExamples) training images, \(plan.validationExamples) validation images, \(plan.labels.count) "
        + "classes: \(names)\(plan.labels.count > 20 ? ", …" : "")")
    console.note("the features of all images are computed once and kept: \(plan.featureMegabytes) MB")
  }
}
