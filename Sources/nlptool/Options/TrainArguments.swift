import ArgumentParser
import BagModels
import TextModels
import TextProcessing

/// What `train` and `train-sentiment` have in common.
struct TrainArguments: ParsableArguments {
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

  @Flag(help: "Keep the model of the last epoch in place of the best one.")
  var keepLast = false

  @Option(
    help: ArgumentHelp(
      "Try models, sizes and rates for so many seconds, and keep what does best on the validation texts.",
      valueName: "seconds"))
  var autotune: Double?

  @Flag(help: "Print how the loss goes when the learning rate rises, and a rate to begin with; makes no model.")
  var findRate = false

  @OptionGroup(title: "Data") var corpus: CorpusArguments
  @OptionGroup(title: "Tokens") var tokenizer: TokenizerArguments

  @Flag(inversion: .prefixedNo, help: "Lower-case the tokens.")
  var lowercase = true

  @Option(
    help: ArgumentHelp("Tokens that occur less often are unknown. (default: 2, of a bag 1)", valueName: "number"))
  var minimumCount: Int?

  @Option(help: ArgumentHelp("Size of the vocabulary, at most. (default: 30000, of a bag any)", valueName: "number"))
  var vocabularySize: Int?

  @Option(
    help: ArgumentHelp(
      "Tokens of a text that are read: of longer ones the first and the last half of so many. (default: 400 for recurrent networks, 1014 for a charcnn, 4096 for others, all for a bag)",
      valueName: "number"))
  var maximumLength: Int?

  @Option(help: "Model. (default: cnn, or that of --from)")
  var model: ModelChoice?

  @OptionGroup(title: "Network") var sizes: NetworkSizeArguments
  @OptionGroup(title: "Bag") var bag: BagArguments
  @OptionGroup(title: "Vectors") var vectors: VectorArguments
  @OptionGroup(title: "Training") var loop: TrainingArguments
  @OptionGroup(title: "Training further") var fineTuning: FineTuningArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func validate() throws {
    if let folds, folds < 2 { throw ValidationError("--folds takes a number from 2 on") }
    let streams = data + [validation, test].compactMap { $0 }
    if streams.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input can be read only once") }
    let modes = [("--folds", folds != nil), ("--autotune", autotune != nil), ("--find-rate", findRate)]
    let given = modes.filter(\.1).map(\.0)
    if given.count > 1 { throw ValidationError("give \(given.joined(separator: " or ")), not both") }
    if let mode = given.first, resume { throw ValidationError("\(mode) keeps no checkpoint: leave out --resume") }
    if folds != nil, vectors.pretrain != nil {
      throw ValidationError("--pretrain would learn from the texts that are held out: leave out --folds")
    }
    if autotune != nil, model == nil {
      try sizes.checkNone("--autotune chooses sizes, or begins with those of a --model")
    }
    if folds != nil || findRate, test != nil || validation != nil {
      throw ValidationError("\(given[0]) takes the data alone: leave out --test and --validation")
    }
    if let autotune, !(autotune >= 1 && autotune <= 1e7) {
      throw ValidationError("--autotune takes a number of seconds from 1 on")
    }
    if let minimumCount, minimumCount < 1 { throw ValidationError("--minimum-count takes a number from 1 on") }
    if let vocabularySize, vocabularySize < 3 { throw ValidationError("--vocabulary-size takes a number from 3 on") }
    if let maximumLength, maximumLength < 1 { throw ValidationError("--maximum-length takes a number from 1 on") }
    switch model ?? .network(.cnn) {
    case .network(let architecture):
      if fineTuning.from != nil {
        if model != nil { throw ValidationError("--from has a model of its own: leave out --model") }
        try sizes.checkNone("--from has sizes of its own")
        try vectors.checkNone("--from has vectors of its own")
        try checkVocabularyOptions()
        if autotune != nil { throw ValidationError("--autotune begins with new weights: leave out --from") }
      }
      if let mode = sizes.embeddingMode, mode != .tuned, !vectors.areGiven {
        throw ValidationError("--embedding-mode \(mode.rawValue) needs --vectors or --pretrain")
      }
      if vectors.vectors != nil, sizes.embeddingSize != nil {
        throw ValidationError("--vectors has a size of its own: leave out --embedding-size")
      }
      try bag.checkNetwork()
      _ = try sizes.options(for: architecture)
      if fineTuning.from == nil, fineTuning.gradualUnfreezing {
        throw ValidationError("--gradual-unfreezing needs --from")
      }
    case .bag:
      _ = try bag.options(sizes, loop, minimumCount: minimumCount, isMultiLabel: false, isChosen: true)
      if keepLast { throw ValidationError("--keep-last is for networks: a bag has no best epoch") }
      try fineTuning.checkBag()
      try vectors.checkNone("--model bag has vectors of its own")
      if resume { throw ValidationError("a bag keeps no checkpoint: leave out --resume") }
      if findRate { throw ValidationError("--find-rate is for networks, not for --model bag") }
      if vocabularySize != nil || maximumLength != nil {
        throw ValidationError(
          "\(vocabularySize != nil ? "--vocabulary-size" : "--maximum-length") is for networks, not for --model bag")
      }
    }
  }

