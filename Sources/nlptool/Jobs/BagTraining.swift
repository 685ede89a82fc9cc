import BagModels
import TextModels
import TextProcessing
import Training

extension TrainingJob {
  /// Trains fastText's classifier on all texts. Validation texts judge it, but it does not depend on them.
  func trainBag(_ options: BagClassifierOptions) throws {
    if let folds = arguments.folds { return try crossValidateBag(options, folds) }
    let start = ContinuousClock.now
    let judges = try arguments.validation.map { try read([$0]) }
    // What is judged is what is written, rounded as it is; and the rows that it was rounded from, which take four times
    // the memory, are gone when it is written.
    let precision = arguments.bag.precision ?? .int8
    let bag = try train(options, readCollection(arguments.data)).rounded(to: precision)
    sayGuesses(judges)
    try bag.write(to: arguments.output, precision: precision, replacing: arguments.force)
    let model = LoadedModel.bag(bag)
    let validation = try judges.map { try model.evaluate($0).evaluation.validation }
    try finish(
      model,
      TrainingReport(
        command: CommandLine.arguments, model: arguments.output, seconds: start.secondsToNow, bag: bag.options),
      validation: validation)
  }

  /// The tokens of corpora, made while they are read: a training needs the texts themselves no more.
  private func readCollection(_ paths: [String]) throws -> TextCollection {
    var collection = try emptyCollection()
    let guesses = try LabelledTexts.forEachRecord(of: paths, options: arguments.corpus.options(for: task)) {
      collection.append($0.text, labels: $0.labels)
    }
    for guess in guesses { console.note(guess) }
    return collection
  }

  /// The tokens of texts.
  func collection(of texts: LabelledTexts) throws -> TextCollection {
    var collection = try emptyCollection()
    for example in texts.examples { collection.append(example.text, labels: example.labels) }
    return collection
  }

  private func emptyCollection() throws -> TextCollection {
    try TextCollection(tokenizer: arguments.tokenizer.settings(lowercase: arguments.lowercase))
  }

  /// One bag on some texts.
  func train(
    _ options: BagClassifierOptions, _ texts: consuming TextCollection,
    shouldStop: () -> Bool = { Interrupt.isRequested }
  ) throws -> BagClassifier {
    let count = texts.count
    let bag = try BagClassifierTraining(options).run(texts, shouldStop: shouldStop, report: console.show)
    console.closeLine()
    if arguments.autotune != nil { return bag }
    console.note(
      "\(count) training texts, labels \(list(bag.labels)), \(bag.wordCount) words, \(bag.rowCount) rows"
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
      let kept = texts.selecting(texts.examples.indices.filter { !held.contains($0) })
      let bag = try train(options, collection(of: kept))
      let evaluation = try LoadedModel.bag(bag).evaluate(texts.selecting(fold)).evaluation
      evaluations.append(evaluation)
      say(fold: index + 1, of: folds, evaluation)
    }
    try finish(evaluations, folds: folds, since: start)
  }
}
