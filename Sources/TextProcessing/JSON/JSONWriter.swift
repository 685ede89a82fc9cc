/// Writes JSON documents (RFC 8259): members each on a line of their own, indented by two spaces.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []

  /// The document with a line end behind it.
  static func write(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.append(value, indentation: 0)
    writer.bytes.append(UInt8(ascii: "\n"))
    return writer.bytes
  }

  private mutating func append(_ value: JSONValue, indentation: Int) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .number(let value):
      if value == value.rounded(), abs(value) < 0x1p53 {
        bytes += "\(Int(value))".utf8
      } else {
        bytes += "\(value)".utf8
      }
    case .string(let value): append(value)
    case .array(let values):
      appendList(values, "[", "]", indentation) { writer, value in
        writer.append(value, indentation: indentation + 1)
      }
    case .object(let members):
      appendList(members, "{", "}", indentation) { writer, member in
        writer.append(member.name)
        writer.bytes += ": ".utf8
        writer.append(member.value, indentation: indentation + 1)
      }
    }
  }

  private mutating func appendList<T>(
    _ items: [T], _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, _ indentation: Int,
    _ body: (inout JSONWriter, T) -> Void
  ) {
    bytes.append(UInt8(ascii: opening))
    for (index, item) in items.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      breakLine(indentation + 1)
      body(&self, item)
    }
    if !items.isEmpty { breakLine(indentation) }
    bytes.append(UInt8(ascii: closing))
  }

  private mutating func breakLine(_ indentation: Int) {
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indentation))
  }

  private mutating func append(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += #"\""#.utf8
      case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
      case 0x0A: bytes += #"\n"#.utf8
      case 0x0D: bytes += #"\r"#.utf8
      case 0x09: bytes += #"\t"#.utf8
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        bytes += "\\u00\(digits.count < 2 ? "0" : "")\(digits)".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
