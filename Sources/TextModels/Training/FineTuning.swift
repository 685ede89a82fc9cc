import NeuralNetworks
import Tensors
import Training

/// How the parameters of a model that is trained further are treated (Howard & Ruder 2018, "Universal language model
/// fine-tuning for text classification").
public struct FineTuningOptions: Sendable, Hashable, Codable {
  /// Parameters whose names match one of these stay as they are: `*` stands for any characters, as in `embedding.*`.
  public var frozen: [String] = []
  /// Whether training begins with the output layer alone and takes in one layer more with each epoch, from the output
  /// down.
  public var unfreezesGradually = false
  /// Each layer learns at the rate of the one above it divided by this.
  public var layerRateDivisor: Float = 1

  /// All parameters alike.
  public init() {}
}

extension TextNetwork {
  /// The parameters by layer, from the embedding up to the output.
  var layers: [[(name: String, parameter: Parameter)]] {
    var layers: [(key: String, members: [(name: String, parameter: Parameter)])] = []
    for (name, parameter) in namedParameters {
      let key = Self.layer(of: name)
      if let place = layers.firstIndex(where: { $0.key == key }) {
        layers[place].members.append((name, parameter))
      } else {
        layers.append((key, [(name, parameter)]))
      }
    }
    return layers.map(\.members)
  }

  /// `encoder.lstm.weight_hh_l1_reverse` belongs to the layer `encoder.lstm.l1`, `encoder.hidden.0.bias` to
  /// `encoder.hidden.0`.
  private static func layer(of name: String) -> String {
    let parts = name.split(separator: ".")
    guard let last = parts.last, parts.count > 1 else { return name }
    let number = last.split(separator: "_").first { part in
      part.count > 1 && part.first == "l" && part.dropFirst().allSatisfy(\.isNumber)
    }
    let prefix = parts.dropLast().joined(separator: ".")
    return number.map { "\(prefix).\($0)" } ?? prefix
  }
}

/// Freezes the parameters of a network as some options say, epoch by epoch.
struct FineTuning {
  private let options: FineTuningOptions
  private let layers: [[(name: String, parameter: Parameter)]]
  /// Those that stay as they are: by a pattern, or since the network has them so.
  private let frozenNames: Set<String>

  /// - Throws: ``TextModelError/noSuchParameter(pattern:names:)``.
  init(_ options: FineTuningOptions, _ network: TextNetwork) throws(TextModelError) {
    self.options = options
    layers = network.layers
    let names = network.namedParameters.map(\.name)
    for pattern in options.frozen where !names.contains(where: { $0.matches(wildcards: pattern) }) {
      throw .noSuchParameter(pattern: pattern, names: names)
    }
    for (name, parameter) in network.namedParameters
    where options.frozen.contains(where: { name.matches(wildcards: $0) }) { parameter.isFrozen = true }
    frozenNames = Set(network.namedParameters.filter(\.parameter.isFrozen).map(\.name))
  }

  /// The parameters with the rates of their layers.
  var groups: [ParameterGroup] {
    var scale: Float = 1
    var groups: [ParameterGroup] = []
    for layer in layers.reversed() {
      groups.append(ParameterGroup(parameters: layer.map(\.parameter), learningRateScale: scale))
      scale /= options.layerRateDivisor
    }
    return groups.reversed()
  }

  /// Called before an epoch, from 1.
  func begin(epoch: Int) {
    guard options.unfreezesGradually else { return }
    for (depth, layer) in layers.reversed().enumerated() {
      for (name, parameter) in layer where !frozenNames.contains(name) { parameter.isFrozen = depth >= epoch }
    }
  }
}
