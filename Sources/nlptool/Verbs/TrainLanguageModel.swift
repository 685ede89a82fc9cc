import ArgumentParser
import TextModels
import TextProcessing
import Training

/// `nlptool train-language-model`
struct TrainLanguageModel: ParsableCommand {
  enum Cell: String, ExpressibleByArgument, CaseIterable { case lstm, gru, rnn }

  private static let defaults = LanguageModelTrainingOptions()

  static let configuration = CommandConfiguration(
    abstract: "Train a word language model on plain texts.",
    discussion: """
      Reads one text a line, lines that follow each other, and learns how likely each word is to come next. Its measure is \
      the perplexity: the number of equally likely words that would be as hard to foretell.

      Examples:
        nlptool train-language-model train.txt --validation valid.txt --test test.txt --output lm
        nlptool train-language-model ptb.train.txt --validation ptb.valid.txt --unit whitespace --no-lowercase
        nlptool evaluate lm other.txt
      """)

  @Argument(help: ArgumentHelp("File with one text a line; \"-\" is standard input.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("Texts to judge the epochs by. (default: the last tenth of the lines)", valueName: "file"))
  var validation: String?

  @Option(help: ArgumentHelp("Texts to judge the finished model by.", valueName: "file"))
  var test: String?

  @Option(help: ArgumentHelp("Folder of the model.", valueName: "folder"))
  var output = "model"

  @Flag(help: "Replace a model that is there already.")
  var force = false

  @Flag(help: "Go on where a training with the same data and options was cut off, as if it had not been.")
  var resume = false

  @Option(help: "Recurrent cell.")
  var model = Cell.lstm

  @Option(help: ArgumentHelp("Numbers for each word.", valueName: "number"))
  var embeddingSize = defaults.network.embeddingSize

  @Option(help: ArgumentHelp("Hidden units of each layer.", valueName: "number"))
  var hiddenSize = defaults.network.recurrent.hiddenSize

  @Option(help: ArgumentHelp("Recurrent layers.", valueName: "number"))
  var layers = defaults.network.recurrent.layerCount

  @Option(help: ArgumentHelp("Dropout of words, between layers and before the output.", valueName: "rate"))
  var dropout = defaults.network.dropout

  @Flag(help: "Dropout between layers drops the same outputs at all words of a stream.")
  var lockedDropout = false

  @Option(help: ArgumentHelp("Dropout of the recurrent weights.", valueName: "rate"))
  var weightDropout: Float = 0

  @Flag(help: "The output layer's weight is the table of the words' vectors.")
  var tiedWeights = false

  @Option(help: ArgumentHelp("Words through which gradients go back.", valueName: "number"))
  var windowLength = defaults.windowLength

  @Option(help: ArgumentHelp("Streams that are read side by side.", valueName: "number"))
  var batchSize = defaults.training.batchSize

  @Option(help: ArgumentHelp("Passes over the texts, at most.", valueName: "number"))
  var epochs = defaults.training.epochs

  @Option(help: "Optimiser.")
  var optimizer = defaults.training.optimizer.kind

  @Option(
    help: ArgumentHelp("Size of a step. (default: 20 for sgd, the usual one for others)", valueName: "rate"))
  var learningRate: Float?

  @Option(help: "Course of the learning rate.")
  var schedule = defaults.training.schedule.kind

  @Option(help: ArgumentHelp("Gradients are scaled down to this norm; 0 leaves them.", valueName: "norm"))
  var clipNorm: Float = 0.25

  @Option(help: ArgumentHelp("Epochs without a gain after which training ends.", valueName: "number"))
  var patience = 4

  @Option(help: ArgumentHelp("Words that occur less often are unknown.", valueName: "number"))
  var minimumCount = defaults.minimumCount

  @Option(help: ArgumentHelp("Size of the vocabulary, at most.", valueName: "number"))
  var vocabularySize = defaults.maximumVocabulary

  @Option(help: "Seed of everything that is random.")
  var seed = defaults.training.seed

  @OptionGroup(title: "Tokens") var tokenizer: TokenizerArguments

  @Flag(inversion: .prefixedNo, help: "Lower-case the tokens.")
  var lowercase = true

  @OptionGroup(title: "Input") var input: InputArguments

  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func validate() throws {
    for (name, value, range) in [
      ("--epochs", epochs, 1...1_000_000), ("--batch-size", batchSize, 1...4096),
      ("--patience", patience, 1...1_000_000),
      ("--window-length", windowLength, 1...100_000), ("--minimum-count", minimumCount, 1...1_000_000_000),
      ("--vocabulary-size", vocabularySize, 4...1 << 30), ("--layers", layers, 1...64),
    ] where !range.contains(value) {
      throw ValidationError("\(name) takes a number from \(range.lowerBound) to \(range.upperBound)")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate takes a number above 0")
    }
    if !(clipNorm >= 0 && clipNorm.isFinite) { throw ValidationError("--clip-norm takes a number from 0 on") }
    if lockedDropout, layers < 2 { throw ValidationError("--locked-dropout needs --layers 2 or more") }
    if let fault = options.network.fault { throw ValidationError(fault) }
    if [file, validation, test].count(where: { $0 == "-" }) > 1 {
      throw ValidationError("standard input can be read only once")
    }
  }

  private var options: LanguageModelTrainingOptions {
    var options = LanguageModelTrainingOptions()
    options.network.embeddingSize = embeddingSize
    options.network.dropout = dropout
    options.network.tiesWeights = tiedWeights
    let kind: RecurrentOptions =
      switch model {
      case .lstm: RecurrentOptions(.lstm, isBidirectional: false)
      case .gru: RecurrentOptions(.gru, isBidirectional: false)
      case .rnn: RecurrentOptions(.tanhRNN, isBidirectional: false)
      }
    options.network.recurrent = kind
    options.network.recurrent.hiddenSize = hiddenSize
    options.network.recurrent.layerCount = layers
    options.network.recurrent.layerDropout = dropout
    options.network.recurrent.isDropoutLocked = lockedDropout
    options.network.recurrent.weightDropout = weightDropout
    options.windowLength = windowLength
    options.minimumCount = minimumCount
    options.maximumVocabulary = vocabularySize
    options.training.batchSize = batchSize
    options.training.epochs = epochs
    options.training.optimizer = OptimizerOptions(
      optimizer, learningRate: learningRate ?? (optimizer == .sgd ? 20 : nil))
    options.training.schedule = ScheduleOptions(schedule)
    options.training.clipping = clipNorm > 0 ? .norm(clipNorm) : .none
    options.training.patience = patience
    options.training.seed = seed
    return options
  }

  func run() throws {
    compute.apply()
    var options = options
    options.tokenizer = try tokenizer.settings(lowercase: lowercase)
    let checkpoint = try CheckpointFile(ofModel: output, resume: resume, force: force)
    try LanguageModel.checkWritable(to: output, replacing: force || checkpoint.isResuming)
    for path in [validation, test].compactMap({ $0 }) { try checkReadable(path) }
    let console = TrainingConsole(isQuiet: quiet, unit: "words")
    let start = ContinuousClock.now
    var lines = try readLines(file, input)
    var judges: [String]
    if let validation {
      judges = try readLines(validation, input)
    } else {
      judges = Array(lines.suffix(max(1, lines.count / 10)))
      lines.removeLast(min(lines.count, judges.count))
    }
    Interrupt.watch()
    var hasSaved = false
    let outcome = try LanguageModelTraining(options).run(
      training: lines, validation: judges, checkpoint: checkpoint.path, isResuming: checkpoint.isResuming,
      planned: { plan in
        console.note(
          "\(plan.trainingWords) training words, \(plan.validationWords) validation words, "
            + "vocabulary \(plan.vocabularySize)")
        console.note(plan.network)
      },
      shouldStop: { Interrupt.isRequested }, report: console.show,
      keepBest: { model in
        try model.write(to: output, replacing: force || checkpoint.isResuming || hasSaved)
        hasSaved = true
      })
    console.closeLine()
    Interrupt.stopWatching()
    guard hasSaved || outcome.history.best != nil else {
      throw CommandFailure(
        .interrupted, "interrupted before the end of the first epoch; no model was written; --resume goes on")
    }
    try outcome.model.write(to: output, replacing: true)
    if outcome.history.wasInterrupted {
      throw CommandFailure(.interrupted, "interrupted; the best model so far is in \(output); --resume goes on")
    }
    var table = TextTable()
    table.add("", "perplexity", "loss", "words")
    func add(_ name: String, _ result: ValidationResult) {
      table.add(name, result.text, result.loss.fixed(4), "\(result.examples)")
    }
    if let best = outcome.history.best?.validation { add("validation", best) }
    if let test {
      let result = outcome.model.evaluate(try readLines(test, input)).validation
      guard result.examples > 0 else { throw TextModelError.noExamples(source: test) }
      add("test", result)
    }
    try StandardOutput.shared.write(table.text + "\nThe model is in \(output) (\(start.secondsToNow.asDuration)).\n")
  }
}

/// The lines of a file.
func readLines(_ path: String, _ input: InputArguments) throws -> [String] {
  let reader = try input.open(path)
  var lines: [String] = []
  while try reader.advance() { lines.append(try reader.lineText()) }
  return lines
}
