import ArgumentParser
import BagModels
import Glibc
import TextModels

/// `nlptool info`
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the layers of a model or of an architecture, with shapes and parameter counts.",
    discussion: """
      An architecture is a name that --model of train takes; its sizes are given as there, and those of its vocabulary \
      and labels here.

      Examples:
        nlptool info model
        nlptool info bilstm --embedding-size 300 --hidden-size 256 --labels 2
        nlptool info cnn --embedding-size 300 --json
      """)

  @Argument(help: ArgumentHelp("Folder of a model, or an architecture.", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("Tokens of an architecture's vocabulary.", valueName: "number"))
  var vocabularySize = 30_000

  @Option(help: ArgumentHelp("Labels of an architecture.", valueName: "number"))
  var labels = 2

  @OptionGroup(title: "Network (of an architecture)") var sizes: NetworkSizeArguments

  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    if !(1...1 << 30).contains(vocabularySize) { throw ValidationError("--vocabulary-size takes a number from 1 on") }
    if !(1...1 << 20).contains(labels) { throw ValidationError("--labels takes a number from 1 to 1048576") }
    if let architecture = TextArchitecture(rawValue: model) { _ = try sizes.options(for: architecture) }
  }

  private struct Report: Encodable {
    struct Parameter: Encodable {
      let name: String
      let shape: [Int]
      let count: Int
    }

    let architecture: String?
    let parameters: Int
    let parametersWithoutEmbedding: Int
    let labels: [String]?
    let network: TextNetworkConfiguration
    let tensors: [Parameter]

    private enum CodingKeys: String, CodingKey {
      case architecture, parameters
      case parametersWithoutEmbedding = "parameters_without_embedding"
      case labels, network, tensors
    }
  }

  func run() throws {
    let network: TextNetwork
    let configuration: TextNetworkConfiguration
    var names: [String]?
    // A folder that is called like an architecture is given as a path: ./cnn
    let architecture = access(model, F_OK) == 0 && model.contains("/") ? nil : TextArchitecture(rawValue: model)
    if let architecture {
      configuration = TextNetworkConfiguration(
        vocabularySize: vocabularySize, outputSize: labels, options: try sizes.options(for: architecture))
      network = configuration.makeNetwork(random: nil)
    } else {
      switch try LoadedModel(contentsOf: model) {
      case .network(let model):
        (network, configuration, names) = (model.network, model.description.network, model.labels)
      case .bag(let bag):
        return try StandardOutput.shared.write(json ? encodedJSON(BagReport(bag), pretty: true) : BagReport(bag).text)
      }
    }
    let embedding = network.embedding.parameterCount
    if json {
      let report = Report(
        architecture: architecture?.rawValue, parameters: network.parameterCount,
        parametersWithoutEmbedding: network.parameterCount - embedding, labels: names, network: configuration,
        tensors: network.namedParameters.map {
          .init(name: $0.name, shape: $0.parameter.shape, count: $0.parameter.shape.reduce(1, *))
        })
      return try StandardOutput.shared.write(encodedJSON(report, pretty: true))
    }
    var table = TextTable()
    for (name, parameter) in network.namedParameters {
      table.add(name, parameter.shape.map(String.init).joined(separator: " × "), "\(parameter.shape.reduce(1, *))")
    }
    var text = "\(network.description)\n\n\(table.text)\n"
    text += "\(network.parameterCount) parameters, \(network.parameterCount - embedding) without the embedding\n"
    if let names, !names.isEmpty { text += "labels: \(names.joined(separator: ", "))\n" }
    try StandardOutput.shared.write(text)
  }
}

/// What there is to say of a bag.
private struct BagReport: Encodable {
  let architecture = "bag"
  let parameters: Int
  let words: Int
  let rows: Int
  let labels: [String]
  let options: BagClassifierOptions

  init(_ bag: BagClassifier) {
    parameters = bag.parameterCount
    (words, rows, labels, options) = (bag.wordCount, bag.rowCount, bag.labels, bag.options)
  }

  var text: String {
    """
    BagClassifier(\(options.loss.rawValue))
      rows: \(rows) × \(options.dimensions), \(words) of them for words
      output: \(labels.count) labels
    \(parameters) parameters
    labels: \(labels.joined(separator: ", "))

    """
  }
}
