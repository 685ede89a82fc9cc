import TextProcessing

/// The tokens that a vocabulary begins with: padding, unknown, and what else a model asks for.
struct ReservedTokens {
  static let paddingID: Int32 = 0
  static let unknownID: Int32 = 1

  let tokens: [String]

  /// Takes a complete list: the first is padding, the second unknown, the others are the caller's.
  ///
  /// - Throws: ``VocabularyError/invalidOptions(reason:)`` for fewer than two, an empty one, or one given twice.
  init(_ tokens: [String]) throws(VocabularyError) {
    guard tokens.count >= 2 else {
      throw .invalidOptions(reason: "give at least two reserved tokens: the first for padding, the second for unknown")
    }
    for (index, token) in tokens.enumerated() {
      guard !token.isEmpty else { throw .invalidOptions(reason: "a reserved token is empty") }
      // As bytes: two forms of one character are two tokens.
      if tokens[..<index].contains(where: { $0.utf8.elementsEqual(token.utf8) }) {
        throw .invalidOptions(reason: "the reserved token '\(token)' is given twice")
      }
    }
    self.tokens = tokens
  }

  /// Gives them the first ids of a table that is empty so far.
  func append(to writer: inout FlatTableWriter, count: (RawSpan) -> Int64) throws(VocabularyError) {
    for token in tokens {
      let bytes = token.utf8.span.bytes
      guard writer.append(bytes, count: count(bytes), kind: .reserved) == .appended else {
        throw .invalidOptions(reason: "the reserved token '\(token)' is given twice")
      }
    }
  }
}
