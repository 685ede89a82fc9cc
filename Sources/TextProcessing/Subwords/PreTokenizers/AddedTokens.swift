/// A token beside those of the model, found in the text before the model reads it.
public struct AddedToken: Sendable, Hashable {
  /// The token as it stands in texts.
  public var content: String
  /// Its id.
  public var id: Int
  /// Whether it is found only where no letter, digit or underscore stands beside it.
  public var isSingleWord = false
  /// Whether it takes the white space before it along.
  public var stripsLeft = false
  /// Whether it takes the white space behind it along.
  public var stripsRight = false
  /// Whether it is looked for in the normalised text, and not in the text as written.
  public var isNormalized = true
  /// Whether it is of the model's own grammar, such as [CLS], and left out where a text is made from ids.
  public var isSpecial = false
  /// Where it is looked for beside that.
  var search = Search.asDescribed

  /// Where a token is looked for.
  enum Search: Sendable, Hashable {
    /// As the other members say.
    case asDescribed
    /// Nowhere: it has an id, and is no part of texts.
    case nowhere
    /// In the normalised text, as it is.
    case literallyInNormalized
  }

  /// A token with an id.
  public init(_ content: String, id: Int) {
    self.content = content
    self.id = id
  }
}

/// Added tokens, and where they stand in texts.
struct AddedTokens: Sendable {
  let tokens: [AddedToken]
  private let byID: [Int32: Int]
  private let asWritten: Finder
  private let normalized: Finder

  init(_ tokens: [AddedToken], normalizer: SubwordNormalizer?) throws(SubwordTokenizerError) {
    self.tokens = tokens
    byID = Dictionary(tokens.enumerated().map { (Int32($1.id), $0) }, uniquingKeysWith: { _, last in last })
    asWritten = Finder(
      tokens.enumerated().filter { !$1.isNormalized && $1.search == .asDescribed }.map { ($0, Array($1.content.utf8)) })
    var entries: [(Int, [UInt8])] = []
    for (index, token) in tokens.enumerated() where token.isNormalized && token.search != .nowhere {
      var text = AlignedText(Array(token.content.utf8), base: 0)
      if token.search == .asDescribed { try normalizer?.apply(to: &text) }
      if text.isTooLarge { throw .tooLarge(limit: text.sizeLimit) }
      entries.append((index, text.bytes))
    }
    normalized = Finder(entries)
  }

  /// Whether some are looked for in the normalised text.
  var needsNormalizedText: Bool { !normalized.isEmpty }

  func token(of id: Int32) -> AddedToken? { byID[id].map { tokens[$0] } }

  /// Whether a text has a byte that an added token begins with.
  func mayBegin(in text: UnsafeBufferPointer<UInt8>) -> Bool {
    if asWritten.isEmpty && normalized.isEmpty { return false }
    for byte in text where asWritten.mayBegin(byte) || normalized.mayBegin(byte) {
      // Nearly always a false alarm of a character such as <.
      return containsToken(text)
    }
    return false
  }

  private func containsToken(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    for finder in [asWritten, normalized] where !finder.isEmpty {
      for index in text.indices where finder.mayBegin(text[index]) {
        if finder.trie.longestMatch(in: text, from: index) != nil { return true }
      }
    }
    return false
  }

  /// The pieces of a range: added tokens as they are written, and what stands between.
  func split(
    _ text: [UInt8], _ range: Range<Int>, normalized isNormalized: Bool
  ) -> [(range: Range<Int>, token: Int32?)] {
    let finder = isNormalized ? normalized : asWritten
    if finder.isEmpty { return [(range, nil)] }
    var result: [(range: Range<Int>, token: Int32?)] = []
    var end = range.lowerBound
    text.withUnsafeBufferPointer { text in
      let all = UnsafeBufferPointer(rebasing: text[..<range.upperBound])
      var index = range.lowerBound
      while index < range.upperBound {
        guard finder.mayBegin(all[index]), let match = finder.trie.longestMatch(in: all, from: index) else {
          index += 1
          continue
        }
        let token = tokens[Int(match.value)]
        var found = index..<match.end
        index = match.end
        if token.isSingleWord, Self.touchesWord(all, found, from: range.lowerBound) { continue }
        if token.stripsLeft { found = Self.spaceStart(all, found.lowerBound, from: end)..<found.upperBound }
        if token.stripsRight { found = found.lowerBound..<Self.spaceEnd(all, found.upperBound) }
        if found.lowerBound > end { result.append((end..<found.lowerBound, nil)) }
        result.append((found, Int32(token.id)))
        end = found.upperBound
        index = end
      }
    }
    if end < range.upperBound { result.append((end..<range.upperBound, nil)) }
    return result
  }

  /// Strings to look for, by the place of their token.
  private struct Finder: Sendable {
    var trie = ByteTrie()
    private var firstBytes = [Bool](repeating: false, count: 256)
    private(set) var isEmpty = true

    init(_ entries: [(index: Int, content: [UInt8])]) {
      for (index, content) in entries {
        guard let first = content.first else { continue }
        trie.insert(content, value: Int32(index))
        firstBytes[Int(first)] = true
        isEmpty = false
      }
    }

    @inline(__always)
    func mayBegin(_ byte: UInt8) -> Bool { firstBytes[Int(byte)] }
  }

  private static func touchesWord(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, from first: Int) -> Bool {
    if range.lowerBound > first {
      let start = scalarStart(text, before: range.lowerBound)
      if ScalarClasses.of(UTF8Decoding.scalar(in: text, at: start).scalar).contains(.word) { return true }
    }
    guard range.upperBound < text.count else { return false }
    return ScalarClasses.of(UTF8Decoding.scalar(in: text, at: range.upperBound).scalar).contains(.word)
  }

  private static func spaceStart(_ text: UnsafeBufferPointer<UInt8>, _ place: Int, from first: Int) -> Int {
    var place = place
    while place > first {
      let start = scalarStart(text, before: place)
      guard ScalarClasses.of(UTF8Decoding.scalar(in: text, at: start).scalar).contains(.whiteSpace) else { break }
      place = start
    }
    return place
  }

  private static func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, _ place: Int) -> Int {
    var place = place
    while place < text.count {
      let (scalar, size) = UTF8Decoding.scalar(in: text, at: place)
      guard ScalarClasses.of(scalar).contains(.whiteSpace) else { break }
      place += size
    }
    return place
  }

  private static func scalarStart(_ text: UnsafeBufferPointer<UInt8>, before place: Int) -> Int {
    var start = place - 1
    while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }
}
