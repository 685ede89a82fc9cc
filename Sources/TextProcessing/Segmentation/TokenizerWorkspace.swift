/// The memory in which a tokenizer works, and the tokens that it found last. One for each thread; reused from text to
/// text, so that nothing is allocated for a token.
public final class TokenizerWorkspace {
  private(set) var rules: TokenizerRules
  var segmenter: Segmenter
  private var spans: SpanList
  private var normalization: NormalizationBuffer?
  private var transliteration: TransliterationBuffer?
  /// Whether the text is in the normalisation buffer.
  private var isNormalized = false
  /// A copy of a text that is not normalised.
  private let copy = ByteBuffer()
  /// A lower-cased token.
  private let scratch = ByteBuffer()
  private var moreScratch: [ByteBuffer] = []
  /// How many calls of `withUTF8` are going on: while a token is lent, its memory must stay.
  @usableFromInline var lentTokens = 0

  init(_ rules: TokenizerRules) {
    self.rules = rules
    segmenter = Segmenter(rules)
    spans = SpanList(skipping: rules.settings.skippedKinds)
    // The tokenizer has opened the same before, so that this fails only without memory.
    normalization = rules.settings.normalization.flatMap { try? NormalizationBuffer($0) }
    transliteration = rules.transliterator.flatMap { TransliterationBuffer($0) }
  }

  /// Makes the workspace one of these rules, when it was made by another tokenizer.
  func adopt(_ newRules: TokenizerRules) {
    guard newRules !== rules else { return }
    let other = TokenizerWorkspace(newRules)
    rules = newRules
    segmenter = other.segmenter
    spans = other.spans
    normalization = other.normalization
    transliteration = other.transliteration
  }

  /// Number of tokens.
  public var count: Int { spans.count }

  /// What a token is.
  public func kind(at index: Int) -> TokenKind {
    spans.kind(at: index)
  }

  /// The bytes of a token in the original text.
  public func range(at index: Int) -> Range<Int> {
    var range = spans.range(at: index)
    if let transliteration { range = transliteration.source(of: range) }
    if isNormalized, let normalization { range = normalization.alignment.source(of: range) }
    return range
  }

  /// A token after normalisation and lower-casing.
  public func text(at index: Int) -> String {
    String(decoding: tokenBytes(at: index), as: UTF8.self)
  }

  /// Calls `body` with the bytes of a token after normalisation and lower-casing: for looking it up without making a
  /// string of it. `body` must not tokenize with this workspace.
  @inlinable
  public func withUTF8<R>(at index: Int, _ body: (Span<UInt8>) -> R) -> R {
    let bytes = tokenBytes(at: index)
    lentTokens += 1
    defer { lentTokens -= 1 }
    return body(bytes.span)
  }

  @usableFromInline
  func tokenBytes(at index: Int) -> UnsafeBufferPointer<UInt8> {
    let range = spans.range(at: index)
    let bytes = UnsafeBufferPointer(rebasing: textBytes[range])
    if rules.settings.foldsNumbers, spans.kind(at: index) == .number { return folded(bytes) }
    guard let caseMapper = rules.caseMapper, !caseMapper.lowercasesASCIIPlainly || spans.isNonASCII(at: index) else {
      return bytes
    }
    let result = freeScratch
    caseMapper.lowercase(bytes, into: result)
    return result.bytes
  }

  /// The text that tokens are cut from.
  private var textBytes: UnsafeBufferPointer<UInt8> {
    if let transliteration { return transliteration.bytes }
    return isNormalized ? normalization?.bytes ?? copy.bytes : copy.bytes
  }

  /// A number with zeros for its digits, of all scripts.
  private func folded(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    let result = freeScratch
    result.resize(to: 0)
    var index = 0
    while index < bytes.count {
      let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: index)
      let isDigit =
        scalar < 0x80
        ? (0x30...0x39).contains(scalar) : Unicode.Scalar(scalar)?.properties.numericType == .decimal
      if isDigit {
        result.resize(to: result.count + 1)
        result.memory[result.count - 1] = UInt8(ascii: "0")
      } else {
        result.append(UnsafeBufferPointer(rebasing: bytes[index..<index + size]))
      }
      index += size
    }
    return result.bytes
  }

  /// Scratch memory: a token that is lent may be in the first one already.
  private var freeScratch: ByteBuffer { lentTokens == 0 ? scratch : nestedScratch() }

  /// Scratch memory for a token that is asked for while others are lent: one for each depth.
  private func nestedScratch() -> ByteBuffer {
    while moreScratch.count < lentTokens { moreScratch.append(ByteBuffer()) }
    return moreScratch[lentTokens - 1]
  }

  /// Finds the tokens of a text.
  func run(_ text: UnsafeBufferPointer<UInt8>) throws(InvalidUTF8) {
    precondition(lentTokens == 0, "a workspace cannot tokenize while one of its tokens is in use")
    spans.removeAll()
    if let offset = segmenter.scanner.firstInvalidUTF8(in: text) { throw InvalidUTF8(offset: offset) }
    let start = ByteOrderMark.begins(text) ? ByteOrderMark.size : 0
    // ASCII is the same in every form.
    isNormalized = normalization != nil && segmenter.scanner.firstNonASCII(in: text) < text.count
    if isNormalized { normalization?.run(text, skipping: start) }
    if let transliteration {
      if isNormalized, let normalization {
        transliteration.run(normalization.bytes, skipping: 0)
      } else {
        transliteration.run(text, skipping: start)
      }
      segmenter.segment(transliteration.bytes, from: 0, into: spans)
      if lowercasesWholeText { transliteration.lowercaseASCII(segmenter.scanner) }
    } else if isNormalized, let normalization {
      segmenter.segment(normalization.bytes, from: 0, into: spans)
      if lowercasesWholeText { normalization.lowercaseASCII(segmenter.scanner) }
    } else {
      segmenter.segment(text, from: start, into: spans)
      keep(text)
    }
    rules.dictionary?.apply(to: spans, of: textBytes)
    if let stopWords = rules.stopWords { spans.keep { stopWords.id(of: tokenBytes(at: $0)) == nil } }
  }

  /// Whether the ASCII letters of the whole text are lower-cased at once, so that only other tokens need ICU.
  private var lowercasesWholeText: Bool { rules.caseMapper?.lowercasesASCIIPlainly ?? false }

  private func keep(_ text: UnsafeBufferPointer<UInt8>) {
    copy.resize(to: text.count)
    if lowercasesWholeText {
      segmenter.scanner.lowercaseASCII(text, to: copy.memory)
    } else {
      _ = copy.memory.update(fromContentsOf: text)
    }
  }
}
