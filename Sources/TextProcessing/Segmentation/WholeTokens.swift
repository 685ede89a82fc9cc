/// What word rules cut into pieces, and what may stay whole.
public enum WholeToken: String, Sendable, Codable, Hashable, CaseIterable {
  /// `https://example.org/a?b=c`, `www.example.org`, `example.com/page`.
  case url
  /// `name@example.org`
  case email
  /// `@name`
  case mention
  /// `#topic`
  case hashtag
  /// `:-)`, `<3`, `^_^`, `¯\\_(ツ)_/¯`
  case emoticon
  /// `!!!`, `?!`, `...`, `。。。`
  case punctuation
}

/// Finds tokens that are to be kept whole. Linear in the text: each place where one may begin is looked at once.
struct WholeTokens: Sendable {
  private let kinds: Set<WholeToken>
  /// Bytes that a token begins with, or has behind what it begins with.
  private let triggers: [Bool]

  init(_ kinds: Set<WholeToken>) {
    self.kinds = kinds
    var triggers = [Bool](repeating: false, count: 256)
    func add(_ bytes: String) { for byte in bytes.utf8 { triggers[Int(byte)] = true } }
    if kinds.contains(.url) { add(":w.W") }
    if kinds.contains(.email) || kinds.contains(.mention) { add("@") }
    if kinds.contains(.hashtag) { add("#") }
    if kinds.contains(.hashtag) || kinds.contains(.mention) { triggers[Int(Self.wideHash[0])] = true }
    if kinds.contains(.emoticon) { for face in Self.faces { triggers[Int(face[0])] = true } }
    if kinds.contains(.emoticon) { add(":;=8xX") }
    if kinds.contains(.punctuation) {
      add("!?.-*~,")
      for mark in Self.wideMarks { triggers[Int(mark[0])] = true }
    }
    self.triggers = triggers
  }

  /// Calls `body` with each token that is to be kept whole, from left to right.
  func forEach(
    in text: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (_ range: Range<Int>, _ kind: TokenKind) -> Void
  ) {
    var end = start
    var index = start
    while index < text.count {
      guard triggers[Int(text[index])], let (range, kind) = token(in: text, at: index, after: end) else {
        index += 1
        continue
      }
      body(range, kind)
      end = range.upperBound
      index = end
    }
  }

  /// The token that a byte belongs to, beginning at or after a place.
  private func token(
    in text: UnsafeBufferPointer<UInt8>, at index: Int, after first: Int
  ) -> (range: Range<Int>, kind: TokenKind)? {
    if kinds.contains(.url), let range = url(text, index, first) { return (range, .url) }
    if kinds.contains(.email), text[index] == UInt8(ascii: "@"), let range = email(text, index, first) {
      return (range, .email)
    }
    if kinds.contains(.mention), let size = Self.size(of: "@", Self.wideAt, text, index),
      let end = name(text, index, size, needsLetter: false)
    {
      return (index..<end, .mention)
    }
    if kinds.contains(.hashtag), let size = Self.size(of: "#", Self.wideHash, text, index),
      let end = name(text, index, size, needsLetter: true)
    {
      return (index..<end, .hashtag)
    }
    if kinds.contains(.emoticon), let end = emoticon(text, index) { return (index..<end, .emoticon) }
    if kinds.contains(.punctuation), let end = punctuation(text, index) { return (index..<end, .punctuation) }
    return nil
  }

  // MARK: Addresses

