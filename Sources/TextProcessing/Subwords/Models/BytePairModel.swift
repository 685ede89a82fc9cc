/// How a byte-pair model treats what it meets.
struct BytePairOptions: Sendable, Equatable {
  /// Stands for what the vocabulary does not have; without it that is left out.
  var unknownToken: String?
  /// Stands before each piece but a word's first.
  var continuingSubwordPrefix = ""
  /// Stands behind a word's last piece.
  var endOfWordSuffix = ""
  /// Whether unknown pieces that follow each other are one.
  var fusesUnknown = false
  /// Whether what is unknown is spelt by tokens of its bytes, <0x00> to <0xFF>.
  var byteFallback = false
  /// Whether a word that is a token is that token, whatever the merges say.
  var ignoresMerges = false
  /// Probability that a merge is passed over (Provilkov, Emelianenko & Voita 2020).
  var dropout: Float = 0
}

/// Byte-pair encoding (Sennrich, Haddow & Birch 2016): a word begins as its scalars or bytes, and of all neighbours that are a
/// merge those of the lowest rank become one, until there are none.
struct BytePairModel: Sendable {
  let vocabulary: SubwordVocabulary
  /// Pairs of tokens, the first of them merged first.
  let merges: [(left: String, right: String)]
  let options: BytePairOptions
  /// Whether words are raw bytes, which the vocabulary spells with the alphabet of GPT-2 (``ByteAlphabet``).
  let isByteLevel: Bool
  private let pairs: PairTable
  /// For long words, if the merges allow it; made when the first of them comes.
  private let backtracking: Once<BacktrackingMerges?>
  private let unknownID: Int32?
  private let byteIDs: [Int32]?
  /// Of a byte-level model: the id of each byte at [is last][is first][byte], -1 for none.
  private let symbols: [Int32]
  /// Of a byte-level model that ignores merges: words by their bytes.
  private let words: TokenTable?

