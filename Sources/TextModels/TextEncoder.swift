package import Tensors
public import TextProcessing
public import VocabularyStore

/// Turns texts into ids: tokenizer, vocabulary and the length that a model reads at most. May be shared by threads.
public final class TextEncoder: Sendable {
  /// How texts are divided.
  public let tokenizer: Tokenizer
  /// The ids of tokens.
  public let vocabulary: Vocabulary
  /// Of a longer text the first and the last half of so many tokens are read: how a text begins and how it ends says
  /// more about it than its middle (Sun et al. 2019, "How to fine-tune BERT for text classification?").
  public let maximumLength: Int
  private let workspaces: WorkspacePool

  /// An encoder for a vocabulary, with the tokenizer that made it.
  public init(vocabulary: Vocabulary, maximumLength: Int) throws(TokenizerError) {
    tokenizer = try Tokenizer(vocabulary.settings)
    self.vocabulary = vocabulary
    self.maximumLength = max(1, maximumLength)
    workspaces = WorkspacePool(tokenizer)
  }

  /// The ids of a text, at least one: a text without any token is read as one unknown token.
  public func encode(_ text: String) -> [Int32] { read(text).ids }

  /// The ids of some texts.
  public func encode(_ texts: some Sequence<String>) -> EncodedTexts {
    var encoded = EncodedTexts()
    for text in texts {
      let (ids, tokenCount) = read(text)
      encoded.append(ids, isTruncated: tokenCount > maximumLength)
    }
    return encoded
  }

  /// The ids of a text, and the number of tokens that it has.
  func read(_ text: String) -> (ids: [Int32], tokenCount: Int) {
    var ids: [Int32] = []
    var tokenCount = 0
    let known = vocabulary
    workspaces.withWorkspace { workspace in
      // A String is valid UTF-8, so that there is nothing to throw.
      guard (try? tokenizer.tokenize(Array(text.utf8), with: workspace)) != nil else { return }
      let count = workspace.count
      tokenCount = count
      ids.reserveCapacity(min(count, maximumLength))
      let head = count > maximumLength ? (maximumLength + 1) / 2 : count
      let tail = count > maximumLength ? count - maximumLength / 2 : count
      for index in 0..<count where index < head || index >= tail {
        ids.append(workspace.withUTF8(at: index) { known.id(of: $0) ?? known.unknownID })
      }
    }
    return (ids.isEmpty ? [known.unknownID] : ids, tokenCount)
  }

  /// What is made of some texts, a row of numbers each, `batchSize` texts at a time; texts of about the same length go
  /// together.
  ///
  /// - Parameter compute: gives rows [B, K] of a batch of B texts.
  /// - Returns: the rows, and whether each text was longer than what is read of it.
  package func outputs<Failure: Error>(
    _ texts: [String], batchSize: Int, _ compute: (TokenBatch) throws(Failure) -> Tensor
  ) throws(Failure) -> (rows: [[Float]], isTruncated: [Bool]) {
    let read = texts.map(read)
    var rows = [[Float]](repeating: [], count: texts.count)
    for indices in BatchPlan.sorted(Array(texts.indices), batchSize: batchSize, length: { read[$0].ids.count }) {
      let outputs = try compute(TokenBatch(indices.map { read[$0].ids })).scalars
      let width = outputs.count / max(indices.count, 1)
      for (row, index) in indices.enumerated() { rows[index] = Array(outputs[row * width..<(row + 1) * width]) }
    }
    return (rows, read.map { $0.tokenCount > maximumLength })
  }
}
