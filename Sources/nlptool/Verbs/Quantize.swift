import ArgumentParser
import BagModels
import ImageData
import ImageModels
import ModelExchange
import ModelFiles
import Tensors
import TextModels

/// `nlptool quantize`
struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a model small: fewer bytes for a number, and of a bag fewer rows.",
    discussion: """
      Networks: their weights are stored as --precision says, in a byte each with a scale for each row unless it says \
      otherwise. Embeddings, recurrent and linear layers and text convolutions compute with bytes, and round what these are \
      multiplied with to 256 steps of its own range. Convolutions of images do so once --calibrate has shown them what they \
      see. With --test the model is judged before and after: size, quality, and the time for one text or image.

      Models of train --model bag: rows are rounded part by part to the nearest of 256 that are learnt from them; \
      with --cutoff the rows of the largest norms stay, words and n-grams alike; with --retrain those that stay learn \
      from labelled texts again before they are rounded, and the output layer afterwards. The result is a model like any \
      other, but that it cannot be quantised again. Retraining on other texts than those of the training is possible.

      Examples:
        nlptool quantize model --output small --test test.tsv
        nlptool quantize resnet --precision float16 --output small
        nlptool quantize resnet20 --calibrate cifar10/train --test cifar10/test --output small
        nlptool quantize bag --cutoff 20000 --normalize --retrain train.tsv --output small
      """)

  @Argument(help: ArgumentHelp("Folder of the model.", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("Folder of the small model.", valueName: "folder"))
  var output: String

  @Option(help: "Numbers of a network's weights in the file. (default: int8)")
  var precision: WeightPrecision?

  @Option(help: ArgumentHelp("Labelled texts or images to judge a network by, before and after.", valueName: "data"))
  var test: String?

  @Option(
    help: ArgumentHelp(
      "Images of which a network learns the range of what each convolution and linear layer sees; labels are not read.",
      valueName: "images"))
  var calibrate: String?

  @Option(help: ArgumentHelp("Of these so many are looked at, in whole batches of 8.", valueName: "number"))
  var calibrationImages = CalibrationOptions().images

  @Option(
    help: ArgumentHelp(
      "Share of what a layer sees that may lie beyond the range, the largest and smallest numbers.", valueName: "share")
  )
  var calibrationCut = CalibrationOptions().cutShare

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
  @OptionGroup(title: "Images") var images: ImageSetArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if calibrationImages < 1 { throw ValidationError("--calibration-images takes a number from 1 on") }
    if !(0..<1).contains(calibrationCut) {
      throw ValidationError("--calibration-cut takes a number from 0 on, below 1")
    }
    if calibrate == nil,
      calibrationImages != CalibrationOptions().images || calibrationCut != CalibrationOptions().cutShare
    {
      throw ValidationError("--calibration-images and --calibration-cut are for --calibrate IMAGES")
    }
    if calibrate != nil, let precision, precision != .int8 {
      throw ValidationError("--calibrate is for --precision int8")
    }
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
    case .image(let model): try quantize(model)
    }
  }

  /// Refuses what is for bags.
  private func checkIsNetwork(hasTest: Bool = true, isOfImages: Bool = false) throws {
    if !isOfImages {
      if calibrate != nil { throw ValidationError("--calibrate is for models of images") }
      try images.checkNone()
    }
    if !hasTest, test != nil {
      throw ValidationError("--test is for models that label texts or images; see nlptool evaluate")
    }
    guard cutoff == nil, retrain.isEmpty, subDimensions == 2, !normalize else {
      throw ValidationError("--cutoff, --retrain, --sub-dimensions and --normalize are for models of train --model bag")
    }
  }

  private func quantize(_ model: TextModel) throws {
    try checkIsNetwork()
    try TextModel.checkWritable(to: output, replacing: force)
    let texts = try test.map { try LabelledTexts(paths: [$0], options: corpus.options(for: model.task)) }
    func write() throws { try model.write(to: output, replacing: force, precision: precision ?? .int8) }
    guard let texts, !quiet else { return try write() }
    let examples = texts.examples.map(\.text)
    func side(_ model: TextModel, _ folder: String) throws -> ModelComparison.Side {
      try ModelComparison.Side(
        folder: folder, validation: try model.evaluate(texts).evaluation.validation,
        compute: { _ = model.logits([examples[$0]]) })
    }
    // Nothing is written where the texts cannot be judged.
    let before = try side(model, self.model)
    try write()
    try StandardOutput.shared.write(
      ModelComparison(
        example: "a text", exampleCount: examples.count, before: before,
        after: side(TextModel(contentsOf: output), output)
      ).text())
  }

  private func quantize(_ model: ImageModel) throws {
    try checkIsNetwork(isOfImages: true)
    try ImageModel.checkWritable(to: output, replacing: force)
    let reading = images.options(labelColumn: corpus.labelColumn)
    let tests = try test.map { try model.labelledImages(at: $0, reading: reading) }
    var calibration: Calibration?
    if let calibrate {
      var options = CalibrationOptions()
      options.images = calibrationImages
      options.cutShare = calibrationCut
      options.skipBad = images.skipBad
      let found = try model.calibration(on: ImageCollection.images(at: calibrate, skipBad: images.skipBad), options)
      if !quiet { StandardError.write("\(found.inputRanges.count) layers have seen \(found.imageCount) images\n") }
      calibration = found
    }
    func write() throws {
      try model.write(to: output, replacing: force, precision: precision ?? .int8, calibration: calibration)
    }
    guard let tests, !quiet else { return try write() }
    // Decoded before, so that the network alone is timed.
    let examples = try examples(of: tests, for: model)
    var skipped = SkippedImages()
    func side(_ model: ImageModel, _ folder: String) throws -> ModelComparison.Side {
      let (evaluation, damaged) = try model.evaluate(tests, skipBad: images.skipBad)
      skipped = damaged
      return try ModelComparison.Side(
        folder: folder, validation: evaluation.validation, compute: { _ = model.logits(examples[$0]) })
    }
    let before = try side(model, self.model)
    try write()
    skipped.add(tests.leftOut)
    skipped.say()
    try StandardOutput.shared.write(
      ModelComparison(
        example: "an image", exampleCount: examples.count, before: before,
        after: side(ImageModel(contentsOf: output), output)
      ).text())
  }

  /// Up to 64 images from all over a set, as the network takes them. Damaged ones are passed over where that is asked for; where
  /// all are, the first says why.
  private func examples(of tests: any ImageDataSet, for model: ImageModel) throws -> [Tensor] {
    let most = 64
    let step = max(1, tests.count / most)
    var examples: [Tensor] = []
    var failure: (any Error)?
    for start in 0..<step where examples.count < most {
      for index in stride(from: start, to: tests.count, by: step) where examples.count < most {
        do { examples.append(try model.preparedImage(tests.image(at: index))) } catch {
          guard images.skipBad else { throw error }
          failure = failure ?? error
        }
      }
    }
    if examples.isEmpty, let failure { throw failure }
    return examples
  }

  private func quantize(_ bag: BagClassifier) throws {
    guard precision == nil, test == nil, calibrate == nil else {
      throw ValidationError("--precision, --calibrate and --test are for networks; see nlptool evaluate")
    }
    try images.checkNone()
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
