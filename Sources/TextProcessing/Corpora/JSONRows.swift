/// Rows of JSON Lines: the strings, numbers, truth values and lists of these of one object a line, under their keys.
struct JSONRows: RowSource {
  let reader: LineReader

  mutating func next() throws(CorpusError) -> CorpusRow? {
    while try reader.advance() {
      let text = try reader.lineText()
      if text.isBlank { continue }
      var parser = JSONObjectParser(bytes: Array(text.utf8))
      do {
        try parser.parse()
      } catch {
        // The byte order mark was taken off the text and counts in the line.
        let offset = error.offset + (reader.lineBeginsWithByteOrderMark ? ByteOrderMark.size : 0)
        throw .malformedJSON(path: reader.path, line: reader.lineNumber, offset: offset, reason: error.reason)
      }
      return CorpusRow(line: reader.lineNumber, fields: parser.values, names: parser.names, lists: parser.lists)
    }
    return nil
  }
}

/// Reads one JSON object (RFC 8259). Values that are objects, or arrays of anything but simple values, are left away, as is
/// null; of them only the brackets and the simple values are checked.
struct JSONObjectParser {
  struct Failure: Error {
    var offset: Int
    var reason: String
  }

  private(set) var names: [String] = []
  private(set) var values: [String] = []
  /// The simple values of arrays, by the place of their key.
  private(set) var lists: [Int: [String]] = [:]
  private let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func parse() throws(Failure) {
    skipSpace()
    try expect("{")
    skipSpace()
    if take("}") { return try parseEnd() }
    while true {
      skipSpace()
      let name = try parseString()
      skipSpace()
      try expect(":")
      skipSpace()
      if let list = try parseList() {
        lists[names.count] = list
        names.append(name)
        values.append("")
      } else if let value = try parseValue() {
        names.append(name)
        values.append(value)
      }
      skipSpace()
      if take(",") { continue }
      try expect("}")
      return try parseEnd()
    }
  }

  private mutating func parseEnd() throws(Failure) {
    skipSpace()
    if position < bytes.count { throw failure("more after the object") }
  }

  /// The value as text; nil for null, objects and arrays.
  private mutating func parseValue() throws(Failure) -> String? {
    guard let byte = peek else { throw failure("the line ends in the object") }
    switch byte {
    case UInt8(ascii: "\""):
      return try parseString()
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      try skipNested()
      return nil
    case UInt8(ascii: "t"):
      try expectWord("true")
      return "true"
    case UInt8(ascii: "f"):
      try expectWord("false")
      return "false"
    case UInt8(ascii: "n"):
      try expectWord("null")
      return nil
    default:
      return try parseNumber()
    }
  }

  /// The values of an array of simple values; nil, and nothing is read, for anything else.
  private mutating func parseList() throws(Failure) -> [String]? {
    let start = position
    guard take("[") else { return nil }
    var list: [String] = []
    skipSpace()
    if take("]") { return list }
    while true {
      skipSpace()
      if peek == UInt8(ascii: "{") || peek == UInt8(ascii: "[") {
        position = start
        return nil
      }
      if let value = try parseValue() { list.append(value) }
      skipSpace()
      if take("]") { return list }
      if !take(",") { throw failure("the line ends in the array, or a comma is missing") }
    }
  }

  /// Moves over an object or an array: a stack of what is open instead of recursion, so that depth costs only memory.
  private mutating func skipNested() throws(Failure) {
    var open: [UInt8] = []
    repeat {
      skipSpace()
      guard let byte = peek else { throw failure("the line ends in the object") }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append(byte)
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        let opening = byte == UInt8(ascii: "}") ? UInt8(ascii: "{") : UInt8(ascii: "[")
        guard open.popLast() == opening else { throw failure("brackets do not match") }
        position += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        position += 1
      default:
        _ = try parseValue()
      }
    } while !open.isEmpty
  }

  private mutating func parseNumber() throws(Failure) -> String {
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

  private mutating func skipDigits() throws(Failure) {
    let start = position
    while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
    if position == start { throw failure("no value here") }
  }

  private mutating func parseString() throws(Failure) -> String {
    try expect("\"")
    var result: [UInt8] = []
    while true {
      let start = position
      while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
      result += bytes[start..<position]
      guard let byte = peek else { throw failure("the line ends in a string") }
      if byte < 0x20 { throw failure("a control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: result, as: UTF8.self) }
      try parseEscape(into: &result)
    }
  }

  private mutating func parseEscape(into result: inout [UInt8]) throws(Failure) {
    guard let byte = peek else { throw failure("the line ends in a string") }
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
  private mutating func parseScalar() throws(Failure) -> Unicode.Scalar {
    let first = try parseHex()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), take("\\"), take("u") else { throw failure("a lone surrogate") }
    let second = try parseHex()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("a lone surrogate") }
    return scalar
  }

  private mutating func parseHex() throws(Failure) -> UInt32 {
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

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = peek, byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
    if !take(character) { throw failure("'\(character)' is wanted") }
  }

  private mutating func expectWord(_ word: StaticString) throws(Failure) {
    let wanted = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[position...].starts(with: wanted) else { throw failure("no value here") }
    position += wanted.count
  }

  private func failure(_ reason: String) -> Failure {
    Failure(offset: position, reason: reason)
  }
}
