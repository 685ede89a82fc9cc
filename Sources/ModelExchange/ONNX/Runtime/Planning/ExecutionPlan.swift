import Tensors

/// A node that is ready to run.
struct PlannedNode: Sendable {
  let label: String
  let inputs: [Int?]
  let outputs: [Int?]
  let body: OperatorBody
  /// Values that nobody needs any more when it has run.
  var lastReads: [Int] = []
}

/// A graph prepared for many runs: what does not depend on the inputs is computed, operators that follow each other are
/// joined where one kernel does the work of both, weights are packed.
struct ExecutionPlan: Sendable {
  let valueCount: Int
  private(set) var nodes: [PlannedNode] = []
  /// Values that are the same in every run, of those that some node or output needs.
  private(set) var constants: [Int: ONNXValue]

  /// What gives the elements of its operand as they are, under another shape or name: no memory is taken for them.
  private static let views: Set<String> = ["Constant", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"]

  init(
    _ graph: ReadGraph, path: String, library: OperatorLibrary = .standard, joins: Bool = true
  ) throws(ExchangeError) {
    valueCount = graph.names.count
    constants = graph.constants
    var rest: [ReadNode] = []
    // What constants may grow to by computing in advance: numbers of one byte, for one, become four.
    var bytesLeft = max(64 << 20, 6 * constants.values.reduce(0) { $0 + $1.byteCount })
    // First what needs no input of the model.
    for node in graph.nodes {
      let isConstant = node.inputs.allSatisfy { $0.map { constants[$0] != nil } ?? true }
      if isConstant, let results = try Self.folded(node, graph, constants, library, limit: bytesLeft, path: path) {
        for (output, value) in zip(node.outputs, results) {
          guard let output else { continue }
          constants[output] = value
          if !Self.views.contains(node.operation) { bytesLeft -= value.byteCount }
        }
      } else {
        rest.append(node)
      }
    }
    let kept = Set(graph.outputs.map(\.value))
    let groups = NodeJoining(rest, constants: constants, kept: kept).groups(joining: joins)
    for group in groups {
      nodes.append(contentsOf: try Self.planned(group, graph, constants, library, path: path))
    }
    findLastReads(kept: kept)
    // Weights that were packed are not needed as they were.
    let needed = Set(nodes.flatMap { $0.inputs.compactMap { $0 } }).union(kept)
    constants = constants.filter { needed.contains($0.key) }
  }

  /// The results of a node whose operands are all constant; `nil` where it is left for later, which says what is wrong with
  /// it, or where its results are large.
  private static func folded(
    _ node: ReadNode, _ graph: ReadGraph, _ constants: [Int: ONNXValue], _ library: OperatorLibrary, limit: Int,
    path: String
  ) throws(ExchangeError) -> [ONNXValue]? {
    let body = try Self.prepared(node, graph, constants: [:], library, path: path).body
    let operands = Operands(
      values: node.inputs.map { $0.flatMap { constants[$0] } }, outputCount: node.namedOutputCount)
    let largest = max(1 << 20, operands.values.reduce(0) { $0 + ($1?.byteCount ?? 0) })
    let results = ValueLimit.$bytes.withValue(min(ValueLimit.bytes, 10 * largest)) {
      do throws(OperatorFault) { return Optional(try body(operands)) } catch { return [ONNXValue]?.none }
    }
    guard let results, results.count >= node.namedOutputCount else { return nil }
    let size = results.reduce(0) { $0 + $1.byteCount }
    guard views.contains(node.operation) || size <= max(0, limit) else { return nil }
    return results.map(\.plain)
  }

  /// What computes a node, and which of its operands it does not need any more.
  private static func prepared(
    _ node: ReadNode, _ graph: ReadGraph, constants: [Int: ONNXValue], _ library: OperatorLibrary, path: String
  ) throws(ExchangeError) -> (body: OperatorBody, packed: Set<Int>) {
    guard let definition = library.definitions[node.operation] else {
      throw .unsupported(path: path, what: "the operator \(node.operation)")
    }
    do throws(OperatorFault) {
      var context = OperatorContext(node, graph, constants)
      let body = try definition.make(&context)
      try context.attributes.checkAllKnown()
      return (body, context.packed)
    } catch {
      throw error.located(path: path, node.label)
    }
  }

  /// The nodes of a group as one, or each by itself where they cannot be computed together.
  private static func planned(
    _ group: NodeGroup, _ graph: ReadGraph, _ constants: [Int: ONNXValue], _ library: OperatorLibrary, path: String
  ) throws(ExchangeError) -> [PlannedNode] {
    var bodies: [(body: OperatorBody, packed: Set<Int>)] = []
    for node in group.nodes {
      bodies.append(try prepared(node, graph, constants: constants, library, path: path))
    }
    if group.nodes.count > 1 {
      do throws(OperatorFault) {
        let label = group.nodes.map(\.label).joined(separator: " + ")
        if let joined = try group.joined(graph, constants, bodies.map(\.body)) {
          return [PlannedNode(label: label, inputs: group.inputs, outputs: group.outputs, body: joined)]
        }
      } catch {
        throw error.located(path: path, group.nodes[0].label)
      }
    }
    return zip(group.nodes, bodies).map { node, prepared in
      let inputs = node.inputs.enumerated().map { prepared.packed.contains($0) ? nil : $1 }
      return PlannedNode(label: node.label, inputs: inputs, outputs: node.outputs, body: prepared.body)
    }
  }

  /// Marks for each node the values that it reads last.
  private mutating func findLastReads(kept: Set<Int>) {
    var seen = kept
    for index in nodes.indices.reversed() {
      var last: [Int] = []
      for value in nodes[index].inputs + nodes[index].outputs {
        guard let value, constants[value] == nil, seen.insert(value).inserted else { continue }
        last.append(value)
      }
      nodes[index].lastReads = last
    }
  }
}

extension ReadNode {
  /// Results up to the last that has a name.
  var namedOutputCount: Int { (outputs.lastIndex { $0 != nil } ?? -1) + 1 }
}

extension OperatorContext {
  init(_ node: ReadNode, _ graph: ReadGraph, _ constants: [Int: ONNXValue]) {
    self.init(
      opset: graph.opset, attributes: node.attributes, constants: node.inputs.map { $0.flatMap { constants[$0] } },
      isGiven: node.inputs.map { $0 != nil }, outputCount: node.namedOutputCount)
  }
}

extension ONNXValue {
  /// Bytes that the elements take.
  var byteCount: Int {
    if case .string(let strings) = elements { return strings.reduce(0) { $0 + 16 + $1.utf8.count } }
    return count * type.size
  }
}
