import ArgumentParser
import BagModels
import ImageModels
import ModelExchange
import ModelFiles
import TextModels

/// `nlptool quantize`
struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a model small: fewer bytes for a number, and of a bag fewer rows.",
    discussion: """
      Networks: their weights are stored as --precision says, in a byte each with a scale for each row unless it says \
      otherwise; they are computed with as before. With --test networks that label texts are judged before and after.

      Models of train --model bag: rows are rounded part by part to the nearest of 256 that are learnt from them; \
      with --cutoff the rows of the largest norms stay, words and n-grams alike; with --retrain those that stay learn \
      from labelled texts again before they are rounded, and the output layer afterwards. The result is a model like any \
      other, but that it cannot be quantised again. Retraining on other texts than those of the training is possible.

      Examples:
        nlptool quantize model --output small --test test.tsv
        nlptool quantize resnet --precision float16 --output small
        nlptool quantize bag --cutoff 20000 --normalize --retrain train.tsv --output small
      """)

  @Argument(help: ArgumentHelp("Folder of the model.", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("Folder of the small model.", valueName: "folder"))
  var output: String

  @Option(help: "Numbers of a network's weights in the file. (default: int8)")
  var precision: WeightPrecision?

  @Option(help: ArgumentHelp("Texts to judge a network by, before and after.", valueName: "file"))
  var test: String?

  @Option(help: ArgumentHelp("Rows that stay, those with the largest norms. (default: all)", valueName: "number"))
  var cutoff: Int?

  @Option(help: ArgumentHelp("Labelled texts to learn from again; may be given several times.", valueName: "data"))
  var retrain: [String] = []

  @Option(help: ArgumentHelp("Passes over these texts. (default: those of the training)", valueName: "number"))
  var epochs: Int?

  @Option(help: ArgumentHelp("First learning rate of these passes. (default: the training's)", valueName: "number"))
  var learningRate: Float?

  @Option(help: ArgumentHelp("Numbers of a row that share a byte.", valueName: "number"))
  var subDimensions = 2

  @Flag(help: "Round the length of a row apart from its direction.")
  var normalize = false

  @Option(help: ArgumentHelp("Seed of all that is random.", valueName: "number"))
  var seed: UInt64 = 1

  @Flag(help: "Replace a model that is there already.")
  var force = false

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  @OptionGroup(title: "Data") var corpus: CorpusArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if let cutoff, cutoff < 5 { throw ValidationError("--cutoff takes a number from 5 on") }
    if subDimensions < 1 { throw ValidationError("--sub-dimensions takes a number from 1 on") }
    if let epochs, !(1...1_000_000).contains(epochs) {
      throw ValidationError("--epochs takes a number from 1 to 1000000")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate takes a number above 0")
    }
    if retrain.isEmpty, epochs != nil || learningRate != nil {
      throw ValidationError("--epochs and --learning-rate are for --retrain DATA")
    }
  }

  func run() throws {
    compute.apply()
    switch try StoredModel(contentsOf: model) {
    case .bag(let bag): try quantize(bag)
    case .text(let model): try quantize(model)
    case .language(let model):
      try checkIsNetwork(hasTest: false)
      try model.write(to: output, replacing: force, precision: precision ?? .int8)
    case .image(let model):
      try checkIsNetwork(hasTest: false)
      try model.write(to: output, replacing: force, precision: precision ?? .int8)
    }
  }

  /// Refuses what is for bags.
  private func checkIsNetwork(hasTest: Bool = true) throws {
    if !hasTest, test != nil { throw ValidationError("--test is for models that label texts; see nlptool evaluate") }
    guard cutoff == nil, retrain.isEmpty, subDimensions == 2, !normalize else {
      throw ValidationError("--cutoff, --retrain, --sub-dimensions and --normalize are for models of train --model bag")
    }
  }

  private func quantize(_ model: TextModel) throws {
    try checkIsNetwork()
    try TextModel.checkWritable(to: output, replacing: force)
    let texts = try test.map { try LabelledTexts(paths: [$0], options: corpus.options(for: model.task)) }
    try model.write(to: output, replacing: force, precision: precision ?? .int8)
    guard let texts, !quiet else { return }
    var table = TextTable()
    let before = try model.evaluate(texts).evaluation.validation
    let after = try TextModel(contentsOf: output).evaluate(texts).evaluation.validation
    table.add("", before.metric.title, "loss")
    table.add("before", before.text, before.loss.fixed(4))
    table.add("after", after.text, after.loss.fixed(4))
    try StandardOutput.shared.write(table.text)
  }

  private func quantize(_ bag: BagClassifier) throws {
    guard precision == nil, test == nil else {
      throw ValidationError("--precision and --test are for networks; see nlptool evaluate")
    }
    try BagClassifier.checkWritable(to: output, replacing: force)
    var options = BagQuantizationOptions()
    options.cutoff = cutoff
    options.subDimensions = subDimensions
    options.normalizes = normalize
    options.epochs = epochs
    options.learningRate = learningRate
    options.seed = seed
    let console = TrainingConsole(isQuiet: quiet)
    let small = try bag.quantized(
      options, retraining: try collection(bag, LoadedModel.bag(bag).task, console),
      shouldStop: { Interrupt.isRequested },
      report: console.show)
    console.closeLine()
    try small.write(to: output, replacing: force)
    console.note("\(bag.rowCount) rows, \(bag.wordCount) words before; \(small.rowCount) and \(small.wordCount) now")
    console.note("The model is in \(output)")
  }

  private func collection(_ bag: BagClassifier, _ task: TextTask, _ console: TrainingConsole) throws -> TextCollection?
  {
    guard !retrain.isEmpty else { return nil }
    var collection = try TextCollection(tokenizer: bag.tokenizer)
    let guesses = try LabelledTexts.forEachRecord(of: retrain, options: corpus.options(for: task)) {
      collection.append($0.text, labels: $0.labels)
    }
    for guess in guesses { console.note(guess) }
    return collection
  }
}

extension WeightPrecision: ExpressibleByArgument {}
