/// What becomes of the places that a pre-tokenizer finds.
enum SplitBehavior: String, Sendable, CaseIterable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// Appends the parts of a range, given the matches in it.
  ///
  /// - Parameter inverted: whether what stands between matches counts as what was found.
  func apply(
    to matches: [Range<Int>], in range: Range<Int>, inverted: Bool = false, _ parts: inout [Range<Int>]
  ) {
    // The whole range, cut into what matches and what does not.
    var spans: [(range: Range<Int>, isMatch: Bool)] = []
    spans.reserveCapacity(2 * matches.count + 1)
    var end = range.lowerBound
    for match in matches {
      if match.lowerBound > end { spans.append((end..<match.lowerBound, inverted)) }
      spans.append((match, !inverted))
      end = match.upperBound
    }
    if end < range.upperBound { spans.append((end..<range.upperBound, inverted)) }
    let first = parts.count
    switch self {
    case .removed: for span in spans where !span.isMatch { parts.append(span.range) }
    case .isolated: for span in spans { parts.append(span.range) }
    case .contiguous:
      var previous: Bool?
      for span in spans {
        if previous == span.isMatch, let last = parts.last {
          parts[parts.count - 1] = last.lowerBound..<span.range.upperBound
        } else {
          parts.append(span.range)
        }
        previous = span.isMatch
      }
    case .mergedWithPrevious:
      var previous = false
      for span in spans {
        if span.isMatch, !previous, parts.count > first, let last = parts.last {
          parts[parts.count - 1] = last.lowerBound..<span.range.upperBound
        } else {
          parts.append(span.range)
        }
        previous = span.isMatch
      }
    case .mergedWithNext:
      var previous = false
      for span in spans.reversed() {
        if span.isMatch, !previous, parts.count > first, let last = parts.last {
          parts[parts.count - 1] = span.range.lowerBound..<last.upperBound
        } else {
          parts.append(span.range)
        }
        previous = span.isMatch
      }
      parts[first...].reverse()
    }
  }
}

/// Where Metaspace puts its mark before a text that does not begin with it.
enum PrependScheme: String, Sendable {
  case always
  case first
  case never
}

