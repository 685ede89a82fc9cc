import NeuralNetworks
import Tensors
public import TextModels

/// Takes whole units out of a network, so that it really shrinks and runs faster (Li et al. 2017, "Pruning filters for
/// efficient ConvNets"): of texts filters of a cnn, hidden units of recurrent layers, units of an mlp; of images filters of
/// convolutions in a chain, those inside of residual blocks, units of linear layers. Those with the smallest weights go.
public struct StructuredPruning: Sendable, Hashable {
  /// The share of the units that go, in [0, 1).
  public var share: Double

  /// A pruning by some share.
  public init(share: Double) {
    precondition(share >= 0 && share < 1, "StructuredPruning: a share of \(share) is not in [0, 1)")
    self.share = share
  }

  /// The smaller model, with weights of the old one; at least one unit is left of each layer.
  ///
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)`` for other architectures.
  public func pruned(_ model: TextModel) throws(ExchangeError) -> TextModel {
    var description = model.description
    var weights = PrunedWeights(model.network.stateDictionary)
    switch (model.network.encoder, description.network.options.encoder) {
    case (let encoder as ConvolutionEncoder, .convolution(var options)):
      options.filterCount = left(options.filterCount)
      prune(encoder, keeping: options.filterCount, &weights)
      description.network.options.encoder = .convolution(options)
    case (let encoder as RecurrentEncoder, .recurrent(var options)):
      let hidden = left(options.hiddenSize)
      prune(encoder, from: options.hiddenSize, keeping: hidden, &weights)
      options.hiddenSize = hidden
      description.network.options.encoder = .recurrent(options)
    case (let encoder as AverageEncoder, .average(var options)):
      options.hiddenSizes = options.hiddenSizes.map(left)
      prune(encoder, keeping: options.hiddenSizes, &weights)
      description.network.options.encoder = .average(options)
    default:
      throw .inexpressible(
        format: "a smaller network", reason: "only cnn, mlp and recurrent networks have units that can go")
    }
    let network = description.network.makeNetwork(random: nil)
    do {
      try network.load(weights.tensors)
    } catch {
      throw .inexpressible(format: "a smaller network", reason: error.description)
    }
    return TextModel(encoder: model.encoder, network: network, description: description)
  }

  /// Units that are left of so many.
  func left(_ count: Int) -> Int { max(1, count - Int((share * Double(count)).rounded())) }

  // MARK: Architectures

  private func prune(_ encoder: ConvolutionEncoder, keeping count: Int, _ weights: inout PrunedWeights) {
    var columns: [Int] = []
    var first = 0
    for (index, convolution) in encoder.convolutions.enumerated() {
      let name = "encoder.convolutions.\(index)"
      let kept = weights.rowNorms("\(name).weight").largest(count)
      weights.keepRows(["\(name).weight", "\(name).bias"], kept)
      columns += kept.map { first + $0 }
      first += convolution.weight.shape[0]
    }
    weights.keepColumns("output.weight", columns)
  }

  private func prune(_ encoder: AverageEncoder, keeping counts: [Int], _ weights: inout PrunedWeights) {
    for (index, count) in counts.enumerated() {
      let name = "encoder.hidden.\(index)"
      let next = index + 1 < counts.count ? "encoder.hidden.\(index + 1).weight" : "output.weight"
      let kept = zip(weights.rowNorms("\(name).weight"), weights.columnNorms(next)).map(+).largest(count)
      weights.keepRows(["\(name).weight", "\(name).bias"], kept)
      weights.keepColumns(next, kept)
    }
  }

  private func prune(_ encoder: RecurrentEncoder, from hidden: Int, keeping count: Int, _ weights: inout PrunedWeights)
  {
    let layers = encoder.recurrent
    let directions = layers.isBidirectional ? ["", "_reverse"] : [""]
    var kept: [Int] = []
    for layer in 0..<layers.layerCount {
      let before = kept
      kept = []
      for (number, direction) in directions.enumerated() {
        func name(_ kind: String) -> String { "encoder.recurrent.\(kind)_l\(layer)\(direction)" }
        if layer > 0 { weights.keepColumns(name("weight_ih"), before) }
        let gates = weights.rowNorms(name("weight_ih")).count / hidden
        // What a unit reads, through all of its gates, and what the others read of it.
        var norms = weights.columnNorms(name("weight_hh"))
        for kind in ["weight_ih", "weight_hh"] {
          for (row, norm) in weights.rowNorms(name(kind)).enumerated() { norms[row % hidden] += norm }
        }
        let units = norms.largest(count)
        let rows = (0..<gates).flatMap { gate in units.map { gate * hidden + $0 } }
        weights.keepColumns(name("weight_hh"), units)
        weights.keepRows(["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(name), rows)
        kept += units.map { number * hidden + $0 }
      }
    }
    let width = layers.outputSize
    if encoder.attention != nil {
      let attention = "encoder.attention"
      weights.keepColumns("\(attention).projection.weight", kept)
      let units = weights.columnNorms("\(attention).context").largest(directions.count * count)
      weights.keepRows(["\(attention).projection.weight", "\(attention).projection.bias"], units)
      weights.keepColumns("\(attention).context", units)
    }
    // With two poolings the states stand there twice.
    let copies = encoder.outputSize / width
    weights.keepColumns("output.weight", (0..<copies).flatMap { copy in kept.map { copy * width + $0 } })
  }
}
