extension SubwordTokenizer {
  /// Reads a `.model` of SentencePiece: unigram and byte-pair models, whose ids are those of `sentencepiece` without the
  /// tokens for beginning and end of a text.
  ///
  /// Control symbols such as `<s>` have their ids, and are plain text where a text holds them.
  ///
  /// - Throws: ``SubwordTokenizerError``; a setting that nlptool does not have is refused by its name.
  public init(sentencePiece path: String) throws(SubwordTokenizerError) {
    try self.init(sentencePieceModel: try Self.bytes(of: path))
  }

  /// Reads the bytes of a `.model` of SentencePiece.
  public init(sentencePieceModel bytes: [UInt8]) throws(SubwordTokenizerError) {
    let file = try SentencePieceFile(bytes)
    let model = try file.model()
    // Words can be found one by one where no piece goes from one into the next. In a unigram model equally good ways are told
    // apart by how the sum of the whole text is rounded.
    let crossesWords =
      file.isUnigram || file.pieces.contains { piece in piece.text.unicodeScalars.dropFirst().contains("▁") }
    let split = PreTokenizer.split(TextPattern(string: "▁"), .mergedWithNext, inverted: false)
    try self.init(
      model: model, addedTokens: file.addedTokens, normalizer: try file.normalizer(),
      preTokenizer: crossesWords ? nil : split, postProcessor: nil, decoder: file.decoder,
      sentencePiece: bytes)
  }
}

/// What stands in a `.model` (sentencepiece_model.proto).
private struct SentencePieceFile {
  enum Kind: UInt64 {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  struct Piece {
    var text = ""
    var score: Float = 0
    var kind = Kind.normal
  }

  private(set) var pieces: [Piece] = []
  private var modelType: UInt64 = 1
  private var byteFallback = false
  private var characterMap: [UInt8] = []
  private var addsDummyPrefix = true
  private var removesExtraSpaces = true
  private var escapesSpaces = true
  private var putsSpacesBehind = false

  init(_ bytes: [UInt8]) throws(SubwordTokenizerError) {
    var fields = WireFields(bytes, 0..<bytes.count)
    while let field = try fields.next() {
      guard case .bytes(let range) = field.value else { continue }
      switch field.number {
      case 1: pieces.append(try Self.piece(bytes, range))
      case 2: try readTrainer(bytes, range)
      case 3: try readNormalizer(bytes, range)
      default: break
      }
    }
    guard !pieces.isEmpty else {
      throw .invalid(part: "SentencePiece model", reason: "it has no pieces; is it such a model?")
    }
    if putsSpacesBehind { throw .unsupported(part: "treat_whitespace_as_suffix", value: "true") }
    if !escapesSpaces { throw .unsupported(part: "escape_whitespaces", value: "false") }
    if pieces.contains(where: { $0.kind == .unused }) { throw .unsupported(part: "type of a piece", value: "UNUSED") }
  }