  private func url(_ text: UnsafeBufferPointer<UInt8>, _ index: Int, _ first: Int) -> Range<Int>? {
    switch text[index] {
    case UInt8(ascii: ":"):
      guard index + 3 < text.count, text[index + 1] == UInt8(ascii: "/"), text[index + 2] == UInt8(ascii: "/") else {
        return nil
      }
      var start = index
      while start > first, Self.isASCIILetter(text[start - 1]), index - start < 16 { start -= 1 }
      guard index - start >= 2, !Self.isWord(text, before: start) else { return nil }
      let end = urlEnd(text, index + 3)
      // A mark that ends a sentence is no address.
      return end > index + 3 ? start..<end : nil
    case UInt8(ascii: "w"), UInt8(ascii: "W"):
      guard index + 4 < text.count, text[index + 1] | 0x20 == 0x77, text[index + 2] | 0x20 == 0x77,
        text[index + 3] == UInt8(ascii: "."), !Self.isWord(text, before: index),
        Self.isHostByte(text[index + 4]) || text[index + 4] >= 0x80
      else { return nil }
      let end = urlEnd(text, index + 4)
      return text[(index + 4)..<end].contains(UInt8(ascii: ".")) ? index..<end : nil
    case UInt8(ascii: "."): return bareHost(text, index, first)
    default: return nil
    }
  }

  /// `example.com`, with what follows a slash: hosts that end in a common domain alone.
  private func bareHost(_ text: UnsafeBufferPointer<UInt8>, _ dot: Int, _ first: Int) -> Range<Int>? {
    // The host from its first part on: where that is refused, a later dot must not cut it.
    var start = dot
    while start > first, Self.isHostByte(text[start - 1]), !Self.isDot(text[start - 1]) || !Self.isDot(text[start]),
      dot - start < 256
    {
      start -= 1
    }
    while start < dot, Self.isDot(text[start]) || text[start] == UInt8(ascii: "-") { start += 1 }
    guard start < dot, dot - start < 64, !text[start..<dot].contains(UInt8(ascii: ".")),
      !Self.isWord(text, before: start), start == 0 || text[start - 1] != UInt8(ascii: "@")
    else { return nil }
    var end = dot
    while end < text.count, Self.isHostByte(text[end]), !Self.isDot(text[end]) || !Self.isDot(text[end - 1]),
      end - dot < 256
    {
      end += 1
    }
    while end > dot, Self.isDot(text[end - 1]) || text[end - 1] == UInt8(ascii: "-") { end -= 1 }
    guard let last = text[dot..<end].lastIndex(of: UInt8(ascii: ".")) else { return nil }
    let domain = text[(last + 1)..<end].map { $0 | 0x20 }
    guard Self.domains.contains(domain), !Self.isWord(text, at: end) else { return nil }
    if end < text.count, text[end] == UInt8(ascii: "/") { end = urlEnd(text, end) }
    return start..<end
  }

  private static let domains: Set<[UInt8]> = Set(
    [
      "com", "org", "net", "edu", "gov", "info", "biz", "io", "ai", "app", "dev", "tv", "uk", "de", "fr", "es", "nl",
      "eu", "ru", "jp", "cn", "br", "ca", "au", "ch", "se",
    ].map { Array($0.utf8) })

