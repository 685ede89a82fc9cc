/// The members of one JSON object, taken one by one. What nobody takes is refused by its name, so that no setting is passed
/// over in silence.
struct JSONFields {
  /// What the object is, for messages.
  let part: String
  private var members: [(name: String, value: JSONValue)]

  /// - Throws: a value that is no object.
  init(_ value: JSONValue, _ part: String) throws(SubwordTokenizerError) {
    guard let members = value.object else { throw .invalid(part: part, reason: "it should be an object") }
    self.part = part
    self.members = members
  }

  /// Takes a member; nil for null and where there is none.
  mutating func take(_ name: String) -> JSONValue? {
    guard let index = members.firstIndex(where: { $0.name == name }) else { return nil }
    let value = members.remove(at: index).value
    return value.isNull ? nil : value
  }

  mutating func string(_ name: String) throws(SubwordTokenizerError) -> String? {
    guard let value = take(name) else { return nil }
    guard let string = value.string else { throw wrong(name, "a string") }
    return string
  }

  mutating func string(_ name: String, default value: String) throws(SubwordTokenizerError) -> String {
    try string(name) ?? value
  }

  mutating func bool(_ name: String, default value: Bool) throws(SubwordTokenizerError) -> Bool {
    try bool(name) ?? value
  }

  mutating func bool(_ name: String) throws(SubwordTokenizerError) -> Bool? {
    guard let value = take(name) else { return nil }
    guard let bool = value.bool else { throw wrong(name, "true or false") }
    return bool
  }

  mutating func int(_ name: String) throws(SubwordTokenizerError) -> Int? {
    guard let value = take(name) else { return nil }
    guard let int = value.int else {
      let shown = String(decoding: JSONWriter.write(value), as: UTF8.self)
      throw wrong(name, "a whole number" + (value.number == nil ? "" : " of at most ten digits, not \(shown)"))
    }
    return int
  }

  /// A whole number from 0 up to a limit.
  mutating func size(_ name: String, limit: Int = .max) throws(SubwordTokenizerError) -> Int? {
    guard let size = try int(name) else { return nil }
    try check(size, name, limit: limit)
    return size
  }

  /// - Throws: a number that is below 0 or above the limit, by its name and value.
  func check(_ size: Int, _ name: String, limit: Int) throws(SubwordTokenizerError) {
    if size < 0 { throw .invalid(part: part, reason: "'\(name)' is \(size); it should be 0 or more") }
    if size > limit { throw .invalid(part: part, reason: "'\(name)' is \(size); \(limit) is the most") }
  }

  mutating func number(_ name: String) throws(SubwordTokenizerError) -> Double? {
    guard let value = take(name) else { return nil }
    guard let number = value.number else { throw wrong(name, "a number") }
    return number
  }

  mutating func array(_ name: String) throws(SubwordTokenizerError) -> [JSONValue]? {
    guard let value = take(name) else { return nil }
    guard let array = value.array else { throw wrong(name, "a list") }
    return array
  }

  /// What a member must have.
  func required<Value>(_ value: Value?, _ name: String) throws(SubwordTokenizerError) -> Value {
    guard let value else { throw .invalid(part: part, reason: "'\(name)' is missing") }
    return value
  }

  /// Ends the reading.
  ///
  /// - Throws: a member that was not taken and says something.
  consuming func finish() throws(SubwordTokenizerError) {
    for (name, value) in members where !value.isNull { throw .unsupported(part: "the setting of \(part)", value: name) }
  }

  private func wrong(_ name: String, _ wanted: String) -> SubwordTokenizerError {
    .invalid(part: part, reason: "'\(name)' should be \(wanted)")
  }
}
