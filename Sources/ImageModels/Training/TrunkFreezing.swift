import NeuralNetworks
import Tensors
import Training

/// Which parameters of a network stay as they are, epoch by epoch.
struct TrunkFreezing {
  private let options: ImageTrainingOptions
  private let network: any ImageNetwork
  private let named: [(name: String, parameter: Parameter)]
  private let frozen: Set<String>
  /// Whether nothing changes in what features come from.
  private let isTrunkFrozen: Bool

  /// - Throws: ``ImageModelError/noSuchParameter(pattern:names:)``, ``ImageModelError/invalidOptions(reason:)``.
  init(_ options: ImageTrainingOptions, _ network: any ImageNetwork) throws(ImageModelError) {
    (self.options, self.network, named) = (options, network, network.namedParameters)
    let isOfHead = { (name: String) in type(of: network).isOfHead(name) }
    var frozen: Set<String> = []
    for pattern in options.frozen {
      let matching = named.map(\.name).filter { name in
        pattern == "features" ? !isOfHead(name) : name.matches(wildcards: pattern)
      }
      guard !matching.isEmpty else { throw .noSuchParameter(pattern: pattern, names: named.map(\.name)) }
      frozen.formUnion(matching)
    }
    guard frozen.count < named.count || options.unfreezesAfter != nil else {
      throw .invalidOptions(reason: "everything is frozen; leave a part of the network to be trained")
    }
    self.frozen = frozen
    isTrunkFrozen = !frozen.isEmpty && named.allSatisfy { isOfHead($0.name) || frozen.contains($0.name) }
  }

  /// Called before an epoch, from 1.
  func begin(epoch: Int) {
    for (name, parameter) in named { parameter.isFrozen = frozen.contains(name) && !isUnfrozen(epoch) }
  }

  private func isUnfrozen(_ epoch: Int) -> Bool { options.unfreezesAfter.map { epoch > $0 } ?? false }

  /// Whether the features of an epoch are those of the last one.
  func keepsFeatures(epoch: Int) -> Bool { isTrunkFrozen && !isUnfrozen(epoch) }

  /// The parameters: what is unfrozen later has a rate of its own.
  var groups: [ParameterGroup] {
    let (held, free) = (named.filter { frozen.contains($0.name) }, named.filter { !frozen.contains($0.name) })
    return [
      ParameterGroup(parameters: free.map(\.parameter)),
      ParameterGroup(parameters: held.map(\.parameter), learningRateScale: options.unfrozenRate),
    ].filter { !$0.parameters.isEmpty }
  }
}
