public import NeuralNetworks
public import Tensors

/// The vectors of tokens: trained, static, or one of each side by side (Kim 2014), with what training hides of them.
public final class WordEmbedding: Module {
  /// [V, E]
  public let weight: Parameter
  /// The second channel, which training leaves alone: [V, E].
  public let fixed: Parameter?
  private let dropout: Float
  private let wordDropout: Float

  /// A table for V tokens.
  public init(vocabularySize: Int, _ options: EmbeddingOptions, random: RandomStream?) {
    let shape = [vocabularySize, options.size]
    let initializer = Initializer.normal(standardDeviation: 0.1)
    weight = Parameter(initializer(shape, random: random?.split("weight")))
    weight.isFrozen = options.channels == .static
    fixed =
      options.channels == .multichannel ? Parameter(initializer(shape, random: random?.split("fixed"))) : nil
    fixed?.isFrozen = true
    dropout = options.dropout
    wordDropout = options.wordDropout
  }

  private var channels: [Parameter] { [weight] + (fixed.map { [$0] } ?? []) }

  /// The vectors of N tokens, [N, E] or [N, 2E]; an id below zero stands for zeros.
  public func callAsFunction(_ ids: [Int32]) -> Tensor {
    if dropout > 0 { return indexed(ids).expanded }
    let shown = ids.droppingOut(wordDropout)
    return Tensor.sideBySide(channels.map { $0.gatherRows(shown) })
  }

  /// The same, each distinct token once.
  public func indexed(_ ids: [Int32]) -> IndexedRows {
    let shown = ids.droppingOut(wordDropout)
    let tables = channels.map { $0.indexedRows(shown) }
    return IndexedRows(rows: .sideBySide(tables.map(\.rows)), indices: tables[0].indices).dropout(dropout)
  }

  /// Sizes, and what is not a table.
  public var summary: String {
    var parts = ["vocabulary \(weight.shape[0])", "embedding \(weight.shape[1])"]
    if fixed != nil { parts.append("two channels") }
    if weight.isFrozen { parts.append("static") }
    if dropout > 0 { parts.append("dropout \(dropout)") }
    if wordDropout > 0 { parts.append("word dropout \(wordDropout)") }
    return parts.joined(separator: ", ")
  }
}

extension Tensor {
  /// Matrices of the same number of rows as one.
  fileprivate static func sideBySide(_ matrices: [Tensor]) -> Tensor {
    matrices.count == 1 ? matrices[0] : concatenated(matrices, axis: 1)
  }
}
