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
  private(set) var names: [String] = []
  private(set) var values: [String] = []
  /// The simple values of arrays, by the place of their key.
  private(set) var lists: [Int: [String]] = [:]
  private var scanner: JSONScanner

  init(bytes: [UInt8]) {
    scanner = JSONScanner(bytes: bytes)
  }

  mutating func parse() throws(JSONFailure) {
    scanner.skipSpace()
    try scanner.expect("{")
    scanner.skipSpace()
    if scanner.take("}") { return try parseEnd() }
    while true {
      scanner.skipSpace()
      let name = try scanner.parseString()
      scanner.skipSpace()
      try scanner.expect(":")
      scanner.skipSpace()
      if let list = try parseList() {
        lists[names.count] = list
        names.append(name)
        values.append("")
      } else if let value = try parseValue() {
        names.append(name)
        values.append(value)
      }
      scanner.skipSpace()
      if scanner.take(",") { continue }
      try scanner.expect("}")
      return try parseEnd()
    }
  }

  private mutating func parseEnd() throws(JSONFailure) {
    scanner.skipSpace()
    if scanner.peek != nil { throw scanner.failure("more after the object") }
  }

  /// The value as text; nil for null, objects and arrays.
  private mutating func parseValue() throws(JSONFailure) -> String? {
    guard let byte = scanner.peek else { throw scanner.failure("the line ends in the object") }
    switch byte {
    case UInt8(ascii: "\""):
      return try scanner.parseString()
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      try skipNested()
      return nil
    case UInt8(ascii: "t"):
      try scanner.expectWord("true")
      return "true"
    case UInt8(ascii: "f"):
      try scanner.expectWord("false")
      return "false"
    case UInt8(ascii: "n"):
      try scanner.expectWord("null")
      return nil
    default:
      return try scanner.parseNumber()
    }
  }

  /// The values of an array of simple values; nil, and nothing is read, for anything else.
  private mutating func parseList() throws(JSONFailure) -> [String]? {
    let start = scanner.position
    guard scanner.take("[") else { return nil }
    var list: [String] = []
    scanner.skipSpace()
    if scanner.take("]") { return list }
    while true {
      scanner.skipSpace()
      if scanner.peek == UInt8(ascii: "{") || scanner.peek == UInt8(ascii: "[") {
        scanner.position = start
        return nil
      }
      if let value = try parseValue() { list.append(value) }
      scanner.skipSpace()
      if scanner.take("]") { return list }
      if !scanner.take(",") { throw scanner.failure("the line ends in the array, or a comma is missing") }
    }
  }

  /// Moves over an object or an array: a stack of what is open instead of recursion, so that depth costs only memory.
  private mutating func skipNested() throws(JSONFailure) {
    var open: [UInt8] = []
    repeat {
      scanner.skipSpace()
      guard let byte = scanner.peek else { throw scanner.failure("the line ends in the object") }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append(byte)
        scanner.position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        let opening = byte == UInt8(ascii: "}") ? UInt8(ascii: "{") : UInt8(ascii: "[")
        guard open.popLast() == opening else { throw scanner.failure("brackets do not match") }
        scanner.position += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        scanner.position += 1
      default:
        _ = try parseValue()
      }
    } while !open.isEmpty
  }
}