  private static func piece(_ bytes: [UInt8], _ range: Range<Int>) throws(SubwordTokenizerError) -> Piece {
    var piece = Piece()
    var fields = WireFields(bytes, range)
    while let field = try fields.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let range)):
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
          throw .invalid(part: "SentencePiece model", reason: "a piece is not UTF-8")
        }
        // SentencePiece makes pieces of 16 characters at most unless it is told otherwise. Work grows with the square.
        guard text.utf8.count <= 1024 else {
          throw .unsupported(part: "a piece", value: "one of \(text.utf8.count) bytes; 1024 are possible")
        }
        piece.text = text
      case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .number(let value)):
        guard let kind = Kind(rawValue: value) else { throw .unsupported(part: "type of a piece", value: "\(value)") }
        piece.kind = kind
      default: break
      }
    }
    return piece
  }

  private mutating func readTrainer(_ bytes: [UInt8], _ range: Range<Int>) throws(SubwordTokenizerError) {
    var fields = WireFields(bytes, range)
    while let field = try fields.next() {
      guard case .number(let value) = field.value else { continue }
      switch field.number {
      case 3: modelType = value
      case 24: putsSpacesBehind = value != 0
      case 35: byteFallback = value != 0
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ bytes: [UInt8], _ range: Range<Int>) throws(SubwordTokenizerError) {
    var fields = WireFields(bytes, range)
    while let field = try fields.next() {
      switch (field.number, field.value) {
      case (2, .bytes(let range)): characterMap = Array(bytes[range])
      case (3, .number(let value)): addsDummyPrefix = value != 0
      case (4, .number(let value)): removesExtraSpaces = value != 0
      case (5, .number(let value)): escapesSpaces = value != 0
      default: break
      }
    }
  }

  var isUnigram: Bool { modelType == 1 }

  func model() throws(SubwordTokenizerError) -> SubwordModel {
    let vocabulary = try SubwordVocabulary(pieces.enumerated().map { ($1.text, $0) })
    let unknown = pieces.firstIndex { $0.kind == .unknown }
    switch modelType {
    case 1:
      let normal = pieces.filter { $0.kind == .normal }.map(\.score)
      let (least, most) = (normal.min() ?? 0, normal.max() ?? 0)
      // What users define is as good as the best token for each byte; what is neither that nor normal is not found in words.
      let pathScores = pieces.map { piece in
        switch piece.kind {
        case .normal: Double(piece.score)
        case .userDefined: Double(Float(piece.text.utf8.count) * most - 0.1)
        default: -Double.infinity
        }
      }
      return .unigram(
        try UnigramModel(
          vocabulary: vocabulary, scores: pieces.map { Double($0.kind == .normal ? $0.score : least) },
          unknownID: unknown.map { Int32($0) }, byteFallback: byteFallback, pathScores: pathScores,
          usesSinglePrecision: true))
    case 2:
      var options = BytePairOptions()
      options.unknownToken = unknown.map { pieces[$0].text }
      options.fusesUnknown = true
      options.byteFallback = byteFallback
      let (merges, ranks) = merges(vocabulary)
      return .bytePair(
        try BytePairModel(vocabulary: vocabulary, merges: merges, ranks: ranks, options: options, isByteLevel: false))
    default:
      throw .unsupported(part: "model_type", value: modelType == 3 ? "WORD" : modelType == 4 ? "CHAR" : "\(modelType)")
    }
  }

  /// Every pair of pieces that make a piece, better ones first. What makes the same piece has the same rank.
  private func merges(
    _ vocabulary: SubwordVocabulary
  ) -> (merges: [(left: String, right: String)], ranks: [Int32]) {
    let order = pieces.indices.filter { pieces[$0].kind == .normal }.sorted {
      pieces[$0].score != pieces[$1].score ? pieces[$0].score > pieces[$1].score : $0 < $1
    }
    var merges: [(left: String, right: String)] = []
    var ranks: [Int32] = []
    func isNormal(_ text: String) -> Bool { vocabulary.id(of: text).map { pieces[Int($0)].kind == .normal } ?? false }
    for (rank, index) in order.enumerated() {
      let scalars = Array(pieces[index].text.unicodeScalars)
      guard scalars.count > 1 else { continue }
      for cut in 1..<scalars.count {
        var (left, right) = (String.UnicodeScalarView(), String.UnicodeScalarView())
        left.append(contentsOf: scalars[..<cut])
        right.append(contentsOf: scalars[cut...])
        guard isNormal(String(left)), isNormal(String(right)) else { continue }
        merges.append((String(left), String(right)))
        ranks.append(Int32(rank))
      }
    }
    return (merges, ranks)
  }

  var addedTokens: [AddedToken] {
    pieces.enumerated().compactMap { id, piece in
      guard piece.kind == .control || piece.kind == .userDefined || piece.kind == .unknown else { return nil }
      var token = AddedToken(piece.text, id: id)
      token.isSpecial = piece.kind == .control
      token.search = piece.kind == .userDefined && !isUnigram ? .literallyInNormalized : .nowhere
      token.isNormalized = true
      return token
    }
  }

  func normalizer() throws(SubwordTokenizerError) -> SubwordNormalizer {
    var steps: [SubwordNormalizer] = []
    if !characterMap.isEmpty {
      var map = try PrecompiledCharacterMap(characterMap)
      map.matchesLongest = true
      for piece in pieces where piece.kind == .userDefined { map.kept.insert(piece.text.utf8, value: 0) }
      steps.append(.precompiled(map))
    }
    if removesExtraSpaces { steps.append(.collapseSpaces) }
    // Where spaces are taken off the ends, the one that is put before nothing goes too.
    if addsDummyPrefix { steps.append(removesExtraSpaces ? .prepend(" ") : .prependAlways(" ")) }
    steps.append(.replace(TextPattern(string: " "), content: "▁"))
    return .sequence(steps)
  }

  var decoder: SubwordDecoder {
    var steps: [SubwordDecoder] = [.replace(TextPattern(string: "▁"), content: " ")]
    if byteFallback { steps.append(.byteFallback) }
    if let unknown = pieces.first(where: { $0.kind == .unknown }) {
      steps.append(.replace(TextPattern(string: unknown.text), content: " ⁇ "))
    }
    steps.append(.fuse)
    if addsDummyPrefix { steps.append(.strip(content: " ", start: 1, stop: 0)) }
    return .sequence(steps)
  }
}
