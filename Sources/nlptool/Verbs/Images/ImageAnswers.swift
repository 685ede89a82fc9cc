import ArgumentParser
import ImageData
import ImageModels
import Training

extension Predict {
  /// Says what a model sees on images.
  func classifyImages(_ model: some ImageClassifier) throws {
    if !text.isEmpty { throw ValidationError("--text is for models of texts; \(self.model) is one of images") }
    if threshold != nil {
      throw ValidationError("--threshold is for models of texts; -k says how many classes to give")
    }
    if logits, format != .jsonl { throw ValidationError("--logits needs --format jsonl") }
    guard !files.isEmpty else { throw ValidationError("give images, folders of them, or IDX or CIFAR files") }
    var skipped = SkippedImages()
    var count = 0
    // What was said stays said where a later image is at fault.
    for images in try sets() {
      skipped.add(images.leftOut)
      skipped.add(
        try model.predict(images, skipBad: skipBad) { index, prediction in
          count += 1
          let name = images.name(at: index)
          try StandardOutput.shared.write(
            (format == .text ? line(name, prediction) : json(name, prediction)) + "\n")
        })
    }
    if !quiet { skipped.say() }
    if count == 0, let first = skipped.first.first { throw ImageModelError.image(first) }
  }

  /// The images that were named; files that follow each other are read together.
  private func sets() throws -> [any ImageDataSet] {
    var sets: [any ImageDataSet] = []
    var single: [String] = []
    func close() {
      if !single.isEmpty { sets.append(ImageFiles(unlabelled: single)) }
      single = []
    }
    for path in files {
      let images = try ImageCollection.images(at: path, skipBad: skipBad)
      if let files = images as? ImageFiles, files.skipped.count == 0 {
        single += files.paths
      } else {
        close()
        sets.append(images)
      }
    }
    close()
    return sets
  }

  private func line(_ name: String, _ prediction: ImagePrediction) -> String {
    let choices = prediction.top(top ?? 1).map { "\($0.label)\t\($0.probability.asDouble.fixed(4))" }
    return "\(name)\t\(choices.joined(separator: "\t"))"
  }

  private func json(_ name: String, _ prediction: ImagePrediction) -> String {
    func object(_ values: [Float]) -> String {
      "{" + zip(prediction.labels, values).map { "\($0.asJSON):\($1.asJSON)" }.joined(separator: ",") + "}"
    }
    let best = prediction.top(top ?? 1)
    var parts = ["\"image\":\(name.asJSON)"]
    if let first = best.first {
      parts += ["\"label\":\(first.label.asJSON)", "\"probability\":\(first.probability.asJSON)"]
    }
    if top != nil { parts.append("\"labels\":[\(best.map { $0.label.asJSON }.joined(separator: ","))]") }
    parts.append("\"probabilities\":\(object(prediction.probabilities))")
    if logits { parts.append("\"logits\":\(object(prediction.logits))") }
    return "{\(parts.joined(separator: ","))}"
  }
}

extension Float {
  fileprivate var asDouble: Double { Double(self) }
}

extension Evaluate {
  /// Judges a model of images on those of a path: the part that is set aside for tests, where there is one.
  func judgeImages(_ model: some ImageClassifier) throws {
    guard data.count == 1 else { throw ValidationError("a model of images takes one set of images") }
    let tests = try model.labelledImages(at: data[0], reading: images.options(labelColumn: corpus.labelColumn))
    var (evaluation, skipped) = try model.evaluate(tests, skipBad: images.skipBad)
    skipped.add(tests.leftOut)
    if !quiet { skipped.say() }
    let report = ImageEvaluationReport(evaluation, skipped: skipped.count)
    try StandardOutput.shared.write(json ? encodedJSON(report, pretty: false) : report.text)
  }
}

extension ImageClassifier {
  /// Images to judge the model by: of sets that are divided the part for tests.
  func labelledImages(at path: String, reading: ImageDataOptions) throws -> any ImageDataSet {
    let collection = try labelledCollection(at: path, reading: reading)
    return collection.test ?? collection.validation ?? collection.training
  }

  /// Whether the classes have numbers alone, as those of weights from elsewhere.
  var hasNumbers: Bool { labels == (0..<labels.count).map(String.init) }

  /// Images whose classes are the model's: those of the same name, or where the model has numbers alone and the data have as
  /// many classes of other names, those in the same place.
  func labelledCollection(at path: String, reading: ImageDataOptions) throws -> ImageCollection {
    var options = reading
    if hasNumbers {
      let collection = try ImageCollection.open(path, options: options)
      let names = collection.training.classNames
      guard !names.isEmpty, Set(names).isSubset(of: labels), names != labels else {
        if !names.isEmpty, names.count != labels.count {
          throw ImageModelError.otherClassCount(wanted: labels.count, found: names.count)
        }
        return collection
      }
    }
    options.classNames = labels
    return try ImageCollection.open(path, options: options)
  }
}
