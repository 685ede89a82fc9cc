import ArgumentParser
import ImageData
import ImageModels
import TextProcessing

/// `nlptool import-weights`
struct ImportWeights: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make an image model of weights that were trained elsewhere.",
    discussion: """
      Reads a safetensors file with PyTorch's names, those of torchvision where it has the network, in F32, F16 or BF16, \
      and writes a model for predict, evaluate and train-image --from. The number of classes is that of the weights.

      Images are prepared as the published networks want them: of those below 100 pixels the size is changed, of others \
      the shorter side becomes 256 pixels and the middle 224 × 224 are cut out; then the mean and the deviation of \
      ImageNet, or of MNIST for one channel, unless others are given.

      Examples:
        nlptool import-weights --architecture squeezenet1.1 --weights squeezenet1_1.safetensors \
      --labels synset_words.txt --output squeezenet
        nlptool import-weights --architecture resnet20-cifar --weights resnet20.safetensors --output resnet20
      """)

  @Option(help: "Network that the weights are of. (default: the one that they fit)")
  var architecture: ImageArchitecture?

  @Option(help: ArgumentHelp("File of the weights.", valueName: "file"))
  var weights: String

  @Option(
    help: ArgumentHelp("Names of the classes, one a line, in their order. (default: their numbers)", valueName: "file"))
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "Mean of each channel of pixels / 255, with commas between. (default: that of ImageNet or MNIST)",
      valueName: "numbers"))
  var mean: String?

  @Option(
    help: ArgumentHelp("Deviation of each channel. (default: that of ImageNet or MNIST)", valueName: "numbers"))
  var deviation: String?

  @Option(help: ArgumentHelp("Folder of the model.", valueName: "folder"))
  var output = "model"

  @Flag(help: "Replace a model that is there already.")
  var force = false

  @Flag(name: .shortAndLong, help: "Say nothing.")
  var quiet = false

  func validate() throws {
    _ = try normalization()
  }

  /// The normalisation that is given, if one is.
  private func normalization() throws -> PixelNormalization? {
    guard let mean, let deviation else {
      if mean != nil || deviation != nil { throw ValidationError("give both --mean and --deviation") }
      return nil
    }
    func numbers(_ name: String, _ text: String) throws -> [Float] {
      try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let number = Float(part.filter { $0 != " " }) else {
          throw ValidationError("\(name): \"\(part)\" is no number")
        }
        return number
      }
    }
    do {
      return try PixelNormalization(mean: numbers("--mean", mean), deviation: numbers("--deviation", deviation))
    } catch let error as ImageError {
      throw ValidationError("\(error)")
    }
  }

  func run() throws {
    try ImageModel.checkWritable(to: output, replacing: force)
    let weights = try ImageWeights(contentsOf: weights)
    let architecture = try architecture ?? weights.architecture()
    let preparation = try normalization().map { try architecture.preparation(normalization: $0) }
    let model = try weights.model(
      architecture, labels: try labels.map(readLabels), labelSource: labels ?? "labels", preparation: preparation)
    try model.write(to: output, replacing: force)
    if !quiet {
      StandardError.write(
        "\(output): \(architecture.rawValue), \(model.labels.count) classes, \(model.network.parameterCount) parameters\n"
      )
    }
  }

  /// One name a line; an empty line at the end is none.
  private func readLabels(_ path: String) throws -> [String] {
    let reader = try LineReader(path: path)
    var names: [String] = []
    while try reader.advance() { names.append(try reader.lineText()) }
    while names.last?.isEmpty == true { names.removeLast() }
    return names
  }
}
