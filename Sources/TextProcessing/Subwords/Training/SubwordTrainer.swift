/// Trains a tokenizer of subwords.
///
/// ```swift
/// var trainer = try SubwordTrainer(SubwordTrainingOptions(.byteLevelBytePair))
/// for text in texts { try trainer.add(text) }
/// let tokenizer = try trainer.train()
/// try tokenizer.write(to: "tokenizer.json")
/// ```
///
/// The same texts and options give the same tokenizer. Memory grows with the distinct words, up to
/// ``SubwordTrainingOptions/memoryLimit``.
public struct SubwordTrainer {
  /// How it trains.
  public let options: SubwordTrainingOptions
  private let pipeline: SubwordPipeline
  private var counts: WordCounts
  private let quick: QuickWords?
  private let buffer = ByteBuffer()
  private var words: [Range<Int>] = []

  /// - Throws: ``SubwordTokenizerError/invalid(part:reason:)`` for options that cannot be.
  public init(_ options: SubwordTrainingOptions) throws(SubwordTokenizerError) {
    if let fault = options.fault { throw .invalid(part: "training", reason: fault) }
    self.options = options
    pipeline = SubwordPipeline(options)
    counts = WordCounts(memoryLimit: options.memoryLimit)
    quick = QuickWords(pipeline.normalizer, pipeline.preTokenizer)
  }

  /// Distinct words so far.
  public var wordCount: Int { counts.count }

  /// Counts the words of a text.
  public mutating func add(_ text: String) throws(SubwordTokenizerError) {
    try add(text.utf8.span)
  }

  /// Counts the words of a text of UTF-8.
  ///
  /// - Throws: ``SubwordTokenizerError/invalidUTF8(_:)`` with the offset of the first bad byte.
  public mutating func add(_ utf8: Span<UInt8>) throws(SubwordTokenizerError) {
    if let offset = UTF8Validation.firstInvalidOffset(in: utf8) { throw .invalidUTF8(InvalidUTF8(offset: offset)) }
    let isDone = utf8.withUnsafeBufferPointer { text -> Bool in
      guard let quick, let text = quick.find(in: text, buffer, &words) else { return false }
      for word in words { counts.add(UnsafeBufferPointer(rebasing: text[word])) }
      return true
    }
    if isDone { return }
    var text = PreTokenizedText()
    text.append(AlignedText(utf8.withUnsafeBufferPointer { Array($0) }, base: 0))
    if let normalizer = pipeline.normalizer {
      try text.change { piece throws(SubwordTokenizerError) in try normalizer.apply(to: &piece) }
    }
    try pipeline.preTokenizer.apply(to: &text)
    for piece in text.pieces {
      text.texts[piece.text].bytes.withUnsafeBufferPointer { bytes in
        counts.add(UnsafeBufferPointer(rebasing: bytes[piece.range]))
      }
    }
  }

  /// Makes a tokenizer of what was counted.
  ///
  /// - Parameter report: told now and then how many tokens there are, or of a unigram model's too many are left; false
  ///   ends training with what there is.
  /// - Throws: ``SubwordTokenizerError/invalid(part:reason:)`` where no text has a word.
  public func train(
    report: (_ tokens: Int) -> Bool = { _ in true }
  ) throws(SubwordTokenizerError) -> SubwordTokenizer {
    guard counts.count > 0 else { throw .invalid(part: "training", reason: "no text has a word") }
    let model: SubwordModel
    switch options.kind {
    case .unigram: model = .unigram(try UnigramTrainer(counts, options).run(report: report))
    default: model = try bytePairModel(report: report)
    }
    return try pipeline.tokenizer(model)
  }

  private func bytePairModel(report: (Int) -> Bool) throws(SubwordTokenizerError) -> SubwordModel {
    let prefix = options.kind == .wordPiece ? "##" : ""
    var tokens = SymbolTable()
    for token in options.allSpecialTokens { tokens.insert(token) }
    let alphabet = Alphabet(counts, options)
    for scalar in alphabet.scalars { tokens.insert(String(Character(scalar))) }
    // WordPiece spells a scalar that goes on in another way.
    let going = prefix.isEmpty ? [] : alphabet.goingOn(counts).map { tokens.insert(prefix + String(Character($0))) }
    let text = alphabet.symbols(counts, tokens, goingOn: going)
    var trainer = BytePairTrainer(
      text, tokens: tokens, prefix: prefix, minimumCount: options.minimumCount,
      maximumLength: options.maximumTokenLength)
    trainer.run(vocabularySize: options.vocabularySize, report: report)
    let strings = trainer.tokens.strings
    let vocabulary = try SubwordVocabulary(strings.enumerated().map { ($1, $0) })
    if options.kind == .wordPiece {
      return .wordPiece(
        try WordPieceModel(
          vocabulary: vocabulary, unknownToken: options.unknownToken ?? "[UNK]", continuingSubwordPrefix: prefix,
          maximumScalars: 100))
    }
    var bytePair = BytePairOptions()
    bytePair.unknownToken = options.unknownToken
    let merges = trainer.merges.map { (strings[Int($0.left)], strings[Int($0.right)]) }
    return .bytePair(
      try BytePairModel(
        vocabulary: vocabulary, merges: merges, options: bytePair,
        isByteLevel: options.kind == .byteLevelBytePair))
  }
}
