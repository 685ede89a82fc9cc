/// Ways to cut that need no list of pieces: all words of a text are found in one go.
enum QuickWords: Sendable {
  case gpt2
  case whitespace
  /// BERT's, of ASCII alone, which its normaliser does no more to than lower-casing.
  case bert(lowercases: Bool)

  /// nil for a normaliser and a pre-tokenizer that have no such way.
  init?(_ normalizer: SubwordNormalizer?, _ preTokenizer: PreTokenizer?) {
    switch (normalizer, preTokenizer) {
    case (nil, .byteLevel(addsPrefixSpace: false, usesWords: true)?): self = .gpt2
    case (nil, .whitespace?): self = .whitespace
    case (.bert(_, _, _, let lowercases)?, .bert?): self = .bert(lowercases: lowercases)
    default: return nil
    }
  }

  /// Replaces `words` by the words of a text, as they stand in the result, which is the text or its lower-cased form in
  /// `buffer`; nil for a text that has to go the long way.
  func find(
    in text: UnsafeBufferPointer<UInt8>, _ buffer: ByteBuffer, _ words: inout [Range<Int>]
  ) -> UnsafeBufferPointer<UInt8>? {
    words.removeAll(keepingCapacity: true)
    return ScalarClasses.withTable { table in
      switch self {
      case .gpt2: GPT2Words.forEach(in: text, 0..<text.count, table) { words.append($0) }
      case .whitespace: Self.forEachRun(in: text, table) { words.append($0) }
      case .bert(let lowercases):
        guard Self.isPlain(text) else { return nil }
        Self.forEachBERTWord(in: text, table) { words.append($0) }
        guard lowercases else { return text }
        buffer.resize(to: text.count)
        ByteScanner.best.lowercaseASCII(text, to: buffer.memory)
        return buffer.bytes
      }
      return text
    }
  }

  /// Whether a text is ASCII without controls that are not white space.
  private static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if ByteScanner.best.firstNonASCII(in: text) < text.count { return false }
    for byte in text where byte < 0x20 || byte == 0x7F {
      if byte != 0x09, byte != 0x0A, byte != 0x0D { return false }
    }
    return true
  }

  /// Runs of `\w`, and runs of neither that nor space.
  @inline(__always)
  private static func forEachRun(
    in text: UnsafeBufferPointer<UInt8>, _ classes: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void
  ) {
    let (word, space) = (ScalarClasses.word.rawValue, ScalarClasses.whiteSpace.rawValue)
    var index = 0
    while index < text.count {
      var (scalar, size) = UTF8Decoding.scalar(in: text, at: index)
      let kind = classes[Int(scalar)] & (word | space)
      let start = index
      repeat {
        index += size
        guard index < text.count else { break }
        (scalar, size) = UTF8Decoding.scalar(in: text, at: index)
      } while classes[Int(scalar)] & (word | space) == kind
      if kind & space == 0 { body(start..<index) }
    }
  }

  /// What stands between white space, punctuation by itself.
  @inline(__always)
  private static func forEachBERTWord(
    in text: UnsafeBufferPointer<UInt8>, _ classes: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void
  ) {
    let (word, space) = (ScalarClasses.word.rawValue, ScalarClasses.whiteSpace.rawValue)
    var start = 0
    for index in text.indices {
      let kind = classes[Int(text[index])]
      // Of ASCII's word characters the underscore alone is punctuation.
      if kind & word != 0, text[index] != UInt8(ascii: "_") { continue }
      if start < index { body(start..<index) }
      if kind & space == 0 { body(index..<index + 1) }
      start = index + 1
    }
    if start < text.count { body(start..<text.count) }
  }
}
