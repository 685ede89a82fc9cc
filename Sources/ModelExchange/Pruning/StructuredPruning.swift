import NeuralNetworks
import Tensors
public import TextModels

/// Takes whole units out of a network for texts, so that it really shrinks and runs faster (Li et al. 2017, "Pruning
/// filters for efficient ConvNets"): filters of a cnn, hidden units of recurrent layers, units of an mlp. Those with the
/// smallest weights go.
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
    var weights = Weights(model.network.stateDictionary)
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
  private func left(_ count: Int) -> Int { max(1, count - Int((share * Double(count)).rounded())) }

  // MARK: Architectures

  private func prune(_ encoder: ConvolutionEncoder, keeping count: Int, _ weights: inout Weights) {
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

  private func prune(_ encoder: AverageEncoder, keeping counts: [Int], _ weights: inout Weights) {
    for (index, count) in counts.enumerated() {
      let name = "encoder.hidden.\(index)"
      let next = index + 1 < counts.count ? "encoder.hidden.\(index + 1).weight" : "output.weight"
      let kept = zip(weights.rowNorms("\(name).weight"), weights.columnNorms(next)).map(+).largest(count)
      weights.keepRows(["\(name).weight", "\(name).bias"], kept)
      weights.keepColumns(next, kept)
    }
  }

  private func prune(_ encoder: RecurrentEncoder, from hidden: Int, keeping count: Int, _ weights: inout Weights) {
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

/// Weights by name, of which rows and columns go.
private struct Weights {
  private(set) var tensors: [String: Tensor]

  init(_ tensors: [String: Tensor]) { self.tensors = tensors }

  /// A weight as a matrix: its first dimension, and all others together. Empty where there is none.
  private func matrix(_ name: String) -> (rows: Int, columns: Int, numbers: [Float]) {
    guard let tensor = tensors[name], let rows = tensor.shape.first, rows > 0 else { return (0, 0, []) }
    return (rows, tensor.count / rows, tensor.scalars)
  }

  /// The sum of the squares of each row.
  func rowNorms(_ name: String) -> [Float] {
    let (rows, columns, numbers) = matrix(name)
    return (0..<rows).map { row in numbers[row * columns..<(row + 1) * columns].reduce(0) { $0 + $1 * $1 } }
  }

  /// The sum of the squares of each column.
  func columnNorms(_ name: String) -> [Float] {
    let (rows, columns, numbers) = matrix(name)
    var norms = [Float](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns { norms[column] += numbers[row * columns + column] * numbers[row * columns + column] }
    }
    return norms
  }

  mutating func keepRows(_ names: [String], _ kept: [Int]) {
    for name in names {
      guard let tensor = tensors[name] else { continue }
      let (_, columns, numbers) = matrix(name)
      tensors[name] = Tensor(
        kept.flatMap { numbers[$0 * columns..<($0 + 1) * columns] }, shape: [kept.count] + tensor.shape.dropFirst())
    }
  }

  mutating func keepColumns(_ name: String, _ kept: [Int]) {
    let (rows, columns, numbers) = matrix(name)
    guard rows > 0 else { return }
    tensors[name] = Tensor(
      (0..<rows).flatMap { row in kept.map { numbers[row * columns + $0] } }, shape: [rows, kept.count])
  }
}

extension [Float] {
  /// The places of the largest numbers, in their order; of equal ones the first.
  fileprivate func largest(_ count: Int) -> [Int] {
    indices.sorted { (self[$1], $0) < (self[$0], $1) }.prefix(count).sorted()
  }
}
