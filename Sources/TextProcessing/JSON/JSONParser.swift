/// Reads a JSON document of UTF-8.
struct JSONParser {
  /// Objects and arrays within each other: more than any tokenizer needs, and little enough for the stack.
  private static let depthLimit = 64

  private var scanner: JSONScanner
  private var depth = 0

  /// The document's value.
  static func parse(_ bytes: [UInt8]) throws(JSONFailure) -> JSONValue {
    var parser = JSONParser(bytes: bytes)
    let value = try parser.document()
    return value
  }

  private init(bytes: [UInt8]) {
    scanner = JSONScanner(bytes: bytes)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.position = ByteOrderMark.size }
  }

  private mutating func document() throws(JSONFailure) -> JSONValue {
    let value = try value()
    scanner.skipSpace()
    guard scanner.peek == nil else { throw scanner.failure("more after the end of the document") }
    return value
  }

  private mutating func value() throws(JSONFailure) -> JSONValue {
    scanner.skipSpace()
    guard let byte = scanner.peek else { throw scanner.failure("the text ends where a value is wanted") }
    switch byte {
    case UInt8(ascii: "{"): return try nested { (parser) throws(JSONFailure) in try parser.object() }
    case UInt8(ascii: "["): return try nested { (parser) throws(JSONFailure) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try scanner.parseString())
    case UInt8(ascii: "t"):
      try scanner.expectWord("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try scanner.expectWord("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try scanner.expectWord("null")
      return .null
    default:
      guard let number = Double(try scanner.parseNumber()) else {
        throw scanner.failure("a number that cannot be read")
      }
      return .number(number)
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(JSONFailure) -> JSONValue
  ) throws(JSONFailure) -> JSONValue {
    guard depth < Self.depthLimit else {
      throw scanner.failure("more than \(Self.depthLimit) values within each other")
    }
    depth += 1
    defer { depth -= 1 }
    scanner.position += 1
    return try body(&self)
  }

  private mutating func object() throws(JSONFailure) -> JSONValue {
    var members: [(name: String, value: JSONValue)] = []
    scanner.skipSpace()
    if scanner.take("}") { return .object(members) }
    while true {
      scanner.skipSpace()
      let name = try scanner.parseString()
      scanner.skipSpace()
      guard scanner.take(":") else { throw scanner.failure("':' is wanted") }
      members.append((name, try value()))
      scanner.skipSpace()
      if scanner.take("}") { return .object(members) }
      guard scanner.take(",") else { throw scanner.failure("',' or '}' is wanted") }
    }
  }

  private mutating func array() throws(JSONFailure) -> JSONValue {
    var values: [JSONValue] = []
    scanner.skipSpace()
    if scanner.take("]") { return .array(values) }
    while true {
      values.append(try value())
      scanner.skipSpace()
      if scanner.take("]") { return .array(values) }
      guard scanner.take(",") else { throw scanner.failure("',' or ']' is wanted") }
    }
  }
}
