public import Tensors

/// A vector for each token (`torch.nn.Embedding`).
public final class Embedding: Module {
  /// [V, E]
  public let weight: Parameter
  /// The row that stands for nothing: zero, and never trained.
  public let paddingIndex: Int32?

  /// A table for V tokens with E numbers each.
  public init(
    vocabularySize: Int, embeddingSize: Int, paddingIndex: Int? = nil,
    initializer: Initializer = .normal(standardDeviation: 1), random: RandomStream?
  ) {
    var table = initializer([vocabularySize, embeddingSize], random: random?.split("weight"))
    if let paddingIndex, random != nil {
      for column in 0..<embeddingSize { table[paddingIndex, column] = 0 }
    }
    weight = Parameter(table)
    self.paddingIndex = paddingIndex.map { Int32($0) }
  }

  /// The vectors of N tokens, [N, E]; an id below zero and that of the padding give zeros.
  public func callAsFunction(_ ids: [Int32]) -> Tensor {
    weight.gatherRows(shown(ids))
  }

  /// The vectors of N tokens, each distinct one once: what follows need not compute anew what repeats.
  public func indexed(_ ids: [Int32]) -> IndexedRows {
    weight.indexedRows(shown(ids))
  }

  private func shown(_ ids: [Int32]) -> [Int32] {
    guard let paddingIndex else { return ids }
    return ids.map { $0 == paddingIndex ? -1 : $0 }
  }

  /// Sizes.
  public var summary: String { "vocabulary \(weight.shape[0].grouped), embedding \(weight.shape[1])" }
}

extension Parameter {
  /// Rows of a table by number, of bytes where it has come so: see ``Tensor/gatherRows(_:)``.
  public func gatherRows(_ indices: [Int32]) -> Tensor {
    bytes?.gatherRows(indices) ?? tensor.gatherRows(indices)
  }

  /// The same with each distinct row once: see ``Tensor/indexedRows(_:)``.
  public func indexedRows(_ numbers: [Int32]) -> IndexedRows {
    bytes?.indexedRows(numbers) ?? tensor.indexedRows(numbers)
  }
}
