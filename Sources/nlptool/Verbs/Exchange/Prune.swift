import ArgumentParser
import ImageModels
import ModelExchange
import TextModels
import Training

import func Glibc.pow

/// `nlptool prune`
struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Leave out the weights or the units of a network that matter least.",
    discussion: """
      Weights: the smallest become zero, which compresses well and costs little accuracy; the network keeps its shape. \
      Units (--units): filters of a cnn, hidden units of recurrent networks and of an mlp go altogether, so that the \
      network is smaller and faster; of images filters of lenet5, small-cnn, alexnet and vgg, and those inside of the \
      blocks of a resnet. With --data the network learns on between some steps, and weights that are zero \
      stay so. Validation texts or images are a tenth of the data, or what images set aside, as in training; --test \
      tells the accuracy at each share.

      Examples:
        nlptool prune model --share 0.8 --output sparse
        nlptool prune model --share 0.9 --data train.tsv --steps 4 --epochs 2 --test test.tsv --output sparse
        nlptool prune model --units --share 0.5 --data train.tsv --output small
        nlptool prune resnet20 --share 0.7 --data cifar10 --output sparse20
      """)

  @Argument(help: ArgumentHelp("Folder of the model.", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("Share of the weights or units that go, in [0, 1).", valueName: "share"))
  var share: Double

  @Flag(help: "Take whole units out in place of single weights.")
  var units = false

  @Option(help: "What a weight is compared with: all of the network, or those of its layer.")
  var scope = MagnitudePruning.Scope.global

  @Flag(help: "Prune the vectors of tokens too.")
  var embeddings = false

  @Option(
    help: ArgumentHelp(
      "Labelled texts to learn from again, which may be given several times; or a set of images.", valueName: "data"))
  var data: [String] = []

  @Option(help: ArgumentHelp("Steps on the way to the share, each with passes of its own.", valueName: "number"))
  var steps = 1

  @Option(help: ArgumentHelp("Passes over the data after each step, at most. (default: 2)", valueName: "number"))
  var epochs: Int?

  @Option(
    help: ArgumentHelp(
      "Size of a step of learning. (default: a third of the training's; for images from elsewhere that of train-image "
        + "--from)", valueName: "rate"))
  var learningRate: Float?

  @Option(help: ArgumentHelp("Texts or images to judge the model by, before and after.", valueName: "data"))
  var test: String?

  @Option(help: ArgumentHelp("Folder of the pruned model.", valueName: "folder"))
  var output: String

  @Flag(help: "Replace a model that is there already.")
  var force = false

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  @OptionGroup(title: "Data") var corpus: CorpusArguments
  @OptionGroup(title: "Images") var images: ImageSetArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if !(share >= 0 && share < 1) { throw ValidationError("--share takes a number of [0, 1)") }
    if !(1...100).contains(steps) { throw ValidationError("--steps takes a number from 1 to 100") }
    if let epochs, !(1...1_000_000).contains(epochs) {
      throw ValidationError("--epochs takes a number from 1 to 1000000")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate takes a number above 0")
    }
    if data.isEmpty, steps > 1 || epochs != nil || learningRate != nil {
      throw ValidationError("--steps, --epochs and --learning-rate are for --data: without it nothing is learnt")
    }
    if units, scope != .global || embeddings { throw ValidationError("--scope and --embeddings are for weights") }
  }

  func run() throws {
    compute.apply()
    switch try StoredModel(contentsOf: model) {
    case .text(let model): try prune(model)
    case .image(let model): try prune(model)
    case .language, .bag:
      throw CommandFailure(
        .content, "\(model): prune is for networks that classify texts or images; nlptool quantize makes others smaller"
      )
    }
  }

  static let usualEpochs = 2

  var magnitude: MagnitudePruning {
    MagnitudePruning(sparsity: share, scope: scope, includesEmbeddings: embeddings)
  }

  private func prune(_ original: TextModel) throws {
    try images.checkNone()
    try TextModel.checkWritable(to: output, replacing: force)
    let task = original.task
    let training = data.isEmpty ? nil : try LabelledTexts(paths: data, options: corpus.options(for: task))
    try training?.checkLabels(original.labels, task)
    let judged = try test.map { try LabelledTexts(paths: [$0], options: corpus.options(for: task)) }
    var table = PruningTable(pruning: magnitude)
    func add(_ stage: String, _ model: TextModel) throws {
      table.add(stage, model.network, try judged.map { try model.evaluate($0).evaluation.validation })
    }
    try add("before", original)
    var pruned = original
    var layers: [MagnitudePruning.LayerReport] = []
    for step in 1...steps {
      if units {
        // Equal shares of what is left, whose product is the share.
        let share = 1 - pow(1 - self.share, 1 / Double(steps))
        pruned = try StructuredPruning(share: share).pruned(pruned)
      } else {
        layers = magnitude.gradual(step: step, of: steps).apply(to: pruned.network)
      }
      try add(steps == 1 ? "pruned" : "pruned, step \(step)", pruned)
      if let training {
        pruned = try learn(training, from: pruned)
        try add("after learning", pruned)
      }
    }
    if !units { layers = magnitude.report(on: pruned.network) }
    try pruned.write(to: output, replacing: force)
    if !quiet {
      try StandardOutput.shared.write(table.text + "\n")
      try say(layers: layers)
    }
  }

  private func learn(_ texts: LabelledTexts, from start: TextModel) throws -> TextModel {
    var options = TextModelTrainingOptions()
    if let record = start.description.training {
      options.training = record.options
      options.head = record.head
    }
    options.training.epochs = epochs ?? Self.usualEpochs
    options.training.optimizer.learningRate = learningRate ?? options.training.optimizer.learningRate / 3
    options.training.optimizer.regularization.keepsZeros = !units
    let console = TrainingConsole(isQuiet: quiet)
    let outcome = try TextModelTraining(options, from: start).run(training: texts, report: console.show)
    console.closeLine()
    return outcome.model
  }

  /// A line for each layer, and one for all.
  func say(layers: [MagnitudePruning.LayerReport]) throws {
    guard !quiet, !layers.isEmpty else { return }
    var table = TextTable()
    table.add("weight", "weights", "zero", "share")
    func add(_ name: String, _ count: Int, _ zeros: Int) {
      table.add(name, "\(count)", "\(zeros)", "\((100 * Double(zeros) / Double(max(count, 1))).fixed(1)) %")
    }
    for layer in layers { add(layer.name, layer.count, layer.zeros) }
    add("together", layers.reduce(0) { $0 + $1.count }, layers.reduce(0) { $0 + $1.zeros })
    try StandardOutput.shared.write(table.text)
  }
}

extension LabelledTexts {
  /// Refuses labels that a model does not know: it would get a new output layer.
  fileprivate func checkLabels(_ known: [String], _ task: TextTask) throws(TextModelError) {
    guard task != .regression else { return }
    let names = Set(known)
    for example in examples {
      for label in example.labels where !names.contains(label) {
        throw .unknownLabel(label, source: example.source, line: example.line, known: known)
      }
    }
  }
}

extension MagnitudePruning.Scope: ExpressibleByArgument {}
