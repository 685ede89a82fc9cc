import CICU

/// What is done to a text before it is cut. The cases are those of `tokenizers`, and do the same.
indirect enum SubwordNormalizer: Sendable {
  /// BERT's: drops controls, writes spaces around ideographs, takes accents off, lower-cases.
  case bert(cleansText: Bool, spacesIdeographs: Bool, stripsAccents: Bool?, lowercases: Bool)
  case form(NormalizationForm)
  case lowercase
  case stripAccents
  /// Takes white space off the ends.
  case strip(left: Bool, right: Bool)
  case replace(TextPattern, content: String)
  case prepend(String)
  /// Also before a text of which nothing is left, as SentencePiece does where it keeps spaces.
  case prependAlways(String)
  /// Takes spaces off the ends and makes one of several, as SentencePiece does.
  case collapseSpaces
  /// Drops controls and turns other spaces into plain ones, as SentencePiece does for translation.
  case nmt
  /// The character map of a SentencePiece model.
  case precompiled(PrecompiledCharacterMap)
  case sequence([SubwordNormalizer])

  func apply(to text: inout AlignedText) throws(SubwordTokenizerError) {
    switch self {
    case .sequence(let parts):
      for part in parts {
        try part.apply(to: &text)
        if text.isTooLarge { throw .tooLarge(limit: text.sizeLimit) }
      }
    case .bert(let cleansText, let spacesIdeographs, let stripsAccents, let lowercases):
      if Self.isPlainASCII(text.bytes) {
        if cleansText {
          for index in text.bytes.indices where text.bytes[index] < 0x20 { text.bytes[index] = 0x20 }
        }
        if lowercases { Self.lowercase(&text) }
        return
      }
      if cleansText || spacesIdeographs {
        text.mapScalars { scalar, source, result in
          Self.clean(scalar, source, &result, cleansText, spacesIdeographs)
        }
      }
      if stripsAccents ?? lowercases {
        try Self.normalize(&text, .nfd)
        Self.drop(.nonspacingMark, from: &text)
      }
      if lowercases { Self.lowercase(&text) }
    case .form(let form): try Self.normalize(&text, form)
    case .lowercase: Self.lowercase(&text)
    case .stripAccents: Self.drop(.mark, from: &text)
    case .strip(let left, let right): Self.strip(&text, left: left, right: right)
    case .replace(let pattern, let content):
      let matches = try pattern.matches(in: text.bytes, 0..<text.bytes.count)
      guard !matches.isEmpty else { return }
      var builder = text.makeBuilder()
      var end = 0
      for match in matches {
        builder.append(text, end..<match.lowerBound)
        let source = text.source(of: match)
        builder.append(content.utf8, from: Int32(source.lowerBound)..<Int32(source.upperBound))
        end = match.upperBound
      }
      builder.append(text, end..<text.bytes.count)
      text.replace(builder)
    case .prepend(let string): if !text.bytes.isEmpty { text.prepend(string) }
    case .prependAlways(let string): text.prepend(string)
    case .collapseSpaces: Self.collapseSpaces(&text)
    case .nmt: text.mapScalars(Self.nmt)
    case .precompiled(let map): map.apply(to: &text)
    }
  }

  /// Whether the bytes are ASCII without controls that are not white space.
  private static func isPlainASCII(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 < 0x7F && ($0 >= 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D) }
  }

  private static func clean(
    _ scalar: UInt32, _ source: Range<Int32>, _ result: inout AlignedTextBuilder, _ cleansText: Bool,
    _ spacesIdeographs: Bool
  ) {
    var scalar = scalar
    if cleansText {
      let classes = ScalarClasses.of(scalar)
      let isBlank = classes.contains(.whiteSpace)
      if scalar == 0 || scalar == 0xFFFD { return }
      if classes.contains(.other), scalar != 0x09, scalar != 0x0A, scalar != 0x0D { return }
      if isBlank { scalar = 0x20 }
    }
    if spacesIdeographs, ScalarClasses.isBERTIdeograph(scalar) {
      result.append(0x20, from: source)
      result.append(scalar, from: source)
      result.append(0x20, from: source)
    } else {
      result.append(scalar, from: source)
    }
  }

  private static func drop(_ classes: ScalarClasses, from text: inout AlignedText) {
    if text.bytes.allSatisfy({ $0 < 0x80 }) { return }
    text.mapScalars { scalar, source, result in
      if ScalarClasses.of(scalar).isDisjoint(with: classes) { result.append(scalar, from: source) }
    }
  }

  private static func lowercase(_ text: inout AlignedText) {
    if text.bytes.allSatisfy({ $0 < 0x80 }) {
      for index in text.bytes.indices where (0x41...0x5A).contains(text.bytes[index]) { text.bytes[index] |= 0x20 }
      return
    }
    text.mapScalars { scalar, source, result in
      var lower: (UInt32, UInt32) = (0, 0)
      let count = withUnsafeMutablePointer(to: &lower) { pair in
        pair.withMemoryRebound(to: UInt32.self, capacity: 2) { cicu_scalar_lowercase(scalar, $0) }
      }
      result.append(lower.0, from: source)
      if count == 2 { result.append(lower.1, from: source) }
    }
  }

  private static func normalize(_ text: inout AlignedText, _ form: NormalizationForm) throws(SubwordTokenizerError) {
    if text.bytes.allSatisfy({ $0 < 0x80 }) { return }
    let buffer: NormalizationBuffer
    do { buffer = try NormalizationBuffer(form) } catch { throw .notEncodable(reason: "\(error)") }
    text.bytes.withUnsafeBufferPointer { buffer.run($0, skipping: 0) }
    if buffer.alignment.changes.isEmpty { return }
    var builder = text.makeBuilder()
    var end = 0
    for change in buffer.alignment.changes {
      builder.append(text, end..<change.source.lowerBound)
      let source = text.source(of: change.source)
      builder.append(
        UnsafeBufferPointer(rebasing: buffer.bytes[change.result]),
        from: Int32(source.lowerBound)..<Int32(source.upperBound))
      end = change.source.upperBound
    }
    builder.append(text, end..<text.bytes.count)
    text.replace(builder)
  }

  private static func strip(_ text: inout AlignedText, left: Bool, right: Bool) {
    var range = 0..<text.bytes.count
    text.bytes.withUnsafeBufferPointer { bytes in
      if left {
        while !range.isEmpty {
          let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: range.lowerBound)
          guard ScalarClasses.of(scalar).contains(.whiteSpace) else { break }
          range = range.lowerBound + size..<range.upperBound
        }
      }
      if right {
        while !range.isEmpty {
          var start = range.upperBound - 1
          while start > range.lowerBound, bytes[start] & 0xC0 == 0x80 { start -= 1 }
          guard ScalarClasses.of(UTF8Decoding.scalar(in: bytes, at: start).scalar).contains(.whiteSpace) else { break }
          range = range.lowerBound..<start
        }
      }
    }
    if range.count < text.bytes.count { text = AlignedText(text, range) }
  }

  private static func collapseSpaces(_ text: inout AlignedText) {
    let space: UInt8 = 0x20
    var isPlain = text.bytes.first != space && text.bytes.last != space
    var previous: UInt8 = 0
    for byte in text.bytes {
      if byte == space, previous == space { isPlain = false }
      previous = byte
    }
    if isPlain { return }
    var builder = text.makeBuilder()
    var kept = 0
    var index = 0
    while index < text.bytes.count {
      guard text.bytes[index] == space else {
        index += 1
        continue
      }
      let first = index
      while index < text.bytes.count, text.bytes[index] == space { index += 1 }
      // One stays between other characters.
      builder.append(text, kept..<(first > 0 && index < text.bytes.count ? first + 1 : first))
      kept = index
    }
    builder.append(text, kept..<text.bytes.count)
    text.replace(builder)
  }

  private static func nmt(_ scalar: UInt32, _ source: Range<Int32>, _ result: inout AlignedTextBuilder) {
    switch scalar {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: return
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
      result.append(0x20, from: source)
    default: result.append(scalar, from: source)
    }
  }
}
