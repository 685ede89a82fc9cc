import ArgumentParser
import BagModels
import Glibc
import ImageModels
import ModelBundles
import ModelExchange
import NeuralNetworks
import Tensors
import TextModels

/// `nlptool info`
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the layers of a model or of an architecture, with shapes and parameter counts.",
    discussion: """
      An architecture is a name that --model of train takes; its sizes are given as there, and those of its vocabulary \
      and labels here. Networks for images have torchvision's names with a dash: lenet5, small-cnn, resnet50, \
      vgg16-bn, squeezenet1.1, inception-v3, … Models of fastText are files, .bin or .ftz. Of an ONNX file inputs, \
      outputs, operators and metadata are listed, whether or not nlptool can run it.

      Examples:
        nlptool info model
        nlptool info bilstm --embedding-size 300 --hidden-size 256 --labels 2
        nlptool info cnn --embedding-size 300 --json
        nlptool info resnet18 --classes 10
        nlptool info lid.176.ftz
        nlptool info model.onnx
      """)

  @Argument(
    help: ArgumentHelp("Folder of a model, a file of fastText or ONNX, or an architecture.", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("Tokens of an architecture's vocabulary.", valueName: "number"))
  var vocabularySize = 30_000

  @Option(help: ArgumentHelp("Labels of an architecture.", valueName: "number"))
  var labels = 2

  @Option(
    help: ArgumentHelp(
      "Classes of a network for images. (default: those that it was published with)", valueName: "number"))
  var classes: Int?

  @Flag(help: "Of googlenet, googlenet-paper and inception-v3 with the auxiliary heads that share in training.")
  var auxiliaryHeads = false

  @OptionGroup(title: "Network (of an architecture)") var sizes: NetworkSizeArguments

  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    if !(1...1 << 30).contains(vocabularySize) { throw ValidationError("--vocabulary-size takes a number from 1 on") }
    if !(1...1 << 20).contains(labels) { throw ValidationError("--labels takes a number from 1 to 1048576") }
    if let classes, !(1...1 << 20).contains(classes) {
      throw ValidationError("--classes takes a number from 1 to 1048576")
    }
    if let architecture = TextArchitecture(rawValue: model) { _ = try sizes.options(for: architecture) }
  }

  func run() throws {
    // A folder that is called like an architecture is given as a path: ./cnn
    let isPath = access(model, F_OK) == 0 && model.contains("/")
    if !isPath, let architecture = TextArchitecture(rawValue: model) {
      let configuration = TextNetworkConfiguration(
        vocabularySize: vocabularySize, outputSize: labels, options: try sizes.options(for: architecture))
      let network = configuration.makeNetwork(random: nil)
      return try write(NetworkReport(network, network.embedding, configuration, architecture: architecture))
    }
    if !isPath, let architecture = ImageArchitecture(rawValue: model) {
      try sizes.checkNone("a network for images has sizes of its own")
      guard !auxiliaryHeads || architecture.mayHaveAuxiliaryHeads else {
        throw ValidationError("\(architecture.rawValue) has no auxiliary heads")
      }
      let network = architecture.makeNetwork(
        classes: classes ?? architecture.usualClasses, hasAuxiliaryHeads: auxiliaryHeads, random: nil)
      return try write(ImageNetworkReport(network, architecture))
    }
    if classes != nil || auxiliaryHeads {
      throw ValidationError(
        "--classes and --auxiliary-heads are for architectures of images; a model has classes of its own")
    }
    try sizes.checkNone("a model has sizes of its own")
    if isONNX(model) { return try write(ONNXReport(ONNXSummary(contentsOf: model))) }
    if isFastText(model) { return try write(FastTextReport(FastTextModel(contentsOf: model))) }
    switch try ModelBundle.task(in: model) {
    case LanguageModelDescription.taskName:
      let model = try LanguageModel(contentsOf: model)
      try write(NetworkReport(model.network, model.network.embedding, model.description.network))
    case ImageModelDescription.taskName:
      let model = try ImageModel(contentsOf: model)
      try write(ImageNetworkReport(model.network, model.architecture, labels: model.labels))
    case WordVectors.task:
      try write(VectorReport(WordVectors(contentsOf: model)))
    default:
      switch try LoadedModel(contentsOf: model) {
      case .network(let model):
        try write(
          NetworkReport(model.network, model.network.embedding, model.description.network, labels: model.labels))
      case .bag(let bag): try write(BagReport(bag))
      case .fastText(let classifier): try write(FastTextReport(classifier.model))
      // A folder is none.
      case .onnx: break
      }
    }
  }

  private func write(_ report: some InfoReport) throws {
    try StandardOutput.shared.write(json ? encodedJSON(report, pretty: true) : report.text)
  }
}

