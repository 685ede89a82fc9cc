/// A JSON document (RFC 8259) as a tree. Members keep their order, and their names and strings keep their scalars: two names
/// that Unicode calls equivalent stay two, as they must in a vocabulary.
indirect enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([(name: String, value: JSONValue)])

  /// The value of a member; nil where there is none or this is no object.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  var string: String? { if case .string(let value) = self { value } else { nil } }
  var number: Double? { if case .number(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  var object: [(name: String, value: JSONValue)]? { if case .object(let value) = self { value } else { nil } }
  var isNull: Bool { if case .null = self { true } else { false } }
  /// A whole number within the range of `Int32`, which is where ids are.
  var int: Int? {
    guard case .number(let value) = self, value == value.rounded(), abs(value) <= 0x1p31 else { return nil }
    return Int(value)
  }
}

/// What is wrong with a JSON document, and where.
struct JSONFailure: Error, Equatable {
  /// Bytes before it.
  var offset: Int
  var reason: String
}

/// Reads a JSON document of UTF-8.
struct JSONParser {
  /// Objects and arrays within each other: more than any tokenizer needs, and little enough for the stack.
  private static let depthLimit = 64

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  /// The document's value.
  static func parse(_ bytes: [UInt8]) throws(JSONFailure) -> JSONValue {
    var parser = JSONParser(bytes: bytes)
    let value = try parser.document()
    return value
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  private mutating func document() throws(JSONFailure) -> JSONValue {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw failure("more after the end of the document") }
    return value
  }

  private mutating func value() throws(JSONFailure) -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw failure("the document ends where a value is wanted") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try nested { (parser) throws(JSONFailure) in try parser.object() }
    case UInt8(ascii: "["): return try nested { (parser) throws(JSONFailure) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try word("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default: return .number(try number())
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(JSONFailure) -> JSONValue
  ) throws(JSONFailure) -> JSONValue {
    guard depth < Self.depthLimit else { throw failure("more than \(Self.depthLimit) values within each other") }
    depth += 1
    defer { depth -= 1 }
    position += 1
    return try body(&self)
  }

  private mutating func object() throws(JSONFailure) -> JSONValue {
    var members: [(name: String, value: JSONValue)] = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      let name = try string()
      skipSpace()
      guard take(":") else { throw failure("':' is wanted") }
      members.append((name, try value()))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw failure("',' or '}' is wanted") }
    }
  }

  private mutating func array() throws(JSONFailure) -> JSONValue {
    var values: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(values) }
    while true {
      values.append(try value())
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw failure("',' or ']' is wanted") }
    }
  }

  private mutating func string() throws(JSONFailure) -> String {
    guard take("\"") else { throw failure("a string is wanted") }
    var result: [UInt8] = []
    while true {
      let start = position
      while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5C, bytes[position] >= 0x20 {
        position += 1
      }
      guard position < bytes.count else { throw failure("the document ends in a string") }
      let isEnd = bytes[position] == 0x22
      // Most strings have no escape and need no copy.
      if isEnd, result.isEmpty {
        let text = String(validating: bytes[start..<position], as: UTF8.self)
        guard let text else { throw failure("a string that is not UTF-8") }
        position += 1
        return text
      }
      result += bytes[start..<position]
      if isEnd {
        guard let text = String(validating: result, as: UTF8.self) else { throw failure("a string that is not UTF-8") }
        position += 1
        return text
      }
      guard bytes[position] == 0x5C else { throw failure("a control character in a string") }
      position += 1
      try escape(into: &result)
    }
  }

  private mutating func escape(into result: inout [UInt8]) throws(JSONFailure) {
    guard position < bytes.count else { throw failure("the document ends in a string") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"): result += Array(String(Character(try scalar())).utf8)
    default:
      position -= 1
      throw failure("an unknown escape")
    }
  }

  /// What follows `\u`: a scalar, or a surrogate pair over two escapes.
  private mutating func scalar() throws(JSONFailure) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), take("\\"), take("u") else { throw failure("a lone surrogate") }
    let second = try hexadecimal()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("a lone surrogate") }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONFailure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw failure("four hexadecimal digits are wanted after \\u")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func number() throws(JSONFailure) -> Double {
    let start = position
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      throw failure("a number that cannot be read")
    }
    return value
  }

  private mutating func digits() throws(JSONFailure) {
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    if position == start { throw failure("no value here") }
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func word(_ word: StaticString) throws(JSONFailure) {
    let wanted = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[position...].starts(with: wanted) else { throw failure("no value here") }
    position += wanted.count
  }

  private func failure(_ reason: String) -> JSONFailure { JSONFailure(offset: position, reason: reason) }
}
