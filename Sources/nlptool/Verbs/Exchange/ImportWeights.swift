import ArgumentParser
import ImageData
import ImageModels
import ModelExchange
import TextProcessing

/// `nlptool import-weights`
struct ImportWeights: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a model of weights that were trained elsewhere.",
    discussion: """
      Reads a safetensors file with PyTorch's names, those of torchvision where it has the network, in F32, F16 or BF16, \
      and writes a model for predict, evaluate and train-image --from. The number of classes is that of the weights.

      Images are prepared as the published networks want them: of those below 100 pixels the size is changed, of others \
      the shorter side becomes 256 pixels and the middle 224 × 224 are cut out (of inception-v3 342 and 299); then the \
      mean and the deviation of ImageNet, of googlenet and inception-v3 0.5, or of MNIST for one channel, unless others \
      are given.

      With --like MODEL the weights take the place of those of a model of texts or images, whose network, labels, \
      vocabulary and settings stay: for weights that nlptool export wrote and PyTorch trained further.

      Examples:
        nlptool import-weights --architecture squeezenet1.1 --weights squeezenet1_1.safetensors \
      --labels synset_words.txt --output squeezenet
        nlptool import-weights --architecture resnet20-cifar --weights resnet20.safetensors --output resnet20
        nlptool import-weights --like model --weights tuned.safetensors --output tuned
      """)

  @Option(help: "Network that the weights are of. (default: the one that they fit)")
  var architecture: ImageArchitecture?

  @Option(help: ArgumentHelp("Folder of a model whose weights are replaced.", valueName: "model"))
  var like: String?

  @Option(help: ArgumentHelp("File of the weights.", valueName: "file"))
  var weights: String

  @Option(
    help: ArgumentHelp("Names of the classes, one a line, in their order. (default: their numbers)", valueName: "file"))
  var labels: String?

  @OptionGroup var pixels: NormalizationArguments

  @Option(help: ArgumentHelp("Folder of the model.", valueName: "folder"))
  var output = "model"

  @Flag(help: "Replace a model that is there already.")
  var force = false

  @Flag(name: .shortAndLong, help: "Say nothing.")
  var quiet = false

  func run() throws {
    try ImageModel.checkWritable(to: output, replacing: force)
    if let like { return try replaceWeights(of: like) }
    let weights = try ImageWeights(contentsOf: weights)
    let architecture = try architecture ?? weights.architecture()
    let preparation = try pixels.normalization().map { try architecture.preparation(normalization: $0) }
    let model = try weights.model(
      architecture, labels: try labels.map { (path) throws(CorpusError) in try readClassNames(path) },
      labelSource: labels ?? "labels", preparation: preparation)
    try model.write(to: output, replacing: force)
    if !quiet {
      StandardError.write(
        "\(output): \(architecture.rawValue), \(model.labels.count) classes, \(model.network.parameterCount) parameters\n"
      )
    }
  }

  private func replaceWeights(of path: String) throws {
    guard architecture == nil, labels == nil, try pixels.normalization() == nil else {
      throw ValidationError("--like says the network, its labels and the preparation already")
    }
    let model = try StoredModel(contentsOf: path)
    try model.takeWeights(from: weights)
    try model.write(to: output, replacing: force)
    if !quiet { StandardError.write("\(output): like \(path), with the weights of \(weights)\n") }
  }
}
