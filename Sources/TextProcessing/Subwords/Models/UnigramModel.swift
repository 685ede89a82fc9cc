/// Where the best way to a place of a word comes from.
struct UnigramPath {
  var score: Double
  /// -1 where nothing leads to the place.
  var start: Int32
  var id: Int32
}

/// The unigram language model (Kudo 2018): the tokens whose probabilities have the largest product, found by Viterbi's
/// algorithm.
struct UnigramModel: Sendable {
  /// How much worse than the rarest token a scalar without a token is, in natural logarithms; as in SentencePiece.
  private static let unknownPenalty = 10.0

  let vocabulary: SubwordVocabulary
  /// Natural logarithm of each token's probability, by id.
  let scores: [Double]
  let unknownID: Int32?
  let byteFallback: Bool
  private let trie: ByteTrie
  /// What counts for each token in a path: its score, but for symbols that users define.
  private let pathScores: [Double]
  /// Whether sums are of 32 bits, as in SentencePiece: they decide between paths that are equally good.
  private let usesSinglePrecision: Bool
  private let unknownScore: Double
  /// Ids of <0x00> to <0xFF>, -1 for those that are not there; nil where none is used.
  private let byteIDs: [Int32]?

  /// - Parameters:
  ///   - pathScores: by id, what counts in a path where that is not the score; not finite for what is not found in words.
  ///   - usesSinglePrecision: whether sums are of 32 bits.
  init(
    vocabulary: SubwordVocabulary, scores: [Double], unknownID: Int32?, byteFallback: Bool, pathScores: [Double]? = nil,
    usesSinglePrecision: Bool = false
  ) throws(SubwordTokenizerError) {
    guard scores.count == vocabulary.idLimit, !scores.isEmpty, scores.allSatisfy(\.isFinite) else {
      throw .invalid(part: "model", reason: "each token of a unigram model needs a finite score")
    }
    if let unknownID, !scores.indices.contains(Int(unknownID)) {
      throw .invalid(part: "model", reason: "the unknown id \(unknownID) is not in the vocabulary")
    }
    self.vocabulary = vocabulary
    self.scores = scores
    self.unknownID = unknownID
    self.byteFallback = byteFallback
    let pathScores = pathScores ?? scores
    self.pathScores = pathScores
    self.usesSinglePrecision = usesSinglePrecision
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    var trie = ByteTrie()
    for (token, id) in vocabulary.entries where !token.isEmpty && pathScores[id].isFinite {
      trie.insert(token.utf8, value: Int32(id))
    }
    self.trie = trie
    byteIDs = byteFallback ? Self.byteIDs(in: vocabulary) : nil
  }

  /// Ids of the tokens that stand for single bytes, -1 for bytes without one; nil where there is none at all.
  static func byteIDs(in vocabulary: SubwordVocabulary) -> [Int32]? {
    let ids = (0..<256).map { vocabulary.id(of: byteToken(UInt8($0))) ?? -1 }
    return ids.contains { $0 >= 0 } ? ids : nil
  }

  /// The token of a byte, such as <0x0A>.
  static func byteToken(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x\(digits.count < 2 ? "0" : "")\(digits)>"
  }

  func encode(_ word: UnsafeBufferPointer<UInt8>, into pieces: inout [SubwordPiece], _ scratch: inout SubwordScratch) {
    guard !word.isEmpty else { return }
    findPaths(word, &scratch.paths)
    let first = pieces.count
    var end = word.count
    var previousWasUnknown = false
    while end > 0 {
      let path = scratch.paths[end]
      let isUnknown = path.id == unknownID ?? -1
      // Unknown scalars that follow each other are one token.
      if !(isUnknown && previousWasUnknown) { pieces.append(SubwordPiece(id: path.id, end: Int32(end))) }
      previousWasUnknown = isUnknown
      end = Int(path.start)
    }
    pieces[first...].reverse()
    if byteIDs != nil, pieces[first...].contains(where: { $0.id == unknownID ?? -1 }) {
      spellUnknown(word, &pieces, from: first)
    }
  }

  @inline(__always)
  private func sum(_ a: Double, _ b: Double) -> Double { usesSinglePrecision ? Double(Float(a + b)) : a + b }

  private func findPaths(_ word: UnsafeBufferPointer<UInt8>, _ paths: inout [UnigramPath]) {
    paths.removeAll(keepingCapacity: true)
    paths.append(contentsOf: repeatElement(UnigramPath(score: 0, start: -1, id: -1), count: word.count + 1))
    var start = 0
    while start < word.count {
      let here = paths[start].score
      let size = UTF8Decoding.scalar(in: word, at: start).size
      var hasScalar = false
      var node: Int32 = 0
      var end = start
      while end < word.count, let next = trie.step(from: node, word[end]) {
        node = next.node
        end += 1
        let id = next.value
        guard id >= 0 else { continue }
        if end - start == size { hasScalar = true }
        let score = sum(here, pathScores[Int(id)])
        if paths[end].start < 0 || score > paths[end].score {
          paths[end] = UnigramPath(score: score, start: Int32(start), id: id)
        }
      }
      if !hasScalar {
        let score = sum(here, unknownScore)
        if paths[start + size].start < 0 || score > paths[start + size].score {
          paths[start + size] = UnigramPath(score: score, start: Int32(start), id: unknownID ?? -1)
        }
      }
      start += size
    }
  }

  /// Replaces unknown pieces by tokens of their bytes, where each of these has one.
  private func spellUnknown(_ word: UnsafeBufferPointer<UInt8>, _ pieces: inout [SubwordPiece], from first: Int) {
    guard let byteIDs else { return }
    let known = Array(pieces[first...])
    pieces.removeSubrange(first...)
    var start = 0
    for piece in known {
      if piece.id == unknownID ?? -1, word[start..<Int(piece.end)].allSatisfy({ byteIDs[Int($0)] >= 0 }) {
        for index in start..<Int(piece.end) {
          // Each of the bytes stands for the whole of what was unknown.
          pieces.append(SubwordPiece(id: byteIDs[Int(word[index])], end: piece.end))
        }
      } else {
        pieces.append(piece)
      }
      start = Int(piece.end)
    }
  }
}
