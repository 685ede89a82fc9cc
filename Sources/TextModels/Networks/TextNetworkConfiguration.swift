public import Tensors

/// Everything that determines the shapes and the computation of a network for texts.
public struct TextNetworkConfiguration: Sendable, Hashable, Codable {
  /// V.
  public var vocabularySize: Int
  /// K: labels, or 1 for a number.
  public var outputSize: Int
  /// The network between them.
  public var options: TextNetworkOptions

  /// A network of some sizes.
  public init(vocabularySize: Int, outputSize: Int, options: TextNetworkOptions) {
    self.vocabularySize = vocabularySize
    self.outputSize = outputSize
    self.options = options
  }

  private enum CodingKeys: String, CodingKey {
    case vocabularySize = "vocabulary_size"
    case outputSize = "output_size"
    case options
  }

  /// What is wrong with the sizes, if anything is: they may come from a file or from a person.
  public var fault: String? {
    if !(1...1 << 30).contains(vocabularySize) { return "the vocabulary size is \(vocabularySize)" }
    if !(1...1 << 20).contains(outputSize) { return "the number of outputs is \(outputSize), at most are 1048576" }
    return options.fault
  }

  /// The network, with new weights from `random`; without it the weights have their shapes only, until others are loaded.
  public func makeNetwork(random: RandomStream?) -> TextNetwork {
    TextNetwork(self, random: random)
  }
}
