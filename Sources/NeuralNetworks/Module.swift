public import Tensors

/// A part of a network: a layer, or a network made of layers.
///
/// A module is a final class that holds its parameters, buffers and parts as stored properties; their names are the names in
/// a checkpoint (`output.weight`), as in PyTorch. Whatever holds arrays of modules gets their numbers
/// (`convolutions.0.weight`). Finding the parameters looks at every property, so whoever trains does it once.
public protocol Module: AnyObject, Sendable, CustomStringConvertible {
  /// What stands in the parentheses when the module prints itself, such as `input 300, output 2`.
  var summary: String { get }

  /// Names in a checkpoint by the names of properties, where those cannot be called so in Swift.
  static var checkpointNames: [String: String] { get }
}

extension Module {
  /// Nothing to say.
  public var summary: String { "" }

  /// None.
  public static var checkpointNames: [String: String] { [:] }

  /// All parameters with their names, in the order of the properties.
  public var namedParameters: [(name: String, parameter: Parameter)] {
    leaves.compactMap { name, leaf in if case .parameter(let parameter) = leaf { (name, parameter) } else { nil } }
  }

  /// All buffers with their names, in the order of the properties.
  public var namedBuffers: [(name: String, buffer: Buffer)] {
    leaves.compactMap { name, leaf in if case .buffer(let buffer) = leaf { (name, buffer) } else { nil } }
  }

  fileprivate var leaves: [(name: String, leaf: Leaf)] {
    var found: [(String, Leaf)] = []
    forEachProperty(of: self) { collectLeaves($1, $0, into: &found) }
    return found
  }

  /// All parameters, in the order of the properties.
  public var parameters: [Parameter] { namedParameters.map(\.parameter) }

  /// The number of numbers that training changes.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// The parts with their names.
  public var children: [(name: String, module: any Module)] {
    var found: [(String, any Module)] = []
    forEachProperty(of: self) { collectModules($1, $0, into: &found) }
    return found
  }

  /// The tree of modules, with sizes and the number of parameters.
  public var description: String { tree(name: nil, indent: "") }

  private func tree(name: String?, indent: String) -> String {
    let head = indent + (name.map { "\($0): " } ?? "") + "\(type(of: self))(\(summary))"
    let own = parameterCount
    var lines = [own > 0 ? "\(head)  \(own.grouped) parameters" : head]
    for child in children { lines.append(child.module.tree(name: child.name, indent: indent + "  ")) }
    return lines.joined(separator: "\n")
  }

  /// Takes over values of parameters and buffers by name.
  ///
  /// - Parameter quantized: those in bytes. Layers that can compute with them do so in inference; for others they become
  ///   Float32 when first used.
  /// - Throws: ``ModuleLoadingError`` for a name that is missing or unknown and for a shape that differs; nothing has
  ///   been changed then.
  public func load(
    _ values: [String: Tensor], quantized: [String: QuantizedTensor] = [:]
  ) throws(ModuleLoadingError) {
    let own = leaves
    for (name, leaf) in own {
      guard let shape = values[name]?.shape ?? quantized[name]?.shape else {
        throw .missing(name: name, shape: leaf.shape)
      }
      guard shape == leaf.shape else { throw .shape(name: name, expected: leaf.shape, found: shape) }
    }
    let names = Set(own.map(\.name))
    if let unknown = (Array(values.keys) + quantized.keys).filter({ !names.contains($0) }).min() {
      throw .unknown(name: unknown)
    }
    for (name, leaf) in own {
      if let value = values[name] {
        switch leaf {
        case .parameter(let parameter): parameter.value = value
        case .buffer(let buffer): buffer.value = value
        }
      } else if let bytes = quantized[name] {
        switch leaf {
        case .parameter(let parameter): parameter.load(bytes)
        case .buffer(let buffer): buffer.value = bytes.dequantized
        }
      }
    }
  }

  /// The values of all parameters and buffers by name.
  public var stateDictionary: [String: Tensor] {
    Dictionary(leaves.map { ($0.name, $0.leaf.value) }, uniquingKeysWith: { first, _ in first })
  }
}

/// What a checkpoint holds of a module.
fileprivate enum Leaf {
  case parameter(Parameter)
  case buffer(Buffer)

  var key: String? {
    switch self {
    case .parameter(let parameter): parameter.key
    case .buffer(let buffer): buffer.key
    }
  }

  var value: Tensor {
    switch self {
    case .parameter(let parameter): parameter.value
    case .buffer(let buffer): buffer.value
    }
  }

  var shape: [Int] {
    switch self {
    case .parameter(let parameter): parameter.shape
    case .buffer(let buffer): buffer.shape
    }
  }
}

/// Why values do not fit a module.
public enum ModuleLoadingError: Error, Hashable, CustomStringConvertible {
  /// The module has a parameter that the values lack.
  case missing(name: String, shape: [Int])
  /// The values hold one that the module lacks.
  case unknown(name: String)
  /// The shapes differ.
  case shape(name: String, expected: [Int], found: [Int])

  /// One line for a person.
  public var description: String {
    switch self {
    case .missing(let name, let shape): "the weights lack \(name) of the shape \(shape)"
    case .unknown(let name): "the weights hold \(name), which this architecture does not have"
    case .shape(let name, let expected, let found):
      "\(name) has the shape \(found), this architecture needs \(expected)"
    }
  }
}

/// The stored properties of an object, those of its superclasses first.
private func forEachProperty(of object: any Module, _ body: (_ name: String, _ value: Any) -> Void) {
  let names = type(of: object).checkpointNames
  var mirrors = [Mirror(reflecting: object)]
  while let next = mirrors[mirrors.count - 1].superclassMirror { mirrors.append(next) }
  for mirror in mirrors.reversed() {
    for child in mirror.children {
      let label = child.label ?? ""
      body(names[label] ?? label, child.value)
    }
  }
}

private func collectLeaves(_ value: Any, _ name: String, into found: inout [(String, Leaf)]) {
  func add(_ leaf: Leaf, _ name: String) { found.append((leaf.key ?? name, leaf)) }
  switch value {
  case let parameter as Parameter:
    add(.parameter(parameter), name)
  case let buffer as Buffer:
    add(.buffer(buffer), name)
  case let module as any Module:
    found += module.leaves.map { ("\(name).\($0.name)", $0.leaf) }
  case let modules as [any Module]:
    for (index, module) in modules.enumerated() { collectLeaves(module, "\(name).\(index)", into: &found) }
  case let parameters as [Parameter]:
    for (index, parameter) in parameters.enumerated() { add(.parameter(parameter), "\(name).\(index)") }
  case let optional as Optional<Any>:
    if case .some(let wrapped) = optional, Mirror(reflecting: value).displayStyle == .optional {
      collectLeaves(wrapped, name, into: &found)
    }
  }
}

private func collectModules(_ value: Any, _ name: String, into found: inout [(String, any Module)]) {
  switch value {
  case let module as any Module:
    found.append((name, module))
  case let modules as [any Module]:
    for (index, module) in modules.enumerated() { found.append(("\(name).\(index)", module)) }
  case let optional as Optional<Any>:
    if case .some(let wrapped) = optional, Mirror(reflecting: value).displayStyle == .optional {
      collectModules(wrapped, name, into: &found)
    }
  }
}

extension Int {
  /// With a comma between each three digits.
  var grouped: String {
    var result = ""
    for (position, digit) in String(self).reversed().enumerated() {
      if position > 0, position % 3 == 0, digit != "-" { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }
}
