import ArgumentParser
import TextModels

extension TextArchitecture: ExpressibleByArgument {}
extension SequencePooling: ExpressibleByArgument {}
extension EmbeddingOptions.Channels: ExpressibleByArgument {}

/// What `--model` takes: a network, or fastText's classifier.
enum ModelChoice: Hashable, ExpressibleByArgument, CaseIterable {
  case bag
  case network(TextArchitecture)

  static let allCases = [ModelChoice.bag] + TextArchitecture.allCases.map(ModelChoice.network)

  init?(argument: String) {
    guard let found = Self.allCases.first(where: { $0.defaultValueDescription == argument }) else { return nil }
    self = found
  }

  var defaultValueDescription: String {
    switch self {
    case .bag: "bag"
    case .network(let architecture): architecture.rawValue
    }
  }

  static var allValueStrings: [String] { allCases.map(\.defaultValueDescription) }
}

/// The sizes of a network. What does not fit the model is refused, not ignored.
struct NetworkSizeArguments: ParsableArguments {
  private static let convolution = ConvolutionOptions()
  private static let recurrent = RecurrentOptions(.lstm, isBidirectional: false)
  private static let embedding = EmbeddingOptions()

  @Option(help: ArgumentHelp("Numbers for each token. (default: \(embedding.size), of a bag 100)", valueName: "number"))
  var embeddingSize: Int?

  @Option(
    help: ArgumentHelp(
      "Vectors that training changes, ones that stay, or both side by side (Kim 2014). (default: tuned)",
      valueName: "mode"))
  var embeddingMode: EmbeddingOptions.Channels?

  @Option(
    help: ArgumentHelp(
      "Hidden units of a recurrent network or rcnn, for each direction (default: \(recurrent.hiddenSize)), or of a "
        + "charcnn (default: 1024).",
      valueName: "number"))
  var hiddenSize: Int?

  @Option(help: ArgumentHelp("Recurrent layers. (default: 1)", valueName: "number"))
  var layers: Int?

  @Option(help: "Pooling of a recurrent network over time. (default: \(recurrent.pooling.rawValue))")
  var pooling: SequencePooling?

  @Option(
    help: ArgumentHelp(
      "Filters of each width of a cnn (default: \(convolution.filterCount)), or of each layer of a dpcnn (250) or charcnn "
        + "(256).", valueName: "number"))
  var filters: Int?

  @Option(
    help: ArgumentHelp(
      "Widths of the filters of a cnn in tokens. "
        + "(default: \(convolution.filterWidths.map(String.init).joined(separator: ",")))",
      valueName: "numbers"))
  var filterWidths: String?

  @Option(help: ArgumentHelp("Blocks of a dpcnn behind the first one. (default: 4)", valueName: "number"))
  var blocks: Int?

  @Option(
    help: ArgumentHelp(
      "Units of the hidden layers of an mlp; 0 for none. (default: 128)", valueName: "numbers"))
  var hiddenSizes: String?

  @Option(help: ArgumentHelp("Dropout before the output, in [0, 1). (default: 0.5)", valueName: "rate"))
  var dropout: Float?

  @Option(
    help: ArgumentHelp(
      "Dropout of the embeddings, the same numbers of a word wherever it stands in a batch, in [0, 1). "
        + "(default: 0.3 for recurrent networks, 0 for others)", valueName: "rate"))
  var embeddingDropout: Float?

  @Option(
    help: ArgumentHelp(
      "Share of the tokens, or of a bag's features, that training hides, in [0, 1). (default: 0)", valueName: "rate"))
  var wordDropout: Float?

  @Option(
    help: ArgumentHelp(
      "Dropout between recurrent layers, in [0, 1). (default: \(recurrent.layerDropout))", valueName: "rate"))
  var layerDropout: Float?

  @Flag(help: "Dropout between recurrent layers drops the same outputs at all tokens of a text.")
  var lockedDropout = false

  @Option(
    help: ArgumentHelp("Dropout of the recurrent weights, in [0, 1). (default: 0)", valueName: "rate"))
  var weightDropout: Float?

  func validate() throws {
    _ = try numbers(filterWidths, "--filter-widths", 1...256)
    _ = try numbers(hiddenSizes, "--hidden-sizes", 0...65_536)
    for (name, value, most) in [
      ("--embedding-size", embeddingSize, 16_384), ("--hidden-size", hiddenSize, 16_384), ("--layers", layers, 64),
      ("--filters", filters, 65_536), ("--blocks", blocks, 32),
    ] {
      if let value, !(1...most).contains(value) { throw ValidationError("\(name) takes a number from 1 to \(most)") }
    }
    for (name, value) in [
      ("--dropout", dropout), ("--embedding-dropout", embeddingDropout), ("--word-dropout", wordDropout),
      ("--layer-dropout", layerDropout), ("--weight-dropout", weightDropout),
    ] {
      if let value, !(value >= 0 && value < 1) { throw ValidationError("\(name) takes a number of [0, 1)") }
    }
  }

