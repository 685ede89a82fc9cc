import ArgumentParser
import Glibc
import ImageData
import ImageModels
import Training

/// `nlptool train-image`
struct TrainImage: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a network on labelled images, new or from weights that are there.",
    discussion: """
      Reads a folder with one sub-folder a class (or such folders under train, val and test), a CSV of paths and labels, \
      or IDX or CIFAR files; trains, keeps the model that does best on validation images (a tenth of the data, unless \
      there are others), and writes it as a folder. Images are decoded while the batch before is trained on. Ctrl-C ends \
      training; the best model so far is kept.

      Transfer: --from with --freeze features trains the head alone. The features of all images are computed once and \
      kept then, so that an epoch takes seconds; images do not change at random meanwhile, unless --augment asks for it. \
      Then train everything at a lower rate: --unfreeze-after, or a second run --from the first model.

      --from also takes an ONNX file of any program that reads images: what its last layer sees are the features, or \
      the value that --features names, and a linear head learns from them. The result is an ONNX file with the new head, \
      for predict, evaluate and other programs.

      Defaults that usually do well: sgd with momentum 0.9, weight decay 0.0005 and a rate that rises and falls once.

      Examples:
        nlptool train-image mnist --architecture small-cnn --output digits
        nlptool train-image cifar10 --architecture resnet20-cifar --epochs 30 --cutout 8
        nlptool train-image flowers --from squeezenet1_1.safetensors --architecture squeezenet1.1 \
      --freeze features --output flowers-model
        nlptool train-image flowers --from flowers-model --learning-rate 0.001 --output tuned
        nlptool train-image data --from net.onnx --freeze features --output new.onnx
      """)

  @Argument(help: ArgumentHelp("Labelled images.", valueName: "data"))
  var data: String

  @Option(help: "Network. (default: that of --from)")
  var architecture: ImageArchitecture?

  @Option(
    help: ArgumentHelp(
      "Images to judge the epochs by. (default: those that the data set aside, or a tenth)", valueName: "data"))
  var validation: String?

  @Option(
    help: ArgumentHelp(
      "Images to judge the finished model by. (default: those that the data set aside)", valueName: "data"))
  var test: String?

  @Option(help: ArgumentHelp("Folder of the model; a file with --from an ONNX file.", valueName: "path"))
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

  @OptionGroup(title: "Data") var reading: ImageReadingArguments
  @OptionGroup(title: "Changes of images") var augmentation: AugmentationArguments
  @OptionGroup(title: "Training") var loop: ImageTrainingArguments
  @OptionGroup(title: "Training further") var transfer: TransferArguments
  @OptionGroup(title: "ONNX files") var onnx: ONNXImageArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func validate() throws {
    if architecture == nil, transfer.from == nil {
      throw ValidationError("give an --architecture, or weights to --from")
    }
    if transfer.from == nil, !transfer.freeze.isEmpty { throw ValidationError("--freeze needs --from") }
    if !(transfer.from.map(isONNX) ?? false), transfer.features != nil || onnx.isGiven {
      throw ValidationError("--features, --image-size, --mean and --deviation are for an ONNX file --from")
    }
  }

  func run() throws {
    compute.apply()
    if let from = transfer.from, isONNX(from) {
      for path in [validation, test].compactMap({ $0 }) { try checkReadable(path) }
      return try HeadTrainingJob(
        arguments: self, trunkPath: from, console: TrainingConsole(isQuiet: quiet, unit: "images")
      ).run()
    }
    let checkpoint = try CheckpointFile(ofModel: output, resume: resume, force: force)
    try ImageModel.checkWritable(to: output, replacing: force || checkpoint.isResuming)
    if let report { try checkWritable(report) }
    for path in [validation, test].compactMap({ $0 }) { try checkReadable(path) }
    let start = try transfer.from.map { try startingPoint($0) }
    let job = ImageTrainingJob(
      arguments: self, options: try options(start), start: start?.start, checkpoint: checkpoint,
      console: TrainingConsole(isQuiet: quiet, unit: "images"))
    try job.run()
  }

  private func startingPoint(
    _ path: String
  ) throws -> (start: ImageTraining.Start, architecture: ImageArchitecture) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      let model = try ImageModel(contentsOf: path)
      if let architecture, architecture != model.architecture {
        throw CommandFailure(
          .content, "\(path): a model of \(model.architecture.rawValue); leave out --architecture or name that one")
      }
      return (.model(model), model.architecture)
    }
    let weights = try ImageWeights(contentsOf: path)
    return (.weights(weights), try architecture ?? weights.architecture())
  }

  private func options(
    _ start: (start: ImageTraining.Start, architecture: ImageArchitecture)?
  ) throws -> ImageTrainingOptions {
    guard let architecture = start?.architecture ?? architecture else {
      throw ValidationError("give an --architecture, or weights to --from")
    }
    var options = ImageTrainingOptions(architecture)
    loop.apply(to: &options, isTransfer: start != nil)
    transfer.apply(to: &options)
    options.augmentation = augmentation.augmentation(for: architecture)
    // Whether or not the features have room in memory.
    if transfer.freeze.contains("features"), transfer.unfreezeAfter == nil, !augmentation.isGiven {
      options.augmentation = .none
    }
    options.cachesFeatures = transfer.featureMemory > 0 && (!augmentation.isGiven || transfer.unfreezeAfter != nil)
    options.training.keepsLast = keepLast
    options.skipsBad = reading.skipBad
    return options
  }
}

/// How labelled images are read.
struct ImageReadingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Column of a table that holds paths. (default: path, file, …)", valueName: "name"))
  var pathColumn: String?

  @Option(help: ArgumentHelp("Column of a table that holds labels. (default: label, class, …)", valueName: "name"))
  var labelColumn: String?

  @Flag(help: "Leave damaged images out and count them, where otherwise the first ends the command.")
  var skipBad = false

  func options(classNames: [String]? = nil) -> ImageDataOptions {
    ImageDataOptions(classNames: classNames, pathColumn: pathColumn, labelColumn: labelColumn, skipBad: skipBad)
  }
}
