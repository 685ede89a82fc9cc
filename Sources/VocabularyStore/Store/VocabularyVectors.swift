/// Vectors of some of the tokens of a vocabulary.
public struct VocabularyVectors: Sendable, Equatable {
  /// The numbers of a vector.
  public let dimensions: Int
  /// The tokens that have a vector, rising.
  public let ids: [Int32]
  /// Their vectors, one behind the other.
  public let numbers: [Float]

  /// Vectors of tokens.
  ///
  /// - Throws: ``VocabularyError/invalidOptions(reason:)`` for ids that do not rise, numbers that are not as many as the
  ///   ids need, or that are not finite.
  public init(dimensions: Int, ids: [Int32], numbers: [Float]) throws(VocabularyError) {
    guard (1...1 << 16).contains(dimensions) else {
      throw .invalidOptions(reason: "vectors of \(dimensions) numbers; 1 to 65536 are possible")
    }
    guard ids.count * dimensions == numbers.count else {
      throw .invalidOptions(reason: "\(numbers.count) numbers for \(ids.count) vectors of \(dimensions)")
    }
    guard zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 }), ids.first ?? 0 >= 0 else {
      throw .invalidOptions(reason: "the ids of the vectors do not rise")
    }
    guard numbers.allSatisfy(\.isFinite) else {
      throw .invalidOptions(reason: "a number of a vector is infinite or none")
    }
    self.dimensions = dimensions
    self.ids = ids
    self.numbers = numbers
  }
}
