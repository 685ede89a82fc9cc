/// A piece of a word: a token and where it ends, in bytes of the word.
struct SubwordPiece: Equatable {
  var id: Int32
  var end: Int32
}

/// What turns the words of a text into tokens.
enum SubwordModel: Sendable {
  case bytePair(BytePairModel)
  case wordPiece(WordPieceModel)
  case unigram(UnigramModel)
  case wordLevel(WordLevelModel)

  var vocabulary: SubwordVocabulary {
    switch self {
    case .bytePair(let model): model.vocabulary
    case .wordPiece(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    case .wordLevel(let model): model.vocabulary
    }
  }

  /// The unknown token of a model whose encodings show what is unknown, and not that token's name.
  var unknownIDAsWritten: Int32? {
    if case .unigram(let model) = self { model.unknownID } else { nil }
  }

  /// Whether there may be something of a word that no piece stands for.
  var skipsUnknown: Bool { if case .bytePair(let model) = self { model.skipsUnknown } else { false } }

  /// Where the part of a word begins that a piece stands for, which is behind the end of the piece before it where something
  /// was left out.
  func start(of piece: SubwordPiece, in word: UnsafeBufferPointer<UInt8>, after end: Int) -> Int {
    guard case .bytePair(let model) = self else { return end }
    return model.firstKnown(in: word, from: end, to: Int(piece.end))
  }

  /// Whether the same word may become other tokens another time.
  var isRandom: Bool {
    if case .bytePair(let model) = self { model.options.dropout > 0 } else { false }
  }

  /// Appends the tokens of a word.
  func encode(_ word: UnsafeBufferPointer<UInt8>, into pieces: inout [SubwordPiece], _ scratch: inout SubwordScratch) {
    switch self {
    case .bytePair(let model): model.encode(word, into: &pieces, &scratch)
    case .wordPiece(let model): model.encode(word, into: &pieces)
    case .unigram(let model): model.encode(word, into: &pieces, &scratch)
    case .wordLevel(let model): model.encode(word, into: &pieces)
    }
  }
}

/// Memory that encoding works in, used again from word to word. Belongs to one thread.
struct SubwordScratch {
  var merging = MergeScratch()
  var backtracking = BacktrackingMerges.Scratch()
  var paths: [UnigramPath] = []
  /// For dropout of merges.
  var random = DropoutRandom()
}

/// Words as tokens, as a whole.
struct WordLevelModel: Sendable {
  let vocabulary: SubwordVocabulary
  let unknownID: Int32?

  func encode(_ word: UnsafeBufferPointer<UInt8>, into pieces: inout [SubwordPiece]) {
    guard let id = vocabulary.id(of: word) ?? unknownID else { return }
    pieces.append(SubwordPiece(id: id, end: Int32(word.count)))
  }
}
