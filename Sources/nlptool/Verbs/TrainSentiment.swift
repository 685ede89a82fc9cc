import ArgumentParser
import FoundationEssentials
import TextModels
import Training

extension TextClassifierArchitecture: ExpressibleByArgument {}
extension SequencePooling: ExpressibleByArgument {}

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

  @Option(help: "Network.")
  var model: TextClassifierArchitecture = .cnn

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
      "Tokens of a text that are read: of longer ones the first and the last half of so many. (default: 400, cnn 4096)",
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
    if folds == nil { try TextClassifier.checkWritable(to: output, replacing: force) }
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
    options.architecture = model
    options.adjustNetwork = network.adjust
    options.training = loop.options
    options.tokenizer = try tokenizer.settings(lowercase: lowercase)
    options.minimumCount = minimumCount
    options.maximumVocabulary = vocabularySize
    options.maximumLength = maximumLength
    options.validationShare = loop.validationShare
    return options
  }

  private func read(_ paths: [String]) throws -> LabelledTexts {
    try LabelledTexts(paths: paths, options: corpus.options)
  }

  private func train(_ training: TextClassifierTraining, _ texts: LabelledTexts, _ console: TrainingConsole) throws {
    let start = ContinuousClock.now
    var hasSaved = false
    let judges = try validation.map { try read([$0]) }
    let outcome = try training.run(
      training: texts, validation: judges,
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
        try classifier.write(to: output, replacing: force || hasSaved)
        hasSaved = true
      })
    console.closeLine()
    Interrupt.stopWatching()
    guard hasSaved else {
      throw CommandFailure(.interrupted, "interrupted before the end of the first epoch; no model was written")
    }
    // Once more, with the whole history.
    try outcome.classifier.write(to: output, replacing: true)
    var result = TrainingReport(
      command: CommandLine.arguments, model: output, history: outcome.history, seconds: start.secondsToNow,
      network: outcome.classifier.description.network)
    // Before the test texts are read too, so that nothing is lost if they cannot be.
    if let report { try result.write(to: report) }
    if outcome.history.wasInterrupted {
      throw CommandFailure(.interrupted, "interrupted; the best model so far is in \(output)")
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

/// Sizes of the network.
struct NetworkArguments: ParsableArguments {
  private static let defaults = TextClassifierConfiguration(architecture: .cnn, vocabularySize: 2, classCount: 2)

  @Option(help: ArgumentHelp("Numbers for each token. (default: \(defaults.embeddingSize))", valueName: "number"))
  var embeddingSize: Int?

  @Option(
    help: ArgumentHelp(
      "Hidden units of an lstm or of each direction of a bilstm. (default: \(defaults.hiddenSize))",
      valueName: "number"))
  var hiddenSize: Int?

  @Option(help: ArgumentHelp("Recurrent layers. (default: \(defaults.layerCount))", valueName: "number"))
  var layers: Int?

  @Option(help: "Pooling of an lstm or bilstm over time. (default: \(defaults.pooling.rawValue))")
  var pooling: SequencePooling?

  @Option(help: ArgumentHelp("Filters of each width of a cnn. (default: \(defaults.filterCount))", valueName: "number"))
  var filters: Int?

  @Option(
    help: ArgumentHelp(
      "Widths of the filters of a cnn in tokens. "
        + "(default: \(defaults.filterWidths.map(String.init).joined(separator: ",")))",
      valueName: "numbers"))
  var filterWidths: String?

  @Option(help: ArgumentHelp("Dropout before the output, in [0, 1). (default: \(defaults.dropout))", valueName: "rate"))
  var dropout: Float?

  @Option(
    help: ArgumentHelp(
      "Dropout of the embeddings, in [0, 1). (default: 0.3, cnn 0)", valueName: "rate"))
  var embeddingDropout: Float?

  func validate() throws {
    for (name, value, most) in [
      ("--embedding-size", embeddingSize, 16_384), ("--hidden-size", hiddenSize, 16_384), ("--layers", layers, 64),
      ("--filters", filters, 65_536),
    ] {
      if let value, !(1...most).contains(value) { throw ValidationError("\(name) takes a number from 1 to \(most)") }
    }
    for (name, value) in [("--dropout", dropout), ("--embedding-dropout", embeddingDropout)] {
      if let value, !(value >= 0 && value < 1) { throw ValidationError("\(name) takes a number of [0, 1)") }
    }
    _ = try widths()
  }

  private func widths() throws -> [Int]? {
    guard let filterWidths else { return nil }
    let widths = filterWidths.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard widths.allSatisfy((1...256).contains), widths.count <= 64 else {
      throw ValidationError("--filter-widths takes numbers from 1 to 256, separated by commas")
    }
    return widths
  }

  var adjust: @Sendable (inout TextClassifierConfiguration) -> Void {
    let (embeddingSize, hiddenSize, layers, pooling, filters) = (embeddingSize, hiddenSize, layers, pooling, filters)
    let (dropout, embeddingDropout, widths) = (dropout, embeddingDropout, try? widths())
    return { configuration in
      if let embeddingSize { configuration.embeddingSize = embeddingSize }
      if let hiddenSize { configuration.hiddenSize = hiddenSize }
      if let layers { configuration.layerCount = layers }
      if let pooling { configuration.pooling = pooling }
      if let filters { configuration.filterCount = filters }
      if let widths { configuration.filterWidths = widths }
      if let dropout { configuration.dropout = dropout }
      if let embeddingDropout { configuration.embeddingDropout = embeddingDropout }
    }
  }
}

/// How training goes.
struct TrainingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Passes over the texts, at most.", valueName: "number"))
  var epochs = 10

  @Option(help: ArgumentHelp("Texts of one step.", valueName: "number"))
  var batchSize = 32

  @Option(help: ArgumentHelp("Step size of Adam.", valueName: "rate"))
  var learningRate: Float = 1e-3

  @Option(
    help: ArgumentHelp("Epochs without a gain on the validation texts after which training ends.", valueName: "number"))
  var patience = 2

  @Option(help: ArgumentHelp("Share of the data that validates where --validation names no file.", valueName: "share"))
  var validationShare = 0.1

  @Option(help: "Seed of everything that is random.")
  var seed: UInt64 = 1

  func validate() throws {
    if epochs < 1 { throw ValidationError("--epochs takes a number from 1 on") }
    if !(1...4096).contains(batchSize) { throw ValidationError("--batch-size takes a number from 1 to 4096") }
    if !(learningRate > 0 && learningRate.isFinite) { throw ValidationError("--learning-rate takes a number above 0") }
    if patience < 1 { throw ValidationError("--patience takes a number from 1 on") }
    if !(validationShare > 0 && validationShare < 1) {
      throw ValidationError("--validation-share takes a number between 0 and 1")
    }
  }

  var options: TrainingOptions {
    var options = TrainingOptions()
    options.epochs = epochs
    options.batchSize = batchSize
    options.learningRate = learningRate
    options.patience = patience
    options.seed = seed
    return options
  }
}
