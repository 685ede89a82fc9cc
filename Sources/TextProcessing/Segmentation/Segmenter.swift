import CICU
import CTextKernels

/// What all workspaces of one tokenizer share. Immutable.
final class TokenizerRules: @unchecked Sendable {
  let settings: TokenizerSettings
  /// Never iterates; workspaces clone it, which ICU allows from several threads at once. Nil for white space.
  let prototype: BreakIterator?
  /// For words.
  let asciiWords: ASCIIWordRules?
  /// The kinds of scalars that are in every text, which each workspace begins with.
  let kinds: KindTable
  /// For lower-casing.
  let caseMapper: CaseMapper?
  let wholeTokens: WholeTokens?
  let transliterator: Transliterator?
  let dictionary: WordDictionary?
  /// nil for none.
  let stopWords: TokenTable?

  init(_ settings: TokenizerSettings) throws(TokenizerError) {
    self.settings = settings
    guard !settings.locale.utf8.contains(0), cicu_knows_locale(settings.locale) else {
      throw .unknownLocale(settings.locale)
    }
    switch settings.unit {
    case .word: prototype = try BreakIterator(cicu_break_word, locale: settings.locale)
    case .sentence: prototype = try BreakIterator(cicu_break_sentence, locale: settings.locale)
    case .line: prototype = try BreakIterator(cicu_break_line, locale: settings.locale)
    case .character: prototype = try BreakIterator(cicu_break_character, locale: settings.locale)
    case .whitespace: prototype = nil
    }
    var kinds = KindTable()
    _ = kinds[0]
    if settings.unit == .word, let iterator = prototype?.clone() {
      asciiWords = ASCIIWordRules(asking: iterator, kinds: &kinds)
    } else {
      asciiWords = nil
    }
    self.kinds = kinds
    wholeTokens = settings.unit == .word && !settings.wholeTokens.isEmpty ? WholeTokens(settings.wholeTokens) : nil
    dictionary =
      settings.unit == .word && !settings.dictionary.isEmpty ? WordDictionary(settings.dictionary) : nil
    if let id = settings.transliteration { transliterator = try Transliterator(id) } else { transliterator = nil }
    stopWords = settings.stopWords.isEmpty ? nil : try Self.stopWords(of: settings)
    caseMapper = settings.lowercase ? try CaseMapper(locale: settings.locale) : nil
    if let form = settings.normalization { _ = try NormalizationBuffer(form) }
  }

  /// Stop words as tokens are: normalised, transliterated, lower-cased, folded. Without a normalisation their composed and
  /// their decomposed spellings count too.
  private static func stopWords(of settings: TokenizerSettings) throws(TokenizerError) -> TokenTable {
    var table = TokenTable(capacity: settings.stopWords.count)
    var plain = settings
    plain.stopWords = []
    plain.skippedKinds = []
    // The pieces of a word are joined again.
    plain.dictionary = [:]
    let workspace = TokenizerWorkspace(try TokenizerRules(plain))
    let forms = settings.normalization == nil ? [try Normalizer(.nfc), try Normalizer(.nfd)] : []
    for word in settings.stopWords {
      // The text of a Swift string is well-formed.
      try? Array(word.utf8).withUnsafeBufferPointer { text throws(InvalidUTF8) in try workspace.run(text) }
      let token = (0..<workspace.count).map { workspace.text(at: $0) }.joined()
      table.insert(token.utf8, id: 0)
      for form in forms { table.insert(form.normalized(token).utf8, id: 0) }
    }
    return table
  }
}

/// Cuts well-formed UTF-8 into the segments of one unit. Belongs to one thread.
struct Segmenter {
  private let rules: TokenizerRules
  private let iterator: BreakIterator?
  private var kinds: KindTable
  /// Made when the first ideographs are met.
  private var hanWords: HanWords?
  private var hasLookedForHanWords = false
  var scanner = ByteScanner.best
  /// Whether words of ASCII text are found without ICU.
  var usesASCIIScanner = true

  init(_ rules: TokenizerRules) {
    self.rules = rules
    iterator = rules.prototype?.clone()
    kinds = rules.kinds
  }

  /// Appends the segments of the text from `start` on.
  mutating func segment(_ text: UnsafeBufferPointer<UInt8>, from start: Int, into spans: SpanList) {
    switch rules.settings.unit {
    case .word:
      guard let wholeTokens = rules.wholeTokens else { return segmentWords(text, from: start, into: spans) }
      var end = start
      wholeTokens.forEach(in: text, from: start) { range, kind in
        segmentWords(text, from: end, to: range.lowerBound, into: spans)
        let token = UnsafeBufferPointer(rebasing: text[range])
        spans.append(
          range.lowerBound, range.upperBound, kind, nonASCII: scanner.firstNonASCII(in: token) < token.count)
        end = range.upperBound
      }
      segmentWords(text, from: end, to: text.count, into: spans)
    case .character: segmentCharacters(text, from: start, into: spans)
    case .sentence, .line: segmentWithoutSpaces(text, from: start, into: spans)
    case .whitespace: segmentBetweenSpaces(text, start..<text.count, into: spans)
    }
  }