/// What `info` says, as JSON or as text.
protocol InfoReport: Encodable {
  var text: String { get }
}

/// A parameter or a statistic as `info` lists it.
struct TensorReport: Encodable {
  let name: String
  let shape: [Int]
  let count: Int
  /// How its numbers are stored, where that is not Float32.
  let type: String?

  init(_ name: String, _ shape: [Int], type: String? = nil) {
    (self.name, self.shape, self.type) = (name, shape, type)
    count = shape.reduce(1, *)
  }

  init(_ name: String, _ parameter: Parameter) {
    self.init(name, parameter.shape, type: parameter.loadedBytes == nil ? nil : "int8")
  }

  /// A line for each.
  static func table(_ tensors: [TensorReport]) -> String {
    var table = TextTable()
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: " × ")
      table.add(cells: [tensor.name, shape, "\(tensor.count)"] + (tensor.type.map { [$0] } ?? []))
    }
    return table.text
  }
}

/// What there is to say of a network.
private struct NetworkReport<Options: Encodable>: InfoReport {
  private let architecture: String?
  private let parameters: Int
  private let parametersWithoutEmbedding: Int
  private let labels: [String]?
  private let network: Options
  private let tensors: [TensorReport]
  private let tree: String

  private enum CodingKeys: String, CodingKey {
    case architecture, parameters
    case parametersWithoutEmbedding = "parameters_without_embedding"
    case labels, network, tensors
  }

  init(
    _ module: some Module, _ embedding: some Module, _ network: Options, architecture: TextArchitecture? = nil,
    labels: [String]? = nil
  ) {
    self.architecture = architecture?.rawValue
    self.labels = labels
    self.network = network
    parameters = module.parameterCount
    parametersWithoutEmbedding = parameters - embedding.parameterCount
    tensors = module.namedParameters.map { TensorReport($0.name, $0.parameter) }
    tree = module.description
  }

  var text: String {
    var text = "\(tree)\n\n\(TensorReport.table(tensors))\n"
    text += "\(parameters) parameters, \(parametersWithoutEmbedding) without the embedding\n"
    if let labels, !labels.isEmpty { text += "labels: \(labels.joined(separator: ", "))\n" }
    return text
  }
}

/// What there is to say of word vectors.
private struct VectorReport: InfoReport {
  let words: Int
  let dimensions: Int
  let options: WordVectorOptions?

  init(_ vectors: WordVectors) {
    (words, dimensions, options) = (vectors.wordCount, vectors.dimensions, vectors.options)
  }

  var text: String {
    let subwords = options?.characterNgrams.map { ", character n-grams of \($0.lowerBound) to \($0.upperBound)" } ?? ""
    return "WordVectors: \(words) words × \(dimensions)\(subwords)\n"
  }
}

/// What there is to say of a bag.
private struct BagReport: InfoReport {
  let architecture = "bag"
  let parameters: Int
  let words: Int
  let rows: Int
  let labels: [String]
  let quantized: Bool
  let options: BagClassifierOptions

  init(_ bag: BagClassifier) {
    (parameters, quantized) = (bag.parameterCount, bag.isQuantized)
    (words, rows, labels, options) = (bag.wordCount, bag.rowCount, bag.labels, bag.options)
  }

  var text: String {
    """
    BagClassifier(\(options.loss.rawValue))
      rows: \(rows) × \(options.dimensions)\(quantized ? ", quantised" : ""), \(words) of them for words
      output: \(labels.count) labels
    \(parameters) parameters
    labels: \(labels.joined(separator: ", "))

    """
  }
}

/// What there is to say of a model of fastText.
private struct FastTextReport: InfoReport {
  let architecture = "fasttext"
  let version: Int
  let words: Int
  let rows: Int
  let quantized: Bool
  let labels: [String]
  let settings: FastTextSettings

  init(_ model: FastTextModel) {
    (version, words, rows) = (model.version, model.wordCount, model.rowCount)
    (quantized, labels, settings) = (model.isQuantized, model.labels, model.settings)
  }

  var text: String {
    let lengths = "\(settings.shortestCharacterNgram) to \(settings.longestCharacterNgram)"
    let subwords = settings.longestCharacterNgram > 0 ? ", character n-grams of \(lengths)" : ""
    let ngrams = settings.wordNgrams > 1 ? ", n-grams of up to \(settings.wordNgrams) words" : ""
    var text = """
      fastText(\(settings.kind.rawValue), \(settings.loss.rawValue)), version \(version)
        rows: \(rows) × \(settings.dimensions)\(quantized ? ", quantised" : ""), \(words) of them for words\(ngrams)\(subwords)

      """
    if !labels.isEmpty {
      text += "  output: \(labels.count) labels\nlabels: \(labels.joined(separator: ", "))\n"
    }
    return text
  }
}