  /// Refuses options that make a vocabulary, where a model brings its own.
  private func checkVocabularyOptions() throws {
    let given: [(String, Bool)] = [
      ("--unit", tokenizer.unit != nil), ("--locale", tokenizer.locale != "en"),
      ("--normalize", tokenizer.normalize != nil), ("--skip", tokenizer.skip != nil), ("--no-lowercase", !lowercase),
      ("--minimum-count", minimumCount != nil), ("--vocabulary-size", vocabularySize != nil),
    ]
    if let name = given.first(where: \.1)?.0 {
      throw ValidationError("--from has a vocabulary of its own: leave out \(name)")
    }
  }

  /// How a network is trained.
  func networkOptions(_ head: TextHead) throws -> TextModelTrainingOptions {
    var options = TextModelTrainingOptions()
    if case .network(let architecture) = model ?? .network(.cnn) {
      options.network = try sizes.options(for: architecture)
    }
    options.training = loop.options
    options.training.keepsLast = keepLast
    options.head = head
    options.tokenizer = try tokenizer.settings(
      lowercase: lowercase, readsCharacters: options.network.encoder.readsCharacters)
    options.minimumCount = minimumCount ?? options.minimumCount
    options.maximumVocabulary = vocabularySize ?? options.maximumVocabulary
    options.maximumLength = maximumLength
    options.validationShare = loop.validationShare
    options.fineTuning = fineTuning.options
    return options
  }

  /// Runs what the arguments ask for.
  func run(task: TaskArguments) throws {
    compute.apply()
    let head = try task.head(loop)
    // What would end hours of work later is asked now.
    let makesModel = folds == nil && !findRate
    let keepsCheckpoint = makesModel && autotune == nil && model != .bag
    let checkpoint =
      keepsCheckpoint ? try CheckpointFile(ofModel: output, resume: resume, force: force) : nil
    if makesModel {
      try TextModel.checkWritable(to: output, replacing: force || checkpoint?.isResuming == true)
    }
    if let report { try checkWritable(report) }
    for path in [validation, test, vectors.vectors].compactMap({ $0 }) { try checkReadable(path) }
    let job = TrainingJob(arguments: self, task: head.task, console: TrainingConsole(isQuiet: quiet))
    Interrupt.watch()
    switch (model ?? .network(.cnn), autotune) {
    case (_, let seconds?): try job.autotune(seconds: seconds, head: head)
    case (.bag, nil):
      if head.task == .regression { throw ValidationError("--regression is for networks, not for --model bag") }
      if task.threshold != nil {
        throw ValidationError("--threshold is for networks; with a bag give it to predict")
      }
      let options = try bag.options(
        sizes, loop, minimumCount: minimumCount, isMultiLabel: head.task == .multiLabel,
        isChosen: true)
      try job.trainBag(options)
    case (.network, nil):
      let options = try networkOptions(head)
      let start = try fineTuning.from.map { try TextModel(contentsOf: $0) }
      if let folds {
        try job.crossValidateNetwork(options, from: start, folds: folds)
      } else if let checkpoint {
        try job.trainNetwork(options, from: start, checkpoint: checkpoint)
      } else {
        try job.findRate(options, from: start)
      }
    }
  }
}
