/// A node of a graph whose operands are known by number.
struct ReadNode: Sendable {
  /// How errors call it, such as `graph.node[3] "conv1" (Conv)`.
  let label: String
  let operation: String
  /// Numbers of values; `nil` for operands that are left out.
  let inputs: [Int?]
  let outputs: [Int?]
  let attributes: OperatorAttributes
}

/// A graph that has been checked: every operand comes from somewhere, nothing is made twice, and nodes stand in an order in
/// which they can run.
struct ReadGraph: Sendable {
  let opset: Int
  /// By number.
  let names: [String]
  let inputs: [(description: ONNXValueDescription, value: Int)]
  let outputs: [(description: ONNXValueDescription, value: Int)]
  /// Values that are part of the model.
  let constants: [Int: ONNXValue]
  let nodes: [ReadNode]
}

/// Reads the message of a model.
struct ONNXGraphReader {
  private let path: String
  private let library: OperatorLibrary
  private var external: ExternalData
  private var names: [String] = []
  private var numbers: [String: Int] = [:]

  init(path: String, folder: String?, library: OperatorLibrary = .standard) {
    (self.path, self.library) = (path, library)
    external = ExternalData(folder: folder)
  }

  private func malformed(_ field: String, _ reason: String) -> ExchangeError {
    .malformed(path: path, field: field, reason: reason)
  }

  private func located<R>(
    _ field: String, _ body: () throws(OperatorFault) -> R
  ) throws(ExchangeError) -> R {
    do throws(OperatorFault) { return try body() } catch { throw error.located(path: path, field) }
  }

  private mutating func number(_ name: String) -> Int {
    if let number = numbers[name] { return number }
    numbers[name] = names.count
    names.append(name)
    return names.count - 1
  }

  mutating func read(_ model: ONNXModel) throws(ExchangeError) -> ReadGraph {
    let opset = try opset(of: model)
    guard model.hasGraph else { throw malformed("graph", "it is missing") }
    let graph = model.graph
    if let function = model.functions.first {
      let name = "\(function.domain).\(function.name)"
      throw ExchangeError.unsupported(path: path, what: "the local function \(shown(name))")
    }
    guard graph.sparseInitializer.isEmpty else {
      throw ExchangeError.unsupported(path: path, what: "graph.sparse_initializer")
    }
    try checkOperators(graph, opset)
    // Which values there are, each from one place.
    var isMade = Set<Int>()
    var constants: [Int: ONNXValue] = [:]
    for (index, message) in graph.initializer.enumerated() {
      let field = "graph.initializer[\(index)] \"\(shown(message.name))\""
      guard !message.name.isEmpty else { throw malformed(field, "it has no name") }
      let value = number(message.name)
      guard isMade.insert(value).inserted else { throw malformed(field, "the name is given twice") }
      constants[value] = try located(field) { () throws(OperatorFault) in
        try ONNXValue(reading: message, &external)
      }
    }
    var inputs: [(description: ONNXValueDescription, value: Int)] = []
    for (index, message) in graph.input.enumerated() {
      let field = "graph.input[\(index)]"
      // Early files list what is part of the model as inputs too.
      if let known = numbers[message.name], constants[known] != nil { continue }
      let description = try located(field) { () throws(OperatorFault) in try ONNXValueDescription(message) }
      let value = number(description.name)
      guard isMade.insert(value).inserted else {
        throw malformed("\(field) \"\(shown(message.name))\"", "the name is given twice")
      }
      inputs.append((description, value))
    }
    var nodes: [ReadNode] = []
    for (index, message) in graph.node.enumerated() {
      let node = try read(message, index)
      for output in node.outputs {
        guard let output else { continue }
        guard isMade.insert(output).inserted else {
          throw malformed(node.label, "output \"\(shown(names[output]))\" is made twice")
        }
      }
      nodes.append(node)
    }
    for node in nodes {
      for (place, input) in node.inputs.enumerated() {
        guard let input, !isMade.contains(input) else { continue }
        throw malformed(node.label, "input[\(place)] \"\(shown(names[input]))\" comes from nowhere")
      }
    }
    var outputs: [(description: ONNXValueDescription, value: Int)] = []
    var isGiven = Set<Int>()
    for (index, message) in graph.output.enumerated() {
      let field = "graph.output[\(index)]"
      let description = try located(field) { () throws(OperatorFault) in try ONNXValueDescription(message) }
      guard let value = numbers[description.name], isMade.contains(value) else {
        throw malformed("\(field) \"\(shown(description.name))\"", "it comes from nowhere")
      }
      guard isGiven.insert(value).inserted else {
        throw malformed("\(field) \"\(shown(description.name))\"", "the name is given twice")
      }
      outputs.append((description, value))
    }
    guard !outputs.isEmpty else { throw malformed("graph.output", "there is none") }
    let available = Set(constants.keys).union(inputs.map(\.value))
    return ReadGraph(
      opset: opset, names: names, inputs: inputs, outputs: outputs, constants: constants,
      nodes: try ordered(nodes, available: available))
  }

