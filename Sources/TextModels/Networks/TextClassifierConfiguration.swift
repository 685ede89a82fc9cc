public import Tensors

/// Everything that determines the shapes and the computation of a text classifier.
public struct TextClassifierConfiguration: Sendable, Hashable, Codable {
  /// V.
  public var vocabularySize: Int
  /// K.
  public var classCount: Int
  /// The network between them.
  public var options: TextNetworkOptions

  /// A classifier of some sizes.
  public init(vocabularySize: Int, classCount: Int, options: TextNetworkOptions) {
    self.vocabularySize = vocabularySize
    self.classCount = classCount
    self.options = options
  }

  private enum CodingKeys: String, CodingKey {
    case vocabularySize = "vocabulary_size"
    case classCount = "class_count"
    case options
  }

  /// What is wrong with the sizes, if anything is: they may come from a file or from a person.
  public var fault: String? {
    if !(1...1 << 30).contains(vocabularySize) { return "the vocabulary size is \(vocabularySize)" }
    if !(1...1 << 20).contains(classCount) { return "the number of classes is \(classCount), at most are 1048576" }
    return options.fault
  }

  /// The network, with new weights from `random`; without it the weights have their shapes only, until others are loaded.
  public func makeNetwork(random: RandomStream?) -> TextClassifierNetwork {
    TextClassifierNetwork(self, random: random)
  }

  /// Bytes that training takes for the parameters: their values, their gradients and the two moments of Adam.
  var trainingBytes: Int {
    makeNetwork(random: nil).parameterCount * MemoryLayout<Float>.size * 4
  }
}
