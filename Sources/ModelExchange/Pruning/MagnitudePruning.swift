public import NeuralNetworks
import Tensors

/// Sets the smallest weights of a network to zero (Han et al. 2015, "Learning both weights and connections for efficient
/// neural networks"). Vectors such as biases and normalisations stay, and embeddings do unless they are asked for.
public struct MagnitudePruning: Sendable, Hashable {
  /// What weights are compared with.
  public enum Scope: String, Sendable, Hashable, CaseIterable {
    /// All of the network: layers that need few weights keep few.
    case global
    /// Those of the same layer.
    case layer
  }

  /// How many weights of a layer are zero.
  public struct LayerReport: Sendable, Hashable, Encodable {
    /// The parameter's name.
    public let name: String
    /// Weights.
    public let count: Int
    /// How many of them are zero.
    public let zeros: Int
  }

  /// The share of the weights that are zero afterwards, in [0, 1).
  public var sparsity: Double
  /// What weights are compared with.
  public var scope: Scope
  /// Whether the vectors of tokens are pruned too.
  public var includesEmbeddings: Bool

  /// A pruning to some share.
  public init(sparsity: Double, scope: Scope = .global, includesEmbeddings: Bool = false) {
    precondition(sparsity >= 0 && sparsity < 1, "MagnitudePruning: a sparsity of \(sparsity) is not in [0, 1)")
    (self.sparsity, self.scope, self.includesEmbeddings) = (sparsity, scope, includesEmbeddings)
  }

  /// The share of step `step` of `count` on the way to ``sparsity``: fast at first, slow where few weights are left (Zhu &
  /// Gupta 2017, "To prune, or not to prune").
  public func gradual(step: Int, of count: Int) -> MagnitudePruning {
    let left = 1 - Double(step) / Double(max(count, 1))
    var pruning = self
    pruning.sparsity = sparsity * (1 - left * left * left)
    return pruning
  }

  /// Prunes a network in place, and says what is zero now. Weights that are zero already count.
  @discardableResult
  public func apply(to network: any Module) -> [LayerReport] {
    let layers = layers(of: network)
    let groups = scope == .global ? [layers] : layers.map { [$0] }
    for group in groups {
      let threshold = Self.threshold(of: group.map { $0.parameter.value }, share: sparsity)
      for layer in group { Self.prune(layer.parameter, below: threshold) }
    }
    return report(on: network)
  }

  /// What is zero of the weights that it prunes.
  public func report(on network: any Module) -> [LayerReport] {
    layers(of: network).map { name, parameter in
      let numbers = parameter.value.scalars
      return LayerReport(name: name, count: numbers.count, zeros: numbers.count { $0 == 0 })
    }
  }

  private func layers(of network: any Module) -> [(name: String, parameter: Parameter)] {
    network.namedParameters.filter { name, parameter in
      parameter.shape.count >= 2 && (includesEmbeddings || !Self.isEmbedding(name))
    }
  }

  private static func isEmbedding(_ name: String) -> Bool { name.hasPrefix("embedding.") }

  /// The magnitude below which so large a share of the numbers lies: by counting the upper halves of their bits, which are
  /// in the order of the magnitudes, then the lower halves of those where the share ends.
  private static func threshold(of tensors: [Tensor], share: Double) -> Float {
    let total = tensors.reduce(0) { $0 + $1.count }
    var left = Int((share * Double(total)).rounded())
    guard left > 0 else { return 0 }
    func place(in counts: [Int]) -> UInt32? {
      for (value, count) in counts.enumerated() {
        if left < count { return UInt32(value) }
        left -= count
      }
      return nil
    }
    func counts(_ key: (UInt32) -> UInt32?) -> [Int] {
      var counts = [Int](repeating: 0, count: 1 << 16)
      for tensor in tensors {
        for number in tensor.scalars { if let key = key(number.magnitude.bitPattern) { counts[Int(key)] += 1 } }
      }
      return counts
    }
    guard let upper = place(in: counts { $0 >> 16 }),
      let lower = place(in: counts { $0 >> 16 == upper ? $0 & 0xFFFF : nil })
    else { return .infinity }
    return Float(bitPattern: upper << 16 | lower)
  }

  private static func prune(_ parameter: Parameter, below threshold: Float) {
    parameter.value = Tensor(
      parameter.value.scalars.map { $0.magnitude < threshold ? 0 : $0 }, shape: parameter.shape)
  }
}