  // MARK: Words

  /// The words of a part of the text, as if it stood alone.
  private mutating func segmentWords(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int, into spans: SpanList
  ) {
    if start < end { segmentWords(UnsafeBufferPointer(rebasing: text[..<end]), from: start, into: spans) }
  }

  /// ASCII stretches go through the scanner; what is around other text goes to ICU, in islands cut where a boundary
  /// stands for sure and neither side can change the other.
  private mutating func segmentWords(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, into spans: SpanList
  ) {
    guard let asciiWords = rules.asciiWords, usesASCIIScanner else {
      forEachPart(of: text, start..<text.count) { appendWords(of: text, $0, into: spans) }
      return
    }
    var position = start
    while position < text.count {
      let nonASCII = scanner.firstNonASCII(in: text, from: position)
      let islandStart = nonASCII == text.count ? nonASCII : Islands.start(in: text, from: position, before: nonASCII)
      spans.appendASCIIWords(of: text, in: position..<islandStart, rules: asciiWords, scanner: scanner)
      guard islandStart < text.count else { return }
      position = Islands.end(in: text, from: nonASCII, scanner: scanner)
      forEachPart(of: text, islandStart..<position) { appendWords(of: text, $0, into: spans) }
    }
  }

  private mutating func appendWords(
    of text: UnsafeBufferPointer<UInt8>, _ part: Range<Int>, into spans: SpanList
  ) {
    guard let asciiWords = rules.asciiWords, usesASCIIScanner else {
      return appendICUWords(of: text, part, into: spans)
    }
    var position = part.lowerBound
    while position < part.upperBound {
      let end = HanWords.stretchEnd(in: text, position..<part.upperBound)
      // A short stretch is not worth two calls of ICU around it.
      if end == part.upperBound || end - position >= 24, prepareHanWords() {
        appendHanWords(of: text, position..<end, asciiWords, into: spans)
        position = end
      } else {
        let next = HanWords.nextStretch(in: text, max(position, end)..<part.upperBound)
        appendICUWords(of: text, position..<next, into: spans)
        position = next
      }
    }
  }

  private mutating func prepareHanWords() -> Bool {
    if !hasLookedForHanWords {
      hasLookedForHanWords = true
      hanWords = HanWords()
    }
    return hanWords != nil
  }

  /// The words of a stretch of ideographs, plain punctuation and ASCII.
  private mutating func appendHanWords(
    of text: UnsafeBufferPointer<UInt8>, _ stretch: Range<Int>, _ asciiWords: ASCIIWordRules, into spans: SpanList
  ) {
    var position = stretch.lowerBound
    while position < stretch.upperBound {
      let first = position
      if text[position] < 0x80 {
        position = min(scanner.firstNonASCII(in: text, from: position), stretch.upperBound)
        spans.appendASCIIWords(of: text, in: first..<position, rules: asciiWords, scanner: scanner)
      } else if HanWords.isIdeograph(text, position) {
        repeat {
          position += 3
        } while position < stretch.upperBound && text[position] >= 0x80
          && HanWords.isIdeograph(text, position)
        var start = first
        hanWords?.forEachWord(in: text, first..<position) { end in
          spans.append(start, end, .cjk, nonASCII: true)
          start = end
        }
      } else {
        position += 3
        let kind = kinds.kind(ofCluster: UnsafeBufferPointer(rebasing: text[first..<position]))
        spans.append(first, position, kind, nonASCII: true)
      }
    }
  }

  private mutating func appendICUWords(
    of text: UnsafeBufferPointer<UInt8>, _ part: Range<Int>, into spans: SpanList
  ) {
    let bytes = UnsafeBufferPointer(rebasing: text[part])
    forEachSegment(of: bytes) { start, end, status, nonASCII in
      let kind = kinds.kind(ofWord: UnsafeBufferPointer(rebasing: bytes[start..<end]), status: status)
      spans.append(part.lowerBound + start, part.lowerBound + end, kind, nonASCII: nonASCII)
    }
  }

  // MARK: Other units

