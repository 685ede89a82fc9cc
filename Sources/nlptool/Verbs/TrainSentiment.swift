import ArgumentParser
import FoundationEssentials
import TextModels
import Training

/// `nlptool train-sentiment`
struct TrainSentiment: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a text classifier on labelled texts.",
    discussion: """
      Reads texts with their labels, makes a vocabulary, trains, keeps the model that does best on validation texts \
      (a tenth of the data, unless --validation names a file), and writes it as a folder. The test texts are read \
      once, when training is over. Ctrl-C ends training; the best model so far is kept.

      Examples:
        nlptool train-sentiment train.tsv --test test.tsv --output model
        nlptool train-sentiment imdb.tsv --text-column 4 --label-column 1
        nlptool train-sentiment reviews.csv --label-column stars --positive-from 4
        nlptool train-sentiment aclImdb/train --model bilstm --epochs 4
        nlptool train-sentiment rt-polarity.all --folds 10
      """)

  @Argument(help: ArgumentHelp("Files or folders with labelled texts; \"-\" is standard input.", valueName: "data"))
  var data: [String]

  @Option(help: ArgumentHelp("Texts to judge the epochs by. (default: a tenth of the data)", valueName: "file"))
  var validation: String?

  @Option(help: ArgumentHelp("Texts to judge the finished model by.", valueName: "file"))
  var test: String?

  @Option(help: ArgumentHelp("Cross-validate with so many folds in place of making a model.", valueName: "number"))
  var folds: Int?

  @Option(help: ArgumentHelp("Folder of the model.", valueName: "folder"))
  var output = "model"

  @Flag(help: "Replace a model that is there already.")
  var force = false

  @Option(help: ArgumentHelp("Write everything that was measured as JSON.", valueName: "file"))
  var report: String?

  @Flag(
    help: ArgumentHelp(
      "Go on where a training with the same data and options was cut off, as if it had not been. Each minute's state is "
        + "in the folder's name with .checkpoint behind it until training has ended."))
  var resume = false

  @OptionGroup(title: "Data") var corpus: CorpusArguments
  @OptionGroup(title: "Tokens") var tokenizer: TokenizerArguments

  @Flag(inversion: .prefixedNo, help: "Lower-case the tokens.")
  var lowercase = true

  @Option(help: ArgumentHelp("Tokens that occur less often are unknown.", valueName: "number"))
  var minimumCount = 2

  @Option(help: ArgumentHelp("Size of the vocabulary, at most.", valueName: "number"))
  var vocabularySize = 30_000

  @Option(
    help: ArgumentHelp(
      "Tokens of a text that are read: of longer ones the first and the last half of so many. (default: 400 for recurrent networks, 1014 for a charcnn, 4096 for others)",
      valueName: "number"))
  var maximumLength: Int?

  @OptionGroup(title: "Network") var network: NetworkArguments
  @OptionGroup(title: "Training") var loop: TrainingArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func validate() throws {
    if let folds, folds < 2 { throw ValidationError("--folds takes a number from 2 on") }
    let streams = data + [validation, test].compactMap { $0 }
    if streams.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input can be read only once") }
    if folds != nil, resume { throw ValidationError("--folds keeps no checkpoint: leave out --resume") }
    if folds != nil, test != nil || validation != nil {
      throw ValidationError("--folds judges by the data itself: leave out --test and --validation")
    }
    if minimumCount < 1 { throw ValidationError("--minimum-count takes a number from 1 on") }
    if vocabularySize < 3 { throw ValidationError("--vocabulary-size takes a number from 3 on") }
    if let maximumLength, maximumLength < 1 { throw ValidationError("--maximum-length takes a number from 1 on") }
  }

  func run() throws {
    compute.apply()
    // What would end hours of work later is asked now.
    if folds == nil { try TextClassifier.checkWritable(to: output, replacing: force || resume) }
    if let report { try checkWritable(report) }
    for path in [validation, test].compactMap({ $0 }) { try checkReadable(path) }
    let console = TrainingConsole(isQuiet: quiet)
    let texts = try read(data)
    let training = TextClassifierTraining(try options())
    Interrupt.watch()
    if let folds {
      try crossValidate(training, texts, folds, console)
    } else {
      try train(training, texts, console)
    }
  }

  private func options() throws -> TextClassifierTrainingOptions {
    var options = TextClassifierTrainingOptions()
    options.network = try network.options()
    options.training = loop.options
    options.loss = loop.loss
    options.balancesClasses = loop.balanceLabels
    options.tokenizer = try tokenizer.settings(
      lowercase: lowercase, readsCharacters: options.network.encoder.readsCharacters)
    options.minimumCount = minimumCount
    options.maximumVocabulary = vocabularySize
    options.maximumLength = maximumLength
    options.validationShare = loop.validationShare
    return options
  }

  private var checkpoint: String {
    var name = output
    while name.count > 1, name.hasSuffix("/") { name.removeLast() }
    return name + ".checkpoint"
  }

  private func read(_ paths: [String]) throws -> LabelledTexts {
    try LabelledTexts(paths: paths, options: corpus.options)
  }

  private func train(_ training: TextClassifierTraining, _ texts: LabelledTexts, _ console: TrainingConsole) throws {
    let start = ContinuousClock.now
    var hasSaved = false
    let judges = try validation.map { try read([$0]) }
    let outcome = try training.run(
      training: texts, validation: judges, checkpoint: checkpoint, isResuming: resume,
      planned: { plan in
        // Not before: what cannot be trained gets one line, that of the error.
        for guess in texts.guesses + (judges?.guesses ?? []) { console.note(guess) }
        console.note(
          "\(plan.trainingExamples) training texts, \(plan.validationExamples) validation texts, "
            + "labels \(plan.labels.joined(separator: ", ")), vocabulary \(plan.vocabularySize) "
            + "(\((plan.coverage * 100).fixed(1)) % of the tokens)\n\(plan.network)")
      },
      shouldStop: { Interrupt.isRequested },
      report: console.show,
      keepBest: { classifier in
        try classifier.write(to: output, replacing: force || resume || hasSaved)
        hasSaved = true
      })
    console.closeLine()
    Interrupt.stopWatching()
    guard hasSaved || resume else {
      throw CommandFailure(
        .interrupted, "interrupted before the end of the first epoch; no model was written; --resume goes on")
    }
    // Once more, with the whole history.
    try outcome.classifier.write(to: output, replacing: true)
    var result = TrainingReport(
      command: CommandLine.arguments, model: output, history: outcome.history, seconds: start.secondsToNow,
      network: outcome.classifier.description.network)
    // Before the test texts are read too, so that nothing is lost if they cannot be.
    if let report { try result.write(to: report) }
    if outcome.history.wasInterrupted {
      throw CommandFailure(.interrupted, "interrupted; the best model so far is in \(output); --resume goes on")
    }
    if let test {
      result.test = try outcome.classifier.evaluate(read([test]))
      if let report { try result.write(to: report) }
    }
    try printSummary(result)
  }

  private func printSummary(_ result: TrainingReport) throws {
    var table = TextTable()
    table.add("", "accuracy", "macro F1", "loss", "texts")
    func add(_ name: String, _ evaluation: Evaluation?) {
      guard let evaluation else { return }
      table.add(
        name, "\((evaluation.accuracy * 100).fixed(2)) %", evaluation.macroF1.fixed(4), evaluation.loss.fixed(4),
        "\(evaluation.examples)")
    }
    add("validation", result.history.best?.validation)
    add("test", result.test)
    let output = StandardOutput.shared
    try output.write(table.text)
    if let test = result.test { try output.write("\n" + test.classTable) }
    try output.write("\nThe model is in \(self.output) (\(result.seconds.asDuration)). Try it:\n")
    try output.write("  nlptool predict \(self.output) --text \"Not bad at all!\"\n")
  }

  private func crossValidate(
    _ training: TextClassifierTraining, _ texts: LabelledTexts, _ folds: Int, _ console: TrainingConsole
  ) throws {
    let start = ContinuousClock.now
    let evaluations = try training.crossValidate(
      texts, folds: folds, shouldStop: { Interrupt.isRequested },
      report: { fold, event in
        console.prefix = "fold \(fold)/\(folds)  "
        if case .progress = event { console.show(event) }
      },
      finished: { fold, evaluation in
        console.note("fold \(fold)/\(folds)  accuracy \((evaluation.accuracy * 100).fixed(2)) %")
      })
    console.closeLine()
    let accuracies = evaluations.map(\.accuracy)
    let mean = accuracies.reduce(0, +) / Double(max(evaluations.count, 1))
    let squares = accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(max(evaluations.count - 1, 1))).squareRoot()
    if let report {
      try writeJSON(CrossValidationReport(folds: evaluations, meanAccuracy: mean, deviation: deviation), to: report)
    }
    guard evaluations.count == folds else {
      throw CommandFailure(.interrupted, "interrupted after \(evaluations.count) of \(folds) folds")
    }
    try StandardOutput.shared.write(
      "accuracy \((mean * 100).fixed(2)) % ± \((deviation * 100).fixed(2)) over \(folds) folds "
        + "(\(start.secondsToNow.asDuration))\n")
  }
}
