import FoundationEssentials

/// The attributes of a node. What is asked for is checked; what nobody asks for is refused by name, since a result that
/// leaves an attribute out would be wrong.
struct OperatorAttributes {
  private let attributes: [String: ONNXAttribute]
  private var known: Set<String> = []
  /// Tensors that are attributes, by name.
  private let tensors: [String: ONNXValue]

  /// - Parameter tensors: the attributes that hold tensors, read.
  init(_ attributes: [ONNXAttribute], tensors: [String: ONNXValue]) throws(OperatorFault) {
    var byName: [String: ONNXAttribute] = [:]
    for attribute in attributes {
      guard attribute.refAttrName.isEmpty else {
        throw .unsupported("attribute \(attribute.name), which refers to one of a function")
      }
      guard byName.updateValue(attribute, forKey: attribute.name) == nil else {
        throw .wrong("attribute \(attribute.name) is given twice")
      }
    }
    (self.attributes, self.tensors) = (byName, tensors)
  }

  private mutating func find(_ name: String, _ kind: ONNXAttribute.Kind) throws(OperatorFault) -> ONNXAttribute? {
    known.insert(name)
    guard let attribute = attributes[name] else { return nil }
    // Early files leave the kind out.
    guard attribute.type == kind || attribute.type == .undefined else {
      throw .wrong("attribute \(name) is of the kind \(attribute.type), which should be \(kind)")
    }
    return attribute
  }

  func contains(_ name: String) -> Bool { attributes[name] != nil }

  mutating func integer(_ name: String) throws(OperatorFault) -> Int? {
    try find(name, .int).map { Int($0.i) }
  }

  mutating func integer(_ name: String, default value: Int) throws(OperatorFault) -> Int {
    try integer(name) ?? value
  }

  mutating func flag(_ name: String, default value: Bool = false) throws(OperatorFault) -> Bool {
    guard let number = try integer(name) else { return value }
    guard number == 0 || number == 1 else { throw .wrong("attribute \(name) is \(number), not 0 or 1") }
    return number == 1
  }

  mutating func float(_ name: String) throws(OperatorFault) -> Float? { try find(name, .float)?.f }

  mutating func float(_ name: String, default value: Float) throws(OperatorFault) -> Float {
    try float(name) ?? value
  }

  mutating func integers(_ name: String) throws(OperatorFault) -> [Int]? {
    try find(name, .ints).map { $0.ints.map { Int($0) } }
  }

  mutating func floats(_ name: String) throws(OperatorFault) -> [Float]? { try find(name, .floats)?.floats }

  mutating func string(_ name: String) throws(OperatorFault) -> String? {
    guard let attribute = try find(name, .string) else { return nil }
    return String(decoding: attribute.s, as: UTF8.self)
  }

  /// One of some words.
  mutating func word(_ name: String, default value: String, of words: [String]) throws(OperatorFault) -> String {
    let word = try string(name) ?? value
    guard words.contains(word) else { throw .unsupported("attribute \(name) with the value \"\(word)\"") }
    return word
  }

  mutating func strings(_ name: String) throws(OperatorFault) -> [String]? {
    try find(name, .strings).map { $0.strings.map { String(decoding: $0, as: UTF8.self) } }
  }

  mutating func tensor(_ name: String) throws(OperatorFault) -> ONNXValue? {
    try find(name, .tensor) == nil ? nil : tensors[name]
  }

  /// What has no meaning for inference.
  mutating func ignore(_ names: String...) { known.formUnion(names) }

  /// Refuses what nobody has asked for.
  func checkAllKnown() throws(OperatorFault) {
    let unknown = attributes.keys.filter { !known.contains($0) }.sorted()
    guard unknown.isEmpty else { throw .unsupported("attribute \(unknown.joined(separator: ", "))") }
  }
}