  private func opset(of model: ONNXModel) throws(ExchangeError) -> Int {
    var version: Int64?
    for (index, set) in model.opsetImport.enumerated() where set.domain.isEmpty || set.domain == "ai.onnx" {
      guard version == nil else { throw malformed("opset_import[\(index)]", "the domain ai.onnx is given twice") }
      version = set.version
    }
    guard let version else {
      // A model of nothing but operators of others: those are named.
      if !model.graph.node.contains(where: { $0.domain.isEmpty || $0.domain == "ai.onnx" }) {
        return OperatorLibrary.opsets.upperBound
      }
      throw malformed("opset_import", "no version of the domain ai.onnx is given")
    }
    guard let opset = Int(exactly: version), OperatorLibrary.opsets.contains(opset) else {
      let known = OperatorLibrary.opsets
      throw .unsupported(
        path: path,
        what: "version \(version) of the operators (opset_import; \(known.lowerBound) to \(known.upperBound) are)")
    }
    return opset
  }

  /// Names everything that cannot be computed, before anything is read further.
  private func checkOperators(_ graph: ONNXGraph, _ opset: Int) throws(ExchangeError) {
    var unknown = Set<String>()
    for node in graph.node {
      let isStandard = node.domain.isEmpty || node.domain == "ai.onnx"
      if isStandard, let definition = library.definitions[node.opType], definition.since <= opset { continue }
      unknown.insert(shown(isStandard ? node.opType : "\(node.domain).\(node.opType)"))
    }
    guard !unknown.isEmpty else { return }
    let names = unknown.sorted()
    let listed = names.prefix(40).joined(separator: ", ") + (names.count > 40 ? " and \(names.count - 40) more" : "")
    throw .unsupported(
      path: path, what: names.count == 1 ? "the operator \(listed)" : "each of the operators \(listed)")
  }

  private mutating func read(_ message: ONNXNode, _ index: Int) throws(ExchangeError) -> ReadNode {
    let name = message.name.isEmpty ? "" : " \"\(shown(message.name))\""
    let label = "graph.node[\(index)]\(name) (\(shown(message.opType)))"
    guard let definition = library.definitions[message.opType] else {
      throw .unsupported(path: path, what: "the operator \(shown(message.opType))")
    }
    guard definition.inputs.contains(message.input.count) else {
      throw malformed(label, "\(message.input.count) inputs; the operator takes \(text(definition.inputs))")
    }
    guard definition.outputs.contains(message.output.count) else {
      if message.output.count > definition.outputs.upperBound {
        throw .unsupported(path: path, what: "\(label) with \(message.output.count) outputs")
      }
      throw malformed(label, "\(message.output.count) outputs; the operator has \(text(definition.outputs))")
    }
    var tensors: [String: ONNXValue] = [:]
    for attribute in message.attribute where attribute.hasT {
      tensors[attribute.name] = try located("\(label): attribute \(shown(attribute.name))") {
        () throws(OperatorFault) in try ONNXValue(reading: attribute.t, &external)
      }
    }
    let attributes = try located(label) { () throws(OperatorFault) in
      try OperatorAttributes(message.attribute, tensors: tensors)
    }
    return ReadNode(
      label: label, operation: message.opType, inputs: message.input.map { $0.isEmpty ? nil : number($0) },
      outputs: message.output.map { $0.isEmpty ? nil : number($0) }, attributes: attributes)
  }

  private func text(_ range: ClosedRange<Int>) -> String {
    range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }

  /// Nodes in an order in which each comes behind those that make its operands.
  private func ordered(_ nodes: [ReadNode], available: Set<Int>) throws(ExchangeError) -> [ReadNode] {
    // The file's order is kept where it is one, as the format asks for.
    var made = available
    let isOrdered = nodes.allSatisfy { node in
      guard node.inputs.allSatisfy({ $0.map { made.contains($0) } ?? true }) else { return false }
      made.formUnion(node.outputs.compactMap { $0 })
      return true
    }
    if isOrdered { return nodes }
    var (waiting, readers) = ([Int](repeating: 0, count: nodes.count), [Int: [Int]]())
    for (index, node) in nodes.enumerated() {
      for input in Set(node.inputs.compactMap { $0 }) where !available.contains(input) {
        waiting[index] += 1
        readers[input, default: []].append(index)
      }
    }
    var order: [Int] = []
    var ready = nodes.indices.filter { waiting[$0] == 0 }[...]
    while let index = ready.popFirst() {
      order.append(index)
      for output in nodes[index].outputs {
        guard let output else { continue }
        for reader in readers[output] ?? [] {
          waiting[reader] -= 1
          if waiting[reader] == 0 { ready.append(reader) }
        }
      }
    }
    guard order.count == nodes.count else {
      let stuck = nodes.indices.first { waiting[$0] > 0 } ?? 0
      throw malformed(nodes[stuck].label, "it needs its own result: the graph has a cycle")
    }
    return order.map { nodes[$0] }
  }
}

/// A name as errors show it: not too long, on one line.
func shown(_ name: String) -> String {
  let scalars = name.unicodeScalars.prefix(100).map { $0.properties.generalCategory == .control ? "?" : $0 }
  return String(String.UnicodeScalarView(scalars)) + (name.unicodeScalars.count > 100 ? "…" : "")
}

extension OperatorFault {
  /// The error of a file that this is.
  func located(path: String, _ field: String) -> ExchangeError {
    switch self {
    case .wrong(let reason): .malformed(path: path, field: field, reason: reason)
    case .unsupported(let what): .unsupported(path: path, what: "\(field): \(what)")
    }
  }

  /// The error of a run that this ended: the inputs may be what is wrong.
  func locatedInRun(path: String, _ field: String) -> ExchangeError {
    guard case .wrong(let reason) = self else { return located(path: path, field) }
    return .unsuitable(path: path, reason: "\(field): \(reason); give it other inputs, or export it again")
  }
}
