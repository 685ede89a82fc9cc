/// WordPiece (Schuster & Nakajima 2012; Devlin et al. 2019): the longest token that begins a word, then the longest one that
/// goes on, to the end. A word that this does not cover is unknown as a whole.
struct WordPieceModel: Sendable {
  let vocabulary: SubwordVocabulary
  let unknownToken: String
  let continuingSubwordPrefix: String
  /// Scalars of a word beyond which it is unknown.
  let maximumScalars: Int
  private let unknownID: Int32
  /// Tokens that may begin a word, and those that may go on, without their prefix.
  private let beginnings: ByteTrie
  private let continuations: ByteTrie

  init(
    vocabulary: SubwordVocabulary, unknownToken: String, continuingSubwordPrefix: String, maximumScalars: Int
  ) throws(SubwordTokenizerError) {
    guard let unknownID = vocabulary.id(of: unknownToken) else {
      throw .invalid(part: "model", reason: "the unknown token '\(unknownToken)' is not in the vocabulary")
    }
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    self.continuingSubwordPrefix = continuingSubwordPrefix
    self.maximumScalars = maximumScalars
    self.unknownID = unknownID
    let prefix = Array(continuingSubwordPrefix.utf8)
    var (beginnings, continuations) = (ByteTrie(), ByteTrie())
    for (token, id) in vocabulary.entries {
      beginnings.insert(token.utf8, value: Int32(id))
      // With no prefix a token may do both.
      if token.utf8.starts(with: prefix) { continuations.insert(token.utf8.dropFirst(prefix.count), value: Int32(id)) }
    }
    self.beginnings = beginnings
    self.continuations = continuations
  }

  func encode(_ word: UnsafeBufferPointer<UInt8>, into pieces: inout [SubwordPiece]) {
    let first = pieces.count
    var scalars = 0
    for byte in word where byte & 0xC0 != 0x80 { scalars += 1 }
    var start = 0
    while scalars <= maximumScalars, start < word.count {
      let trie = start == 0 ? beginnings : continuations
      guard let match = trie.longestMatch(in: word, from: start) else { break }
      pieces.append(SubwordPiece(id: match.value, end: Int32(match.end)))
      start = match.end
    }
    if scalars > maximumScalars || start < word.count {
      pieces.removeSubrange(first...)
      pieces.append(SubwordPiece(id: unknownID, end: Int32(word.count)))
    }
  }
}
