/// What makes a text of tokens again. The cases are those of `tokenizers`, and do the same.
indirect enum SubwordDecoder: Sendable {
  case byteLevel
  case wordPiece(prefix: String, cleansUp: Bool)
  case bytePair(suffix: String)
  case metaspace(mark: String, prepend: PrependScheme)
  /// Tokens such as <0x0A> become bytes.
  case byteFallback
  case fuse
  case strip(content: Character, start: Int, stop: Int)
  case replace(TextPattern, content: String)
  /// Connectionist temporal classification: repetitions and pads go.
  case ctc(padToken: String, wordDelimiter: String, cleansUp: Bool)
  case sequence([SubwordDecoder])

  /// Strings that make the text one behind the other.
  func apply(to tokens: [String]) throws(SubwordTokenizerError) -> [String] {
    switch self {
    case .sequence(let parts):
      var tokens = tokens
      for part in parts { tokens = try part.apply(to: tokens) }
      return tokens
    case .byteLevel:
      var bytes: [UInt8] = []
      for token in tokens {
        if let own = ByteAlphabet.bytes(of: token) { bytes += own } else { bytes += token.utf8 }
      }
      return [String(decoding: bytes, as: UTF8.self)]
    case .wordPiece(let prefix, let cleansUp):
      return tokens.enumerated().map { index, token in
        var text = token
        if index > 0 {
          text =
            token.utf8.starts(with: prefix.utf8)
            ? String(decoding: token.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : " " + token
        }
        return cleansUp ? Self.cleanedUp(text) : text
      }
    case .bytePair(let suffix):
      return tokens.enumerated().map { index, token in
        Self.replacing(suffix, in: token, by: index == tokens.count - 1 ? "" : " ")
      }
    case .metaspace(let mark, let prepend):
      return tokens.enumerated().map { index, token in
        Self.replacing(mark, in: token, by: index == 0 && prepend != .never ? "" : " ")
      }
    case .byteFallback: return Self.fallenBack(tokens)
    case .fuse: return [tokens.joined()]
    case .strip(let content, let start, let stop):
      return tokens.map { token in
        let scalars = Array(token.unicodeScalars)
        let target = content.unicodeScalars.first
        let front = scalars.prefix(start).prefix { $0 == target }.count
        let rest = scalars.dropFirst(front)
        let back = rest.reversed().prefix(stop).prefix { $0 == target }.count
        var result = String.UnicodeScalarView()
        result.append(contentsOf: rest.dropLast(back))
        return String(result)
      }
    case .replace(let pattern, let content):
      var result: [String] = []
      for token in tokens {
        let bytes = Array(token.utf8)
        var changed: [UInt8] = []
        var end = 0
        for match in try pattern.matches(in: bytes, 0..<bytes.count) {
          changed += bytes[end..<match.lowerBound]
          changed += content.utf8
          end = match.upperBound
        }
        changed += bytes[end...]
        result.append(String(decoding: changed, as: UTF8.self))
      }
      return result
    case .ctc(let padToken, let wordDelimiter, let cleansUp):
      var result: [String] = []
      for (index, token) in tokens.enumerated() where index == 0 || tokens[index - 1] != token {
        var text = Self.replacing(padToken, in: token, by: "")
        if cleansUp { text = Self.replacing(wordDelimiter, in: Self.cleanedUp(text), by: " ") }
        if !text.isEmpty { result.append(text) }
      }
      return result
    }
  }

  /// Takes the spaces away that English does not write.
  private static func cleanedUp(_ text: String) -> String {
    var text = text
    for (found, replacement) in [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
      (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ] {
      text = replacing(found, in: text, by: replacement)
    }
    return text
  }

  /// Replaces a string by its bytes, whatever Unicode calls equivalent.
  private static func replacing(_ found: String, in text: String, by replacement: String) -> String {
    let target = Array(found.utf8)
    let bytes = Array(text.utf8)
    guard let first = target.first, bytes.count >= target.count else { return text }
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == first, bytes[index...].starts(with: target) {
        result += replacement.utf8
        index += target.count
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func fallenBack(_ tokens: [String]) -> [String] {
    var result: [String] = []
    var bytes: [UInt8] = []
    func flush() {
      if bytes.isEmpty { return }
      if let text = String(validating: bytes, as: UTF8.self) {
        result.append(text)
      } else {
        result += [String](repeating: "\u{FFFD}", count: bytes.count)
      }
      bytes = []
    }
    for token in tokens {
      let utf8 = Array(token.utf8)
      if utf8.count == 6, token.hasPrefix("<0x"), utf8[5] == UInt8(ascii: ">"),
        let byte = UInt8(String(decoding: utf8[3..<5], as: UTF8.self), radix: 16)
      {
        bytes.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }
}