/// What cuts a text into words for the model. The cases are those of `tokenizers`, and do the same.
indirect enum PreTokenizer: Sendable {
  /// GPT-2's: its words, as bytes.
  case byteLevel(addsPrefixSpace: Bool, usesWords: Bool)
  /// At white space, and around each punctuation character.
  case bert
  /// Runs of `\w`, and runs of neither that nor space.
  case whitespace
  case whitespaceSplit
  case punctuation(SplitBehavior)
  case digits(individual: Bool)
  case delimiter(String)
  case split(TextPattern, SplitBehavior, inverted: Bool)
  /// Where the script changes. Kana count as Han, and spaces as any; what comes before the first script is left out.
  case unicodeScripts
  /// SentencePiece's: spaces become a mark that begins words.
  case metaspace(mark: String, prepend: PrependScheme, splits: Bool)
  /// Pieces of so many scalars.
  case fixedLength(Int)
  case sequence([PreTokenizer])

  /// Whether words leave it as bytes in GPT-2's alphabet.
  var isByteLevel: Bool {
    switch self {
    case .byteLevel: true
    case .sequence(let parts): parts.last?.isByteLevel ?? false
    default: false
    }
  }

  func apply(to text: inout PreTokenizedText) throws(SubwordTokenizerError) {
    switch self {
    case .sequence(let parts): for part in parts { try part.apply(to: &text) }
    case .byteLevel(let addsPrefixSpace, let usesWords):
      if addsPrefixSpace {
        try text.change { piece in if !piece.bytes.isEmpty, piece.bytes.first != 0x20 { piece.prepend(" ") } }
      }
      if usesWords {
        try text.split { bytes, range, parts throws(SubwordTokenizerError) in
          bytes.withUnsafeBufferPointer { bytes in
            ScalarClasses.withTable { table in GPT2Words.forEach(in: bytes, range, table) { parts.append($0) } }
          }
        }
      }
    case .bert:
      try text.split { bytes, range, parts throws(SubwordTokenizerError) in Self.bertWords(bytes, range, &parts) }
    case .whitespace:
      try text.split { bytes, range, parts throws(SubwordTokenizerError) in Self.words(bytes, range, &parts) }
    case .whitespaceSplit: try Self.split(&text, .removed) { $0.classes.contains(.whiteSpace) }
    case .punctuation(let behavior):
      try Self.split(&text, behavior) {
        $0.classes.contains(.punctuation) || ScalarClasses.isASCIIPunctuation($0.scalar)
      }
    case .digits(let individual):
      try Self.split(&text, individual ? .isolated : .contiguous) { $0.classes.contains(.number) }
    case .delimiter(let delimiter):
      let pattern = TextPattern(string: delimiter)
      try text.split { bytes, range, parts throws(SubwordTokenizerError) in
        SplitBehavior.removed.apply(to: try pattern.matches(in: bytes, range), in: range, &parts)
      }
    case .split(let pattern, let behavior, let inverted):
      try text.split { bytes, range, parts throws(SubwordTokenizerError) in
        behavior.apply(to: try pattern.matches(in: bytes, range), in: range, inverted: inverted, &parts)
      }
    case .unicodeScripts:
      try text.split { bytes, range, parts throws(SubwordTokenizerError) in ScriptRuns.append(bytes, range, &parts) }
    case .metaspace(let mark, let prepend, let splits): try Self.metaspace(&text, mark, prepend, splits)
    case .fixedLength(let length):
      try text.split { bytes, range, parts throws(SubwordTokenizerError) in
        var (start, count) = (range.lowerBound, 0)
        for index in range where bytes[index] & 0xC0 != 0x80 {
          if count == length {
            parts.append(start..<index)
            (start, count) = (index, 0)
          }
          count += 1
        }
        parts.append(start..<range.upperBound)
      }
    }
  }

  private static func metaspace(
    _ text: inout PreTokenizedText, _ mark: String, _ prepend: PrependScheme, _ splits: Bool
  ) throws(SubwordTokenizerError) {
    let space = SubwordNormalizer.replace(TextPattern(string: " "), content: mark)
    try text.change { piece throws(SubwordTokenizerError) in
      let isFirst = piece.bytes.isEmpty || piece.source(at: 0).lowerBound == 0
      try space.apply(to: &piece)
      if prepend == .always || (prepend == .first && isFirst), !piece.bytes.isEmpty,
        !piece.bytes.starts(with: mark.utf8)
      {
        piece.prepend(mark)
      }
    }
    guard splits else { return }
    let pattern = TextPattern(string: mark)
    try text.split { bytes, range, parts throws(SubwordTokenizerError) in
      SplitBehavior.mergedWithNext.apply(to: try pattern.matches(in: bytes, range), in: range, &parts)
    }
  }

  /// Cuts at scalars of some kind.
  private static func split(
    _ text: inout PreTokenizedText, _ behavior: SplitBehavior,
    _ isMatch: (_ scalar: (scalar: UInt32, classes: ScalarClasses)) -> Bool
  ) throws(SubwordTokenizerError) {
    try text.split { bytes, range, parts throws(SubwordTokenizerError) in
      var matches: [Range<Int>] = []
      bytes.withUnsafeBufferPointer { bytes in
        var index = range.lowerBound
        while index < range.upperBound {
          let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: index)
          if isMatch((scalar, ScalarClasses.of(scalar))) { matches.append(index..<index + size) }
          index += size
        }
      }
      behavior.apply(to: matches, in: range, &parts)
    }
  }

  /// What stands between white space, punctuation by itself.
  private static func bertWords(_ bytes: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) {
    bytes.withUnsafeBufferPointer { bytes in
      ScalarClasses.withTable { table in
        let (space, mark) = (ScalarClasses.whiteSpace.rawValue, ScalarClasses.punctuation.rawValue)
        var (start, index) = (range.lowerBound, range.lowerBound)
        while index < range.upperBound {
          let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: index)
          let classes = table[Int(scalar)]
          let isSpace = classes & space != 0
          if isSpace || classes & mark != 0 || ScalarClasses.isASCIIPunctuation(scalar) {
            if start < index { parts.append(start..<index) }
            if !isSpace { parts.append(index..<index + size) }
            start = index + size
          }
          index += size
        }
        if start < index { parts.append(start..<index) }
      }
    }
  }

  private static func words(_ bytes: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) {
    var previous: ScalarClasses = .whiteSpace
    bytes.withUnsafeBufferPointer { bytes in
      var (start, index) = (range.lowerBound, range.lowerBound)
      while index < range.upperBound {
        let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: index)
        var kind = ScalarClasses.of(scalar).intersection([.word, .whiteSpace])
        if kind.contains(.word) { kind = .word }
        if kind != previous || kind == .whiteSpace {
          if previous != .whiteSpace { parts.append(start..<index) }
          start = index
          previous = kind
        }
        index += size
      }
      if previous != .whiteSpace { parts.append(start..<index) }
    }
  }
}
