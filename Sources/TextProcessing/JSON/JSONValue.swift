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