  /// Refuses what a bag has no use for; the size of its vectors is that of the embedding.
  func checkBag() throws {
    for name in given where name != "--embedding-size" && name != "--word-dropout" {
      throw ValidationError("\(name) is for networks, not for --model bag")
    }
  }

  /// Refuses all of them.
  func checkNone(_ reason: String) throws {
    if let name = given.first { throw ValidationError("\(reason): leave out \(name)") }
  }

  private var given: [String] {
    let options: [(String, Bool)] = [
      ("--embedding-size", embeddingSize != nil), ("--embedding-mode", embeddingMode != nil),
      ("--hidden-size", hiddenSize != nil), ("--layers", layers != nil), ("--pooling", pooling != nil),
      ("--filters", filters != nil), ("--filter-widths", filterWidths != nil),
      ("--blocks", blocks != nil), ("--hidden-sizes", hiddenSizes != nil), ("--dropout", dropout != nil),
      ("--embedding-dropout", embeddingDropout != nil), ("--word-dropout", wordDropout != nil),
      ("--layer-dropout", layerDropout != nil), ("--locked-dropout", lockedDropout),
      ("--weight-dropout", weightDropout != nil),
    ]
    return options.filter(\.1).map(\.0)
  }

  private static let recurrentModels: Set<TextArchitecture> = [.rnn, .birnn, .gru, .bigru, .lstm, .bilstm]

  private func checkConflicts(_ model: TextArchitecture) throws {
    let recurrent = Self.recurrentModels
    let given: [(String, Bool, Set<TextArchitecture>)] = [
      ("--hidden-size", hiddenSize != nil, recurrent.union([.rcnn, .charcnn])), ("--layers", layers != nil, recurrent),
      ("--pooling", pooling != nil, recurrent), ("--layer-dropout", layerDropout != nil, recurrent),
      ("--locked-dropout", lockedDropout, recurrent), ("--weight-dropout", weightDropout != nil, recurrent),
      ("--filters", filters != nil, [.cnn, .dpcnn, .charcnn]), ("--filter-widths", filterWidths != nil, [.cnn]),
      ("--blocks", blocks != nil, [.dpcnn]), ("--hidden-sizes", hiddenSizes != nil, [.mlp]),
    ]
    for (name, isGiven, models) in given where isGiven && !models.contains(model) {
      let names = TextArchitecture.allCases.filter(models.contains).map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(name) is for \(names), not for --model \(model.rawValue)")
    }
    if layerDropout != nil || lockedDropout, layers ?? 1 == 1 {
      throw ValidationError("\(lockedDropout ? "--locked-dropout" : "--layer-dropout") needs --layers 2 or more")
    }
  }

  private func numbers(_ text: String?, _ name: String, _ range: ClosedRange<Int>) throws -> [Int]? {
    guard let text else { return nil }
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard numbers.allSatisfy(range.contains), numbers.count <= 64 else {
      throw ValidationError(
        "\(name) takes numbers from \(range.lowerBound) to \(range.upperBound), separated by commas")
    }
    return numbers
  }

  /// The options that the arguments stand for.
  func options(for model: TextArchitecture) throws -> TextNetworkOptions {
    try checkConflicts(model)
    var encoder = model.encoder
    switch encoder {
    case .recurrent(var options):
      options.hiddenSize = hiddenSize ?? options.hiddenSize
      options.layerCount = layers ?? options.layerCount
      options.pooling = pooling ?? options.pooling
      options.layerDropout = layerDropout ?? options.layerDropout
      options.isDropoutLocked = lockedDropout
      options.weightDropout = weightDropout ?? options.weightDropout
      encoder = .recurrent(options)
    case .convolution(var options):
      options.filterCount = filters ?? options.filterCount
      options.filterWidths = try numbers(filterWidths, "--filter-widths", 1...256) ?? options.filterWidths
      encoder = .convolution(options)
    case .deepPyramid(var options):
      options.filterCount = filters ?? options.filterCount
      options.blockCount = blocks ?? options.blockCount
      encoder = .deepPyramid(options)
    case .characters(var options):
      options.filterCount = filters ?? options.filterCount
      options.hiddenSize = hiddenSize ?? options.hiddenSize
      encoder = .characters(options)
    case .recurrentConvolution(var options):
      options.hiddenSize = hiddenSize ?? options.hiddenSize
      encoder = .recurrentConvolution(options)
    case .average(var options):
      if let sizes = try numbers(hiddenSizes, "--hidden-sizes", 0...65_536) {
        options.hiddenSizes = sizes == [0] ? [] : sizes
      }
      encoder = .average(options)
    }
    var network = TextNetworkOptions(encoder)
    network.embedding.size = embeddingSize ?? network.embedding.size
    network.embedding.channels = embeddingMode ?? network.embedding.channels
    network.embedding.dropout = embeddingDropout ?? network.embedding.dropout
    network.embedding.wordDropout = wordDropout ?? network.embedding.wordDropout
    network.dropout = dropout ?? network.dropout
    return network
  }
}