  private func urlEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var end = start
    var depth = 0
    while end < text.count {
      let size = urlCharacter(text, end, behindLetter: end > start && Self.isLetterOrDigit(text[end - 1]))
      if size == 0 { break }
      // Parentheses belong to an address where they are in pairs.
      if text[end] == UInt8(ascii: "(") { depth += 1 }
      if text[end] == UInt8(ascii: ")") {
        depth -= 1
        if depth < 0 { break }
      }
      end += size
    }
    // What ends a sentence does not end an address.
    while end > start, Self.endsSentence(text[end - 1]) { end -= 1 }
    return end
  }

  /// Bytes of a character that an address may have; 0 for others. Letters of other scripts are among them, but those of scripts
  /// without spaces do not go on what ends in ASCII: 看https://a.cn/x真好.
  private func urlCharacter(_ text: UnsafeBufferPointer<UInt8>, _ index: Int, behindLetter: Bool) -> Int {
    if text[index] < 0x80 { return Self.isURLByte(text[index]) ? 1 : 0 }
    let (scalar, size) = UTF8Decoding.scalar(in: text, at: index)
    guard ScalarClasses.of(scalar).contains(.word) else { return 0 }
    return scalar < 0x2E80 || !behindLetter ? size : 0
  }

  private func email(_ text: UnsafeBufferPointer<UInt8>, _ at: Int, _ first: Int) -> Range<Int>? {
    var start = at
    while start > first, Self.isMailByte(text[start - 1]), at - start < 64 { start -= 1 }
    while start < at, text[start] == UInt8(ascii: ".") { start += 1 }
    guard start < at, text[at - 1] != UInt8(ascii: "."), !Self.isWord(text, before: start) else { return nil }
    var end = at + 1
    while end < text.count, Self.isHostByte(text[end]), end - at < 256 { end += 1 }
    while end > at + 1, text[end - 1] == UInt8(ascii: ".") || text[end - 1] == UInt8(ascii: "-") { end -= 1 }
    guard let dot = text[(at + 1)..<end].lastIndex(of: UInt8(ascii: ".")), dot > at + 1, end - dot > 2 else {
      return nil
    }
    return start..<end
  }

  /// The marks as the keyboards of East Asia write them.
  private static let (wideAt, wideHash) = (Array("＠".utf8), Array("＃".utf8))

  /// Bytes of a mark, plain or wide, where it stands at a place; nil where it does not.
  private static func size(
    of mark: Unicode.Scalar, _ wide: [UInt8], _ text: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> Int? {
    if text[index] == UInt8(ascii: mark) { return 1 }
    return index + wide.count <= text.count && wide.elementsEqual(text[index..<index + wide.count]) ? wide.count : nil
  }

  /// The end of a name behind @ or #, which takes some bytes.
  private func name(_ text: UnsafeBufferPointer<UInt8>, _ index: Int, _ size: Int, needsLetter: Bool) -> Int? {
    guard !Self.isWord(text, before: index) else { return nil }
    var end = index + size
    var hasLetter = !needsLetter
    while end < text.count {
      let (scalar, size) = UTF8Decoding.scalar(in: text, at: end)
      guard ScalarClasses.of(scalar).contains(.word) else { break }
      if ScalarClasses.of(scalar).contains(.letter) { hasLetter = true }
      end += size
    }
    return end > index + size && hasLetter ? end : nil
  }

  // MARK: Faces and marks

  /// Faces that are no eyes, nose and mouth. Longer ones come before what they begin with.
  private static let faces: [[UInt8]] = [
    "¯\\_(ツ)_/¯", "(╯°□°)╯︵ ┻━┻", "(╯°□°）╯︵ ┻━┻", "ಠ_ಠ", "</3", "<3", "^_^", "^^", "^.^", "-_-", ">_<", ">.<", "o_O",
    "O_o",
    "o_o", "O_O", "T_T", "T.T", "QQ", ";_;", "\\o/", "(^_^)", "(^o^)", "(-_-)", "(>_<)", "(T_T)", "(:", "(=", "(;",
  ].map { Array($0.utf8) }

  private func emoticon(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
    for face in Self.faces where face[0] == text[index] && index + face.count <= text.count {
      let end = index + face.count
      guard text[index..<end].elementsEqual(face) else { continue }
      let isLetter = face.allSatisfy { Self.isASCIILetter($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
      if isLetter, Self.isWord(text, before: index) || Self.isWord(text, at: end) { continue }
      return end
    }
    let eyes = text[index]
    let isLetter = eyes == UInt8(ascii: "x") || eyes == UInt8(ascii: "X") || eyes == UInt8(ascii: "8")
    guard isLetter || eyes == UInt8(ascii: ":") || eyes == UInt8(ascii: ";") || eyes == UInt8(ascii: "=") else {
      return nil
    }
    if Self.isWord(text, before: index) { return nil }
    var end = index + 1
    if end < text.count, text[end] == UInt8(ascii: "'") { end += 1 }
    let hasNose =
      end + 1 < text.count && "-o^".utf8.contains(text[end]) && Self.isMouth(text[end + 1], of: eyes)
    if hasNose { end += 1 }
    // (see page 8) is no face.
    if eyes == UInt8(ascii: "8"), !hasNose { return nil }
    guard end < text.count, Self.isMouth(text[end], of: eyes) else { return nil }
    let mouth = text[end]
    end += 1
    // Some laugh at length.
    while end < text.count, text[end] == mouth,
      mouth == UInt8(ascii: ")") || mouth == UInt8(ascii: "(") || mouth == UInt8(ascii: "D")
    {
      end += 1
    }
    // What begins as an address or a ratio is no face.
    if mouth == UInt8(ascii: "/"), end < text.count, text[end] == UInt8(ascii: "/") { return nil }
    if isLetter || Self.isASCIILetter(mouth) || Self.isDigit(mouth), Self.isWord(text, at: end) { return nil }
    return end
  }

  private static func isMouth(_ byte: UInt8, of eyes: UInt8) -> Bool {
    switch eyes {
    case UInt8(ascii: ":"), UInt8(ascii: ";"): ")(][dDpP/\\|}{@3oOsScC*#$".utf8.contains(byte)
    case UInt8(ascii: "="): ")(][DP/\\|".utf8.contains(byte)
    default: ")(D".utf8.contains(byte)
    }
  }

  /// Marks of East Asia that are repeated, three bytes each: ！ ？ 。 ～ … ．
  private static let wideMarks: [[UInt8]] = ["！", "？", "。", "～", "…", "．"].map { Array($0.utf8) }

  private func punctuation(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
    if text[index] >= 0x80 {
      func mark(_ place: Int) -> Int? {
        guard place + 3 <= text.count else { return nil }
        return Self.wideMarks.firstIndex { $0.elementsEqual(text[place..<place + 3]) }
      }
      guard let first = mark(index) else { return nil }
      var end = index + 3
      // ！ and ？ go together.
      while let next = mark(end), next == first || (first < 2 && next < 2) { end += 3 }
      return end > index + 3 ? end : nil
    }
    let byte = text[index]
    let isShout = byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?")
    guard
      isShout
        || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ",")].contains(
          byte)
    else { return nil }
    var end = index + 1
    while end < text.count,
      text[end] == byte || isShout && (text[end] == UInt8(ascii: "!") || text[end] == UInt8(ascii: "?"))
    {
      end += 1
    }
    return end > index + 1 ? end : nil
  }

  // MARK: Characters

  private static func isASCIILetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isHostByte(_ byte: UInt8) -> Bool {
    isASCIILetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
  }
  private static func isMailByte(_ byte: UInt8) -> Bool {
    isASCIILetter(byte) || isDigit(byte) || "._%+-".utf8.contains(byte)
  }
  private static func isLetterOrDigit(_ byte: UInt8) -> Bool { isASCIILetter(byte) || isDigit(byte) }
  private static func isDot(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") }
  /// Printable ASCII but for what stands around addresses.
  private static func isURLByte(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && !"\"<>\\^`{|}".utf8.contains(byte)
  }
  private static func endsSentence(_ byte: UInt8) -> Bool { ".,;:!?'*".utf8.contains(byte) }

  /// Whether a letter, digit or underscore stands before a place.
  private static func isWord(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Bool {
    guard index > 0 else { return false }
    var start = index - 1
    while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    let scalar = UTF8Decoding.scalar(in: text, at: start).scalar
    // Scripts without spaces write addresses and names right behind their words.
    return scalar < 0x2E80 && ScalarClasses.of(scalar).contains(.word)
  }

  private static func isWord(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
    guard index < text.count else { return false }
    let scalar = UTF8Decoding.scalar(in: text, at: index).scalar
    return scalar < 0x2E80 && ScalarClasses.of(scalar).contains(.word)
  }
}
