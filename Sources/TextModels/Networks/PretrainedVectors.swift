import Tensors
import VocabularyStore

/// Vectors of words from elsewhere, with which the embedding of a network begins: those of `BagModels`, of a file of
/// GloVe, or any function of a word.
///
///     let vectors = try WordVectors(contentsOf: "vectors")
///     let pretrained = PretrainedVectors(size: vectors.dimensions, name: "vectors") { vectors.vector($0) }
///     let model = try TextModelTraining(options, vectors: pretrained).run(training: texts).model
public struct PretrainedVectors: Sendable {
  /// E, the numbers of each.
  public let size: Int
  /// What tells them apart from others: a training that goes on must have the same.
  public let name: String
  private let vector: @Sendable (String) -> [Float]?

  /// - Parameter vector: the E numbers of a word; `nil` where it has none.
  public init(size: Int, name: String, vector: @escaping @Sendable (String) -> [Float]?) {
    (self.size, self.name, self.vector) = (size, name, vector)
  }

  /// A row for each token of a vocabulary: its vector, or, where it has none, random numbers of the same variance (Kim
  /// 2014).
  ///
  /// - Returns: [V, E], and how many tokens have a vector.
  func table(for vocabulary: Vocabulary, random: RandomStream) -> (rows: Tensor, knownCount: Int) {
    let found = (0..<vocabulary.count).map { vocabulary.token(Int32($0)).flatMap(vector) }
    let known = found.count { $0 != nil }
    var squares = 0.0
    for row in found { for number in row ?? [] { squares += Double(number) * Double(number) } }
    let deviation = known > 0 ? (squares / Double(known * size)).squareRoot() : 0.1
    var rows = random.normal([vocabulary.count, size], standardDeviation: Float(deviation)).scalars
    for (index, row) in found.enumerated() {
      guard let row else { continue }
      precondition(row.count == size, "PretrainedVectors: a vector of \(row.count) numbers in place of \(size)")
      rows.replaceSubrange(index * size..<(index + 1) * size, with: row)
    }
    return (Tensor(rows, shape: [vocabulary.count, size]), known)
  }
}
