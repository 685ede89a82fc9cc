/// What is wrong with a JSON text, and where.
struct JSONFailure: Error, Equatable {
  /// Bytes before it.
  var offset: Int
  var reason: String
}

/// The words of JSON (RFC 8259): what parsers of rows and of documents are made of.
struct JSONScanner {
  private let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// A number, as it is written.
  mutating func parseNumber() throws(JSONFailure) -> String {
    let start = position
    _ = take("-")
    if !take("0") { try skipDigits() }
    if take(".") { try skipDigits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try skipDigits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func skipDigits() throws(JSONFailure) {
    let start = position
    while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
    if position == start { throw failure("no value here") }
  }

  /// A string without its quotes and escapes.
  mutating func parseString() throws(JSONFailure) -> String {
    try expect("\"")
    var result: [UInt8] = []
    while true {
      let start = position
      while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
      result += bytes[start..<position]
      guard let byte = peek else { throw failure("the text ends in a string") }
      if byte < 0x20 { throw failure("a control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\"") {
        guard let text = String(validating: result, as: UTF8.self) else { throw failure("a string that is not UTF-8") }
        return text
      }
      try parseEscape(into: &result)
    }
  }

  private mutating func parseEscape(into result: inout [UInt8]) throws(JSONFailure) {
    guard let byte = peek else { throw failure("the text ends in a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"): result += Array(String(Character(try parseScalar())).utf8)
    default:
      position -= 1
      throw failure("an unknown escape")
    }
  }

  /// What follows `\u`: a scalar, or a surrogate pair over two escapes.
  private mutating func parseScalar() throws(JSONFailure) -> Unicode.Scalar {
    let first = try parseHex()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), take("\\"), take("u") else { throw failure("a lone surrogate") }
    let second = try parseHex()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("a lone surrogate") }
    return scalar
  }

  private mutating func parseHex() throws(JSONFailure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("four hexadecimal digits are wanted after \\u")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = peek, byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(JSONFailure) {
    if !take(character) { throw failure("'\(character)' is wanted") }
  }

  mutating func expectWord(_ word: StaticString) throws(JSONFailure) {
    let wanted = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[position...].starts(with: wanted) else { throw failure("no value here") }
    position += wanted.count
  }

  func failure(_ reason: String) -> JSONFailure {
    JSONFailure(offset: position, reason: reason)
  }
}
