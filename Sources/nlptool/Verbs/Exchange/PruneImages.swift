import ArgumentParser
import ImageData
import ImageModels
import ModelExchange
import Training

import func Glibc.pow

extension Prune {
  /// Prunes a network for images step by step, and learns between where there are images.
  func prune(_ model: ImageModel) throws {
    if embeddings { throw ValidationError("--embeddings is for models of texts") }
    guard data.count < 2 else { throw ValidationError("a model of images learns from one set: give --data once") }
    try ImageModel.checkWritable(to: output, replacing: force)
    let training = try data.first.map { try labelledImages($0, model) }
    let judged = try test.map { try labelledImages($0, model) }
    let tests = judged.map { $0.test ?? $0.validation ?? $0.training }
    var original = model
    // Classes that have numbers alone get the names of the images'.
    if let names = training?.training.classNames, model.hasNumbers, Set(names).count == model.labels.count {
      original = model.naming(classes: names)
    }
    if let training, training.training.classNames != original.labels {
      throw CommandFailure(
        .content,
        "\(data[0]): its classes have other names than those of the model, which are "
          + "\(original.labels.prefix(5).joined(separator: ", "))…; call them alike, as import-weights --labels does")
    }
    var table = PruningTable(pruning: magnitude)
    var skipped = SkippedImages()
    for set in [training?.training, training?.validation, tests].compactMap({ $0 }) { skipped.add(set.leftOut) }
    func add(_ stage: String, _ model: ImageModel) throws {
      table.add(
        stage, model.network, try tests.map { try model.evaluate($0, skipBad: images.skipBad).evaluation.validation })
    }
    try add("before", original)
    let options = learningOptions(original)
    var pruned = original
    for step in 1...steps {
      if units {
        // Equal shares of what is left, whose product is the share.
        pruned = try StructuredPruning(share: 1 - pow(1 - share, 1 / Double(steps))).pruned(pruned)
      } else {
        magnitude.gradual(step: step, of: steps).apply(to: pruned.network)
      }
      try add(steps == 1 ? "pruned" : "pruned, step \(step)", pruned)
      guard let training else { continue }
      let outcome = try learn(training, options, from: pruned)
      if step == 1 { skipped.add(outcome.skipped) }
      pruned = outcome.model
      try add("after learning", pruned)
    }
    try pruned.write(to: output, replacing: force)
    guard !quiet else { return }
    skipped.say()
    try StandardOutput.shared.write(table.text + "\n")
    if !units { try say(layers: magnitude.report(on: pruned.network)) }
  }

  private func labelledImages(_ path: String, _ model: ImageModel) throws -> ImageCollection {
    try model.labelledCollection(at: path, reading: images.options(labelColumn: corpus.labelColumn))
  }

  /// As the model was trained, at a lower rate.
  private func learningOptions(_ model: ImageModel) -> ImageTrainingOptions {
    var options = ImageTrainingOptions(model.architecture)
    options.training.optimizer.learningRate = model.architecture.usualTransferRate
    if let record = model.description.training {
      options.training = record.options.training
      options.augmentation = record.options.augmentation
      options.labelSmoothing = record.options.labelSmoothing
      options.validationShare = record.options.validationShare
      options.training.optimizer.learningRate /= 3
    }
    options.usesAuxiliaryHeads = false
    options.training.epochs = epochs ?? Self.usualEpochs
    options.training.optimizer.learningRate = learningRate ?? options.training.optimizer.learningRate
    options.training.optimizer.regularization.keepsZeros = !units
    options.skipsBad = images.skipBad
    return options
  }

  private func learn(
    _ images: ImageCollection, _ options: ImageTrainingOptions, from start: ImageModel
  ) throws -> ImageTraining.Outcome {
    let console = TrainingConsole(isQuiet: quiet, unit: "images")
    let outcome = try ImageTraining(options, from: .model(start)).run(
      training: images.training, validation: images.validation, report: console.show)
    console.closeLine()
    return outcome
  }
}