  /// Every ASCII character is a cluster of its own but for CR LF, unless what follows it is not ASCII and may attach.
  private mutating func segmentCharacters(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, into spans: SpanList
  ) {
    var position = start
    while position < text.count {
      let nonASCII = scanner.firstNonASCII(in: text, from: position)
      let stretchEnd = nonASCII == text.count ? nonASCII : max(position, nonASCII - 1)
      if usesASCIIScanner { position = appendASCIICharacters(of: text, position..<stretchEnd, into: spans) }
      guard position < text.count else { return }
      let islandEnd = usesASCIIScanner ? Islands.clusterEnd(in: text, from: nonASCII, scanner: scanner) : text.count
      forEachPart(of: text, position..<islandEnd) { appendCharacters(of: text, $0, into: spans) }
      position = islandEnd
    }
  }

  private mutating func appendASCIICharacters(
    of text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into spans: SpanList
  ) -> Int {
    var position = range.lowerBound
    while position < range.upperBound {
      let isPair = text[position] == 0x0D && position + 1 < text.count && text[position + 1] == 0x0A
      let end = position + (isPair ? 2 : 1)
      spans.append(position, end, kinds[UInt32(text[position])].kind, nonASCII: false)
      position = end
    }
    return position
  }

  private mutating func appendCharacters(
    of text: UnsafeBufferPointer<UInt8>, _ part: Range<Int>, into spans: SpanList
  ) {
    let bytes = UnsafeBufferPointer(rebasing: text[part])
    forEachSegment(of: bytes) { start, end, _, nonASCII in
      let kind = kinds.kind(ofCluster: UnsafeBufferPointer(rebasing: bytes[start..<end]))
      spans.append(part.lowerBound + start, part.lowerBound + end, kind, nonASCII: nonASCII)
    }
  }

  /// White space at the end of a sentence, or of a piece of a line, is a segment of its own.
  private mutating func segmentWithoutSpaces(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, into spans: SpanList
  ) {
    forEachPart(of: text, start..<text.count) { part in
      let bytes = UnsafeBufferPointer(rebasing: text[part])
      forEachSegment(of: bytes) { start, end, _, nonASCII in
        let trimmed = endWithoutSpace(of: bytes, start..<end)
        if start < trimmed {
          spans.append(part.lowerBound + start, part.lowerBound + trimmed, .word, nonASCII: nonASCII)
        }
        if trimmed < end {
          spans.append(part.lowerBound + trimmed, part.lowerBound + end, .space, nonASCII: nonASCII)
        }
      }
    }
  }

  private mutating func endWithoutSpace(of text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
    var end = range.upperBound
    while end > range.lowerBound {
      var last = end - 1
      while last > range.lowerBound, text[last] & 0xC0 == 0x80 { last -= 1 }
      guard kinds[UTF8Decoding.scalar(in: text, at: last).scalar].kind == .space else { break }
      end = last
    }
    return end
  }

  private mutating func segmentBetweenSpaces(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into spans: SpanList
  ) {
    var start = range.lowerBound
    var isSpace = false
    var nonASCII = false
    var position = start
    while position < range.upperBound {
      let (scalar, size) = UTF8Decoding.scalar(in: text, at: position)
      let scalarIsSpace = kinds[scalar].kind == .space
      if scalarIsSpace != isSpace {
        appendRun(of: text, start..<position, isSpace: isSpace, nonASCII: nonASCII, into: spans)
        start = position
        isSpace = scalarIsSpace
        nonASCII = false
      }
      if size > 1 { nonASCII = true }
      position += size
    }
    appendRun(of: text, start..<position, isSpace: isSpace, nonASCII: nonASCII, into: spans)
  }

  private mutating func appendRun(
    of text: UnsafeBufferPointer<UInt8>, _ run: Range<Int>, isSpace: Bool, nonASCII: Bool, into spans: SpanList
  ) {
    guard !run.isEmpty else { return }
    let kind = isSpace ? .space : kinds.kind(ofCluster: UnsafeBufferPointer(rebasing: text[run]))
    spans.append(run.lowerBound, run.upperBound, kind, nonASCII: nonASCII)
  }

  /// Calls `body` with each of ICU's segments: start, end, rule status, and whether it holds more than ASCII.
  @inline(__always)
  private func forEachSegment(of bytes: UnsafeBufferPointer<UInt8>, _ body: (Int, Int, Int32, Bool) -> Void) {
    if let iterator {
      iterator.forEachSegment(in: bytes, body)
    } else {
      // There was no memory for an iterator; the text must not vanish.
      body(0, bytes.count, 0, true)
    }
  }

  /// Long texts go to ICU in parts, so that its copy of them stays small. A part ends after a line feed, where every kind
  /// of segment ends whatever stands around it.
  private func forEachPart(of text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = Islands.partEnd(in: text, start..<range.upperBound, scanner: scanner)
      body(start..<end)
      start = end
    }
  }
}