  /// - Parameter ranks: of the merges, where they are not their places; of equal ones the one further left comes first.
  init(
    vocabulary: SubwordVocabulary, merges: [(left: String, right: String)], ranks: [Int32]? = nil,
    options: BytePairOptions, isByteLevel: Bool
  ) throws(SubwordTokenizerError) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.options = options
    self.isByteLevel = isByteLevel
    var pairs = PairTable(capacity: merges.count)
    var merged: [(left: Int32, right: Int32, id: Int32)] = []
    merged.reserveCapacity(merges.count)
    let prefix = Array(options.continuingSubwordPrefix.utf8)
    for (rank, merge) in merges.enumerated() {
      var whole = Array(merge.left.utf8)
      whole += merge.right.utf8.dropFirst(merge.right.utf8.starts(with: prefix) ? prefix.count : 0)
      guard let left = vocabulary.id(of: merge.left), let right = vocabulary.id(of: merge.right),
        let id = whole.withUnsafeBufferPointer({ vocabulary.id(of: $0) })
      else {
        throw .invalid(
          part: "merges", reason: "'\(merge.left) \(merge.right)' (number \(rank + 1)) is of tokens that are not there")
      }
      pairs.insert(left, right, PairTable.Merge(rank: ranks?[rank] ?? Int32(rank), id: id))
      merged.append((left, right, id))
    }
    self.pairs = pairs
    // With ranks of their own the merges are in no order.
    backtracking = Once { [merged, pairs, isOrdered = ranks == nil, idLimit = vocabulary.idLimit] in
      isOrdered ? BacktrackingMerges(merged, tokenCount: idLimit, pairs) : nil
    }
    if let token = options.unknownToken {
      guard let id = vocabulary.id(of: token) else {
        throw .invalid(part: "model", reason: "the unknown token '\(token)' is not in the vocabulary")
      }
      unknownID = id
    } else {
      unknownID = nil
    }
    byteIDs = options.byteFallback ? UnigramModel.byteIDs(in: vocabulary) : nil
    var symbols: [Int32] = []
    var words: TokenTable?
    if isByteLevel {
      for isLast in [false, true] {
        for isFirst in [false, true] {
          symbols += (0..<256).map { byte in
            let token =
              (isFirst ? "" : options.continuingSubwordPrefix) + String(Character(ByteAlphabet.scalar(of: UInt8(byte))))
              + (isLast ? options.endOfWordSuffix : "")
            return vocabulary.id(of: token) ?? -1
          }
        }
      }
      if options.ignoresMerges {
        var table = TokenTable(capacity: vocabulary.count)
        for (token, id) in vocabulary.entries {
          if let bytes = ByteAlphabet.bytes(of: token) { table.insert(bytes, id: Int32(id)) }
        }
        words = table
      }
    }
    self.symbols = symbols
    self.words = words
  }

  func encode(_ word: UnsafeBufferPointer<UInt8>, into pieces: inout [SubwordPiece], _ scratch: inout SubwordScratch) {
    guard !word.isEmpty else { return }
    if options.ignoresMerges, let id = isByteLevel ? words?.id(of: word) : vocabulary.id(of: word) {
      pieces.append(SubwordPiece(id: id, end: Int32(word.count)))
      return
    }
    let first = pieces.count
    if isByteLevel { appendBytes(word, &pieces) } else { appendScalars(word, &pieces) }
    if options.dropout > 0 {
      scratch.merging.merge(&pieces, from: first, pairs, dropout: options.dropout, &scratch.random)
    } else if pieces.count - first <= MergeScratch.shortLimit
      || !(backtracking.value?.merge(&pieces, from: first, &scratch.backtracking) ?? false)
    {
      scratch.merging.merge(&pieces, from: first, pairs)
    }
  }

  private func appendBytes(_ word: UnsafeBufferPointer<UInt8>, _ pieces: inout [SubwordPiece]) {
    let last = word.count - 1
    for index in 0...last {
      let id = symbols[(index == last ? 512 : 0) + (index == 0 ? 256 : 0) + Int(word[index])]
      if id >= 0 {
        pieces.append(SubwordPiece(id: id, end: Int32(index + 1)))
      } else {
        appendUnknown(end: index + 1, isFirst: index == 0, &pieces)
      }
    }
  }

  private func appendScalars(_ word: UnsafeBufferPointer<UInt8>, _ pieces: inout [SubwordPiece]) {
    let hasAffixes = !options.continuingSubwordPrefix.isEmpty || !options.endOfWordSuffix.isEmpty
    var start = 0
    while start < word.count {
      let end = start + UTF8Decoding.scalar(in: word, at: start).size
      let scalar = UnsafeBufferPointer(rebasing: word[start..<end])
      if let id = hasAffixes
        ? affixed(scalar, isFirst: start == 0, isLast: end == word.count) : vocabulary.id(of: scalar)
      {
        pieces.append(SubwordPiece(id: id, end: Int32(end)))
      } else if let byteIDs, scalar.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
        for index in start..<end {
          pieces.append(SubwordPiece(id: byteIDs[Int(word[index])], end: Int32(end)))
        }
      } else {
        appendUnknown(end: end, isFirst: start == 0, &pieces)
      }
      start = end
    }
  }

  /// Whether there may be something that is left out: what the vocabulary does not have, without an unknown token.
  var skipsUnknown: Bool { unknownID == nil && (!isByteLevel || symbols.contains { $0 < 0 }) }

  /// Where the first symbol stands that is not left out, from a place of a word up to another.
  func firstKnown(in word: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Int {
    let hasAffixes = !options.continuingSubwordPrefix.isEmpty || !options.endOfWordSuffix.isEmpty
    var place = start
    while place < end {
      if isByteLevel {
        if symbols[(place == word.count - 1 ? 512 : 0) + (place == 0 ? 256 : 0) + Int(word[place])] >= 0 { break }
        place += 1
        continue
      }
      let next = min(place + UTF8Decoding.scalar(in: word, at: place).size, word.count)
      let scalar = UnsafeBufferPointer(rebasing: word[place..<next])
      let isKnown =
        hasAffixes
        ? affixed(scalar, isFirst: place == 0, isLast: next == word.count) != nil : vocabulary.id(of: scalar) != nil
      if isKnown || byteIDs.map({ ids in scalar.allSatisfy { ids[Int($0)] >= 0 } }) ?? false { break }
      place = next
    }
    return place < end ? place : start
  }

  private func affixed(_ scalar: UnsafeBufferPointer<UInt8>, isFirst: Bool, isLast: Bool) -> Int32? {
    var token = isFirst ? [] : Array(options.continuingSubwordPrefix.utf8)
    token += scalar
    if isLast { token += options.endOfWordSuffix.utf8 }
    return token.withUnsafeBufferPointer { vocabulary.id(of: $0) }
  }

  private func appendUnknown(end: Int, isFirst: Bool, _ pieces: inout [SubwordPiece]) {
    guard let unknownID else { return }
    if options.fusesUnknown, !isFirst, let last = pieces.last, last.id == unknownID {
      pieces[pieces.count - 1].end = Int32(end)
    } else {
      pieces.append(SubwordPiece(id: unknownID, end: Int32(end)))
    }
  }
}

/// The alphabet in which GPT-2's vocabulary spells bytes: printable characters of Latin-1 stand for themselves, the others for
/// scalars from U+0100 on.
enum ByteAlphabet {
  private static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte -> Unicode.Scalar in
      if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
        return Unicode.Scalar(UInt8(byte))
      }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? "\u{FFFD}"
    }
  }()

  private static let values: [Unicode.Scalar: UInt8] = Dictionary(
    scalars.enumerated().map { ($1, UInt8($0)) }, uniquingKeysWith: { first, _ in first })

  /// The scalar of a byte.
  static func scalar(of byte: UInt8) -> Unicode.Scalar { scalars[Int(byte)] }

  /// The byte of a scalar; nil for scalars that are not of the alphabet.
  static func byte(of scalar: Unicode.Scalar) -> UInt8? { values[scalar] }

  /// The bytes that a token spells; nil where a scalar of it is not of the alphabet.
  static func bytes(of token: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in token.unicodeScalars {
      guard let byte = values[scalar] else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
