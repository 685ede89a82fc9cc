/// Tokens as fields of text forms: any bytes become one line of valid UTF-8, and the same bytes again.
enum TokenEscaping {
  private static let hexDigits = [UInt8]("0123456789abcdef".utf8)
  private static let backslash = UInt8(ascii: "\\")

  /// Whether the bytes can stand in a text as they are.
  static func isUTF8(_ token: ArraySlice<UInt8>) -> Bool {
    token.allSatisfy { $0 < 0x80 } || String(validating: token, as: UTF8.self) != nil
  }

  /// Appends a token as a TSV field.
  static func appendTSV(_ token: ArraySlice<UInt8>, to line: inout [UInt8]) {
    // Within a token that is not UTF-8 every byte above ASCII is escaped: half a character has no other spelling.
    let keepsHighBytes = isUTF8(token)
    for byte in token {
      switch byte {
      case UInt8(ascii: "\t"): line += [backslash, UInt8(ascii: "t")]
      case UInt8(ascii: "\n"): line += [backslash, UInt8(ascii: "n")]
      case UInt8(ascii: "\r"): line += [backslash, UInt8(ascii: "r")]
      case 0: line += [backslash, UInt8(ascii: "0")]
      case backslash: line += [backslash, backslash]
      case 0x80... where !keepsHighBytes:
        line += [backslash, UInt8(ascii: "x"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
      default: line.append(byte)
      }
    }
  }

  /// The token of a TSV field; nil for an escape that does not exist.
  static func token(fromTSV field: ArraySlice<UInt8>) -> [UInt8]? {
    guard field.contains(backslash) else { return [UInt8](field) }
    var token: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      guard byte == backslash else {
        token.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "t"): token.append(UInt8(ascii: "\t"))
      case UInt8(ascii: "n"): token.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): token.append(UInt8(ascii: "\r"))
      case UInt8(ascii: "0"): token.append(0)
      case backslash: token.append(backslash)
      case UInt8(ascii: "x"):
        guard let pair = bytes(fromHex: rest.prefix(2)), let byte = pair.first else { return nil }
        token.append(byte)
        rest = rest.dropFirst(2)
      default: return nil
      }
    }
    return token
  }

  /// Appends a token as the last member of a JSON object.
  static func appendJSON(_ token: ArraySlice<UInt8>, to line: inout [UInt8]) {
    guard isUTF8(token) else {
      line += Array(#""bytes":""#.utf8)
      for byte in token { line += [hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]] }
      line.append(UInt8(ascii: "\""))
      return
    }
    line += Array(#""token":""#.utf8)
    for byte in token {
      switch byte {
      case UInt8(ascii: "\""), backslash: line += [backslash, byte]
      case 0..<0x20, 0x7F: line += Array("\\u00".utf8) + [hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
      default: line.append(byte)
      }
    }
    line.append(UInt8(ascii: "\""))
  }

  /// The bytes that pairs of hex digits stand for; nil for anything else.
  static func bytes(fromHex digits: some Collection<UInt8>) -> [UInt8]? {
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in digits {
      guard let value = Character(UnicodeScalar(digit)).hexDigitValue, digit < 0x80 else { return nil }
      if let first = high {
        bytes.append(first << 4 | UInt8(value))
        high = nil
      } else {
        high = UInt8(value)
      }
    }
    return bytes.isEmpty ? (digits.isEmpty ? [] : nil) : bytes
  }
}
