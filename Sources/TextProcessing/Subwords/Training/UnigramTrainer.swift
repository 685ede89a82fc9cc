#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Trains a unigram language model (Kudo 2018, "Subword Regularization"): begins with the frequent substrings of all words,
/// fits their probabilities by expectation and maximisation, and drops those whose loss the texts feel least, until the
/// vocabulary has the size that was asked for.
struct UnigramTrainer {
  /// Substrings to begin with, at most.
  private static let seedLimit = 1_000_000
  /// Fits between two prunings.
  private static let fitsPerPruning = 2
  /// Share of the pieces that stays at a pruning.
  private static let shrinkage = 0.75
  /// Occurrences that a piece is expected to have, at least.
  private static let leastExpected = 0.5
  private static let unknownToken = "<unk>"

  private let options: SubwordTrainingOptions
  private let text: SymbolText
  private let alphabet: [Unicode.Scalar]

  init(_ counts: WordCounts, _ options: SubwordTrainingOptions) {
    self.options = options
    let alphabet = Alphabet(counts, options)
    self.alphabet = alphabet.scalars
    text = alphabet.places(counts, wordLimit: UnigramLattice.longestWord)
  }

  func run(report: (Int) -> Bool) throws(SubwordTokenizerError) -> UnigramModel {
    let longest = min(options.maximumTokenLength ?? 16, UnigramLattice.longestWord)
    var pieces = UnigramSeeds(text, alphabetSize: alphabet.count, longest: longest).pieces(limit: Self.seedLimit)
    // A tenth more than asked for, since the last step takes the best of them.
    let wanted = max(options.vocabularySize * 11 / 10, alphabet.count)
    var matches = UnigramMatches(text, UnigramLattice(pieces).makeTrie())
    while true {
      for _ in 0..<Self.fitsPerPruning { fit(&pieces, &matches) }
      if pieces.count <= wanted || !report(pieces.count) { break }
      prune(&pieces, &matches, to: max(wanted, Int(Double(pieces.count) * Self.shrinkage)))
    }
    return try model(pieces)
  }

  /// One step of expectation and maximisation. Probabilities are exp(ψ(expected)), which favours few pieces (Liang & Klein
  /// 2007, "Structured Bayesian Nonparametric Models with Variational Inference").
  private func fit(_ pieces: inout [UnigramPiece], _ matches: inout UnigramMatches) {
    let expected = UnigramLattice(pieces).expectedCounts(text, matches)
    var numbers = [Int32](repeating: -1, count: pieces.count)
    var kept: [UnigramPiece] = []
    var sum = 0.0
    for (index, var piece) in pieces.enumerated() {
      // Characters stay, so that nothing of the texts becomes unknown.
      let count = piece.symbols.count == 1 ? max(expected[index], Self.leastExpected) : expected[index]
      if count < Self.leastExpected { continue }
      piece.score = count
      sum += count
      numbers[index] = Int32(kept.count)
      kept.append(piece)
    }
    let total = Self.digamma(sum)
    for index in kept.indices { kept[index].score = Self.digamma(kept[index].score) - total }
    if kept.count < pieces.count { matches.renumber(numbers) }
    pieces = kept
  }

  /// Keeps the pieces whose loss would lower the likelihood of the texts most, were the next best pieces to take their place.
  private func prune(_ pieces: inout [UnigramPiece], _ matches: inout UnigramMatches, to size: Int) {
    let lattice = UnigramLattice(pieces)
    let trie = lattice.makeTrie()
    let counts = lattice.bestCounts(text, matches)
    let sum = counts.reduce(0, +)
    let logSum = log(sum)
    var kept: [Int] = []
    var candidates: [(index: Int, loss: Double)] = []
    for (index, piece) in pieces.enumerated() {
      if piece.symbols.count == 1 {
        kept.append(index)
        continue
      }
      let count = counts[index]
      guard count > 0, let others = lattice.alternative(to: index, trie) else { continue }
      // Its occurrences become occurrences of the others.
      let otherSum = log(sum + count * Double(others.count - 1))
      let other = others.reduce(0.0) { $0 + log(counts[Int($1)] + count) - otherSum }
      candidates.append((index, count * (log(count) - logSum - other)))
    }
    candidates.sort { $0.loss != $1.loss ? $0.loss > $1.loss : $0.index < $1.index }
    kept += candidates.prefix(max(0, size - kept.count)).map(\.index).sorted()
    var numbers = [Int32](repeating: -1, count: pieces.count)
    for (number, index) in kept.enumerated() { numbers[index] = Int32(number) }
    matches.renumber(numbers)
    pieces = kept.map { pieces[$0] }
  }

  /// The special tokens, then the best pieces by falling probability, all characters among them.
  private func model(_ pieces: [UnigramPiece]) throws(SubwordTokenizerError) -> UnigramModel {
    let special = options.allSpecialTokens
    let room = options.vocabularySize - special.count
    func precedes(_ a: UnigramPiece, _ b: UnigramPiece) -> Bool {
      a.score != b.score ? a.score > b.score : a.symbols.lexicographicallyPrecedes(b.symbols)
    }
    let characters = pieces.filter { $0.symbols.count == 1 }.sorted(by: precedes)
    let others = pieces.filter { $0.symbols.count > 1 }.sorted(by: precedes)
    let chosen = characters.prefix(room) + others.prefix(max(0, room - characters.count))
    var tokens: [(token: String, score: Double)] = special.map { ($0, 0) }
    for piece in chosen.sorted(by: precedes) {
      var token = String.UnicodeScalarView()
      for symbol in piece.symbols { token.append(alphabet[Int(symbol)]) }
      if !special.contains(String(token)) { tokens.append((String(token), piece.score)) }
    }
    return try UnigramModel(
      vocabulary: try SubwordVocabulary(tokens.enumerated().map { ($1.token, $0) }), scores: tokens.map(\.score),
      unknownID: special.firstIndex(of: Self.unknownToken).map { Int32($0) }, byteFallback: false)
  }

  /// ψ(x) for x > 0: the recurrence up to 7, and from there on the asymptotic series (Abramowitz & Stegun 6.3.5, 6.3.18).
  static func digamma(_ x: Double) -> Double {
    var (x, sum) = (x, 0.0)
    while x < 7 {
      sum -= 1 / x
      x += 1
    }
    let square = 1 / (x * x)
    return sum + log(x) - 0.5 / x
      - square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square / 132))))
  }
}

/// A candidate for the vocabulary.
struct UnigramPiece {
  /// Places in the alphabet.
  let symbols: [Int32]
  /// Natural logarithm of its probability.
  var score: Double
}
