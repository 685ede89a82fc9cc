import FoundationEssentials

/// A subword tokenizer as a database has it: tokens and merges in tables, and what surrounds them.
package struct SubwordTables: Sendable {
  /// A token of the model; a score is what unigram models have.
  package struct Token: Sendable {
    package let id: Int
    package let text: String
    package let score: Double?

    package init(id: Int, text: String, score: Double?) {
      self.id = id
      self.text = text
      self.score = score
    }
  }

  /// Two tokens that become one.
  package struct Merge: Sendable {
    package let left: String
    package let right: String

    package init(left: String, right: String) {
      self.left = left
      self.right = right
    }
  }

  /// A `tokenizer.json` whose model has neither tokens nor merges; of SentencePiece a `.model` as it was,
  /// `{"sentencepiece": base64}`, because no `tokenizer.json` says how that breaks ties and finds its symbols.
  package let pipeline: [UInt8]
  /// In the order of their ids.
  package let tokens: [Token]
  /// The first is made first.
  package let merges: [Merge]

  package init(pipeline: [UInt8], tokens: [Token], merges: [Merge]) {
    self.pipeline = pipeline
    self.tokens = tokens
    self.merges = merges
  }
}

extension SubwordTokenizer {
  /// The tokenizer in tables.
  ///
  /// - Throws: ``SubwordTokenizerError``.
  package func tables() throws(SubwordTokenizerError) -> SubwordTables {
    let pipeline: JSONValue
    if let bytes = parts.sentencePiece {
      pipeline = .object([("sentencepiece", .string(Data(bytes).base64EncodedString()))])
    } else {
      pipeline = try document().replacingMembers(of: "model", "vocab", "merges") { _, value in
        value.array == nil ? .object([]) : .array([])
      }
    }
    var (scores, merges): ([Double]?, [SubwordTables.Merge]) = (nil, [])
    switch parts.model {
    case .unigram(let model): scores = model.scores
    case .bytePair(let model): merges = model.merges.map { .init(left: $0.left, right: $0.right) }
    case .wordPiece, .wordLevel: break
    }
    let tokens = parts.model.vocabulary.entries.map { entry in
      SubwordTables.Token(id: entry.id, text: entry.token, score: scores?[entry.id])
    }
    return SubwordTables(pipeline: JSONWriter.write(pipeline), tokens: tokens, merges: merges)
  }

  /// The tokenizer of tables.
  ///
  /// - Throws: As ``init(json:)``.
  package init(_ tables: SubwordTables) throws(SubwordTokenizerError) {
    let isPlaced = tables.tokens.enumerated().allSatisfy { $0.offset == $0.element.id }
    let parsed = try Self.parse(tables.pipeline)
    if let text = parsed["sentencepiece"]?.string {
      guard let bytes = Data(base64Encoded: text) else {
        throw .invalid(part: "SentencePiece model", reason: "it is not base64")
      }
      try self.init(sentencePieceModel: Array(bytes))
      return
    }
    if parsed["model"]?["vocab"]?.array != nil, !isPlaced {
      throw .invalid(part: "vocab", reason: "the ids of its tokens have a gap")
    }
    let document = parsed.replacingMembers(of: "model", "vocab", "merges") { name, value in
      if name == "merges" { return .array(tables.merges.map { .array([.string($0.left), .string($0.right)]) }) }
      return value.array == nil
        ? .object(tables.tokens.map { ($0.text, .number(Double($0.id))) })
        : .array(tables.tokens.map { .array([.string($0.text), $0.score.map { .number($0) } ?? .null]) })
    }
    try self.init(document: document)
  }
}

extension JSONValue {
  /// The document with some members of one of its members replaced; names that are not there stay so.
  fileprivate func replacingMembers(
    of owner: String, _ names: String..., with replacement: (_ name: String, _ value: JSONValue) -> JSONValue
  ) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(
      members.map { member in
        guard member.name == owner, case .object(let inner) = member.value else { return member }
        return (
          member.name,
          .object(inner.map { names.contains($0.name) ? ($0.name, replacement($0.name, $0.value)) : $0 })
        )
      })
  }
}
