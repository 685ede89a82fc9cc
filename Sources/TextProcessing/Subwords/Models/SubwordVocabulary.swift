/// Tokens of a subword model and their ids, which need not be without gaps.
struct SubwordVocabulary: Sendable {
  private let table: TokenTable
  /// The token of each id; nil for a gap.
  private let tokens: [String?]

  /// - Throws: a token or an id that occurs twice, an id below 0 or far beyond the number of tokens.
  init(_ entries: [(token: String, id: Int)]) throws(SubwordTokenizerError) {
    let limit = max(1 << 20, 64 * entries.count)
    var table = TokenTable(capacity: entries.count)
    // All ids before the first of them is used.
    for (token, id) in entries where id < 0 || id >= limit {
      throw .invalid(part: "vocabulary", reason: "id \(id) of '\(token)'")
    }
    var tokens = [String?](repeating: nil, count: (entries.map(\.id).max() ?? -1) + 1)
    for (token, id) in entries {
      guard tokens[id] == nil else {
        throw .invalid(part: "vocabulary", reason: "id \(id) for both '\(tokens[id] ?? "")' and '\(token)'")
      }
      guard table.insert(token.utf8, id: Int32(id)) else {
        throw .invalid(part: "vocabulary", reason: "'\(token)' occurs twice")
      }
      tokens[id] = token
    }
    self.table = table
    self.tokens = tokens
  }

  /// Tokens.
  var count: Int { table.count }
  /// The largest id and one.
  var idLimit: Int { tokens.count }

  func id(of token: String) -> Int32? { table.id(of: token.utf8) }

  @inline(__always)
  func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? { table.id(of: token) }

  func token(of id: Int) -> String? { tokens.indices.contains(id) ? tokens[id] : nil }

  /// All tokens with their ids, in the order of the ids.
  var entries: [(token: String, id: Int)] {
    tokens.enumerated().compactMap { id, token in token.map { ($0, id) } }
  }
}
