import BagModels
import TextModels
import TextProcessing
import Training

extension TrainingJob {
  /// Trains fastText's classifier on all texts. Validation texts judge it, but it does not depend on them.
  func trainBag(_ options: BagClassifierOptions) throws {
    if let folds = arguments.folds { return try crossValidateBag(options, folds) }
    let start = ContinuousClock.now
    let (texts, judges) = try readTrainingTexts()
    sayGuesses(texts, judges)
    let bag = try train(options, texts)
    try bag.write(to: arguments.output, precision: arguments.bag.precision ?? .int8, replacing: arguments.force)
    // What is judged is what was written, rounded as it is.
    let written = LoadedModel.bag(try BagClassifier(contentsOf: arguments.output))
    let validation = try judges.map { try written.evaluate($0).evaluation.validation }
    try finish(
      written,
      TrainingReport(
        command: CommandLine.arguments, model: arguments.output, seconds: start.secondsToNow, bag: bag.options),
      validation: validation)
  }

  /// One bag on some texts.
  func train(
    _ options: BagClassifierOptions, _ texts: LabelledTexts, shouldStop: () -> Bool = { Interrupt.isRequested }
  ) throws -> BagClassifier {
    let settings = try arguments.tokenizer.settings(lowercase: arguments.lowercase)
    var collection = try TextCollection(tokenizer: settings)
    for example in texts.examples { collection.append(example.text, labels: example.labels) }
    let bag = try BagClassifierTraining(options).run(
      collection, shouldStop: shouldStop, report: console.show)
    console.closeLine()
    if arguments.autotune != nil { return bag }
    console.note(
      "\(texts.examples.count) training texts, labels \(list(bag.labels)), \(bag.wordCount) words, \(bag.rowCount) rows"
    )
    return bag
  }

  private func crossValidateBag(_ options: BagClassifierOptions, _ folds: Int) throws {
    let start = ContinuousClock.now
    let texts = try read(arguments.data)
    sayGuesses(texts)
    var evaluations: [TextEvaluation] = []
    for (index, fold) in try texts.folds(folds, task: task, seed: options.seed).enumerated() {
      if Interrupt.isRequested { break }
      console.prefix = "fold \(index + 1)/\(folds)  "
      let held = Set(fold)
      let bag = try train(options, texts.selecting(texts.examples.indices.filter { !held.contains($0) }))
      let evaluation = try LoadedModel.bag(bag).evaluate(texts.selecting(fold)).evaluation
      evaluations.append(evaluation)
      say(fold: index + 1, of: folds, evaluation)
    }
    try finish(evaluations, folds: folds, since: start)
  }
}
