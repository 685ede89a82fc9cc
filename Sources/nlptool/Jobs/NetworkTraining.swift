import TextModels
import Training

extension TrainingJob {
  /// Trains a network and writes it.
  func trainNetwork(
    _ options: TextModelTrainingOptions, from first: TextModel?, checkpoint: CheckpointFile
  ) throws {
    let start = ContinuousClock.now
    let (texts, judges) = try readTrainingTexts()
    let training = TextModelTraining(options, from: first, vectors: try pretrainedVectors(texts))
    var hasSaved = false
    let outcome = try sayingWhatIsKept(if: { hasSaved }) {
      try training.run(
        training: texts, validation: judges, checkpoint: checkpoint.path, isResuming: checkpoint.isResuming,
        planned: { plan in
          // Not before: what cannot be trained gets one line, that of the error.
          sayGuesses(texts, judges)
          say(plan)
        },
        shouldStop: { Interrupt.isRequested },
        report: console.show,
        keepBest: { model in
          try model.write(to: arguments.output, replacing: arguments.force || checkpoint.isResuming || hasSaved)
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
    try finish(
      .network(outcome.model),
      TrainingReport(
        command: CommandLine.arguments, model: arguments.output, history: outcome.history, seconds: start.secondsToNow,
        network: outcome.model.description.network),
      validation: outcome.history.best?.validation)
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

  private func say(_ plan: TextModelTraining.Plan) {
    var line = "\(plan.trainingExamples) training texts, \(plan.validationExamples) validation texts, "
    if !plan.labels.isEmpty { line += "labels \(list(plan.labels)), " }
    line += "vocabulary \(plan.vocabularySize) (\((plan.coverage * 100).fixed(1)) % of the tokens)"
    console.note(line)
    if let count = plan.pretrainedTokens {
      console.note("\(count) of the \(plan.vocabularySize) tokens begin with a vector")
    }
    if plan.truncatedTexts > 0 {
      console.note(
        "\(plan.truncatedTexts) texts are longer than \(plan.maximumLength) tokens: their first and last "
          + "\(plan.maximumLength / 2) are read (--maximum-length)")
    }
    console.note(plan.network)
  }

  /// Trains a network for each fold on the others, and says how they do.
  func crossValidateNetwork(_ options: TextModelTrainingOptions, from first: TextModel?, folds: Int) throws {
    let start = ContinuousClock.now
    let texts = try read(arguments.data)
    let training = TextModelTraining(options, from: first, vectors: try pretrainedVectors(texts))
    let evaluations = try training.crossValidate(
      texts, folds: folds, shouldStop: { Interrupt.isRequested },
      report: { fold, event in
        console.prefix = "fold \(fold)/\(folds)  "
        if case .progress = event { console.show(event) }
      },
      finished: { say(fold: $0, of: folds, $1) })
    try finish(evaluations, folds: folds, since: start)
  }

  /// Says how the loss of a network goes when the learning rate rises.
  func findRate(_ options: TextModelTrainingOptions, from first: TextModel?) throws {
    let texts = try read(arguments.data)
    let training = TextModelTraining(options, from: first, vectors: try pretrainedVectors(texts))
    sayGuesses(texts)
    let sweep = try training.sweepLearningRates(training: texts, shouldStop: { Interrupt.isRequested })
    if let report = arguments.report { try writeJSON(sweep, to: report) }
    var table = TextTable()
    table.add("rate", "loss")
    // Every tenth step shows the course.
    for (index, point) in sweep.points.enumerated() where index % 10 == 0 || index == sweep.points.count - 1 {
      table.add("\(point.rate.withTwoDigits)", point.loss.fixed(4))
    }
    try StandardOutput.shared.write(table.text)
    guard let suggestion = sweep.suggestion else {
      throw CommandFailure(
        .content, "the loss never fell: the data are too few, or the labels do not follow from the texts")
    }
    try StandardOutput.shared.write("\nbegin with --learning-rate \(suggestion.withTwoDigits)\n")
  }
}
