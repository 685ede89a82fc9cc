import ImageData
import ImageModels
import Training

extension CommandFailure {
  /// A training that was interrupted before there was anything to keep.
  static func noEpoch(advice: String = "") -> CommandFailure {
    CommandFailure(.interrupted, "interrupted before the end of the first epoch; no model was written\(advice)")
  }
}

extension TrainImage {
  /// The images to judge epochs and the finished model by, those that the options name before those that the data set
  /// aside; also whether there are as many classes as were asked for.
  func otherImages(
    _ collection: ImageCollection
  ) throws -> (validation: (any ImageDataSet)?, test: (any ImageDataSet)?) {
    let classes = collection.training.classNames
    if let wanted = Int(transfer.classes), wanted != classes.count {
      throw ImageModelError.otherClassCount(wanted: wanted, found: classes.count)
    }
    func open(_ path: String) throws -> any ImageDataSet {
      let collection = try ImageCollection.open(path, options: reading.options(classNames: classes))
      return collection.test ?? collection.validation ?? collection.training
    }
    return (try validation.map(open) ?? collection.validation, try test.map(open) ?? collection.test)
  }

  /// Runs a training; where it diverges after a good epoch, the failure says where the model of that one is.
  func sayingWhatIsKept<R>(_ console: TrainingConsole, if hasSaved: () -> Bool, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as TrainingError {
      console.closeLine()
      guard case .diverged = error, hasSaved() else { throw error }
      throw CommandFailure(.content, "\(error); the best model before that is in \(output)")
    }
  }

  /// Judges the model on the test images, if there are any, writes the report and says what came out.
  ///
  /// - Parameter advice: what else to say of a training that was interrupted.
  func finish<Options>(
    _ report: ImageTrainingReport<Options>, _ tests: (any ImageDataSet)?, judgedBy model: some ImageClassifier,
    advice: String = "; --resume goes on"
  ) throws {
    var result = report
    // Before the test images are read too, so that nothing is lost if they cannot be.
    if let path = self.report { try writeJSON(result, to: path) }
    if result.history.wasInterrupted {
      throw CommandFailure(.interrupted, "interrupted; the best model so far is in \(output)\(advice)")
    }
    if let tests {
      var (evaluation, skipped) = try model.evaluate(tests, skipBad: reading.skipBad)
      skipped.add(tests.leftOut)
      if !quiet { skipped.say() }
      result.test = ImageEvaluationReport(evaluation, skipped: skipped.count)
      if let path = self.report { try writeJSON(result, to: path) }
    }
    var table = TextTable()
    table.add("", "accuracy", "loss", "images")
    func add(_ name: String, _ result: ValidationResult?) {
      if let result { table.add(name, result.text, result.loss.fixed(4), "\(result.examples)") }
    }
    add("validation", result.history.best?.validation)
    add("test", result.test?.evaluation.validation)
    let standard = StandardOutput.shared
    try standard.write(table.text + "\n")
    if let test = result.test { try standard.write(test.text + "\n") }
    try standard.write("The model is in \(output) (\(result.seconds.asDuration)). Try it:\n")
    try standard.write("  nlptool predict \(output) IMAGE…\n")
  }
}

/// The JSON of `train-image --report`.
struct ImageTrainingReport<Options: Encodable>: Encodable {
  let command: [String]
  let model: String
  let options: Options
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
    // A name may hold what begins another line.
    let cause = "\(first[0])".unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }
    let text = String(String.UnicodeScalarView(cause))
    StandardError.write("left out \(count) image\(count == 1 ? "" : "s"), first: \(text)\n")
  }
}
