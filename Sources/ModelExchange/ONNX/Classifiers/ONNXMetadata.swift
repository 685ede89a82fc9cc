import FoundationEssentials

/// What the metadata of an ONNX file say of it in the form of ``ModelMetadata``.
struct ONNXMetadata {
  private let values: [String: String]
  private let path: String

  init(_ values: [String: String], path: String) { (self.values, self.path) = (values, path) }

  /// The value of a key, such as `task`; `nil` where there is none.
  func text(_ key: String) -> String? { values["nlptool.\(key)"] }

  /// The same, which must be there.
  func required(_ key: String) throws(ExchangeError) -> String {
    guard let text = text(key) else {
      throw .unsuitable(path: path, reason: "its metadata have no nlptool.\(key); export the model again")
    }
    return text
  }

  /// A value that is JSON; `nil` where there is none.
  func decoded<Value: Decodable>(_ type: Value.Type, _ key: String) throws(ExchangeError) -> Value? {
    guard let text = text(key) else { return nil }
    // A number alone is no document for every reader of JSON: it stands in an array here.
    guard let value = try? JSONDecoder().decode([Value].self, from: Data("[\(text)]".utf8)), value.count == 1 else {
      throw .malformed(path: path, field: "metadata nlptool.\(key)", reason: "it cannot be read")
    }
    return value[0]
  }

  /// The same, which must be there.
  func required<Value: Decodable>(_ type: Value.Type, _ key: String) throws(ExchangeError) -> Value {
    _ = try required(key)
    guard let value = try decoded(type, key) else {
      throw .malformed(path: path, field: "metadata nlptool.\(key)", reason: "it cannot be read")
    }
    return value
  }
}
