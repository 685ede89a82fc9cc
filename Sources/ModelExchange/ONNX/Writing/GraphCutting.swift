import Foundation
import Tensors

extension ONNXGraph {
  /// The values that depend on what the graph takes.
  func dynamicValues() -> Set<String> {
    let constants = Set(initializer.map(\.name))
    var dynamic = Set(input.map(\.name)).subtracting(constants)
    var readers: [String: [Int]] = [:]
    for (index, node) in node.enumerated() { for input in node.input { readers[input, default: []].append(index) } }
    var waiting = Array(dynamic)
    while let name = waiting.popLast() {
      // Once for each value, whatever the order of the nodes.
      for index in readers.removeValue(forKey: name) ?? [] {
        for output in node[index].output where !output.isEmpty && dynamic.insert(output).inserted {
          waiting.append(output)
        }
      }
    }
    return dynamic
  }

  /// What the classifier of a graph sees: found by walking back from an output to the last Gemm, MatMul or Conv, whose
  /// operand it is. `nil` where there is none.
  func classifierInput(behind output: String) -> (value: String, node: ONNXNode)? {
    let dynamic = dynamicValues()
    var producers: [String: ONNXNode] = [:]
    for node in node { for output in node.output { producers[output] = node } }
    var name = output
    var visited: Set<String> = []
    while visited.insert(name).inserted, let node = producers[name],
      let operand = node.input.first(where: dynamic.contains)
    {
      if ["Gemm", "MatMul", "Conv"].contains(node.opType) { return (operand, node) }
      name = operand
    }
    return nil
  }

  /// What a value is computed from, with the value as the only output, of an unknown shape.
  func cut(at value: String) -> ONNXGraph {
    var needed: Set<String> = [value]
    var producers: [String: Int] = [:]
    for (index, node) in node.enumerated() { for output in node.output { producers[output] = index } }
    var kept: Set<Int> = []
    var waiting = [value]
    while let name = waiting.popLast() {
      guard let index = producers[name], kept.insert(index).inserted else { continue }
      for input in node[index].input where !input.isEmpty && needed.insert(input).inserted { waiting.append(input) }
    }
    var graph = ONNXGraph()
    graph.name = name
    graph.node = node.enumerated().filter { kept.contains($0.offset) }.map(\.element)
    graph.initializer = initializer.filter { needed.contains($0.name) }
    graph.input = input.filter { needed.contains($0.name) }
    graph.output = [.with { $0.name = value }]
    return graph
  }

  /// Every name that something has.
  private var names: Set<String> {
    var names = Set(initializer.map(\.name) + input.map(\.name))
    for node in node { names.formUnion(node.output + node.input + [node.name]) }
    return names
  }

  /// A name like a wish that nothing has.
  private func newName(_ wish: String) -> String {
    let names = names
    var (name, number) = (wish, 1)
    while names.contains(name) {
      number += 1
      name = "\(wish)_\(number)"
    }
    return name
  }

  /// Adds a node with one result, which becomes the only output, of a type and shape.
  mutating func append(
    _ type: String, _ inputs: [String], named wish: String, _ attributes: [ONNXAttribute] = [], shape: [ONNXExtent]
  ) {
    let result = newName(wish)
    node.append(
      .with {
        ($0.opType, $0.name, $0.input, $0.output, $0.attribute) = (type, result, inputs, [result], attributes)
      })
    output = [ONNXValueInfo(result, .float32, shape)]
  }

  /// Adds a constant, and says its name.
  mutating func append(_ tensor: Tensor, named wish: String) -> String {
    let name = newName(wish)
    initializer.append(ONNXTensor(name, tensor, shape: tensor.shape))
    return name
  }

  /// Takes numbers in that lie in other files.
  mutating func embed(_ external: inout ExternalData, path: String) throws(ExchangeError) {
    var total = 0
    func embedded(_ tensor: ONNXTensor, _ field: String) throws(ExchangeError) -> ONNXTensor {
      var tensor = tensor
      do throws(OperatorFault) {
        tensor.rawData = try external.bytes(tensor.externalData) { (bytes) throws(OperatorFault) in Data(bytes) }
      } catch {
        throw error.located(path: path, field)
      }
      total += tensor.rawData.count
      guard total < 1 << 31 else {
        throw .unsuitable(path: path, reason: "its numbers in other files are over 2 GB, more than one file can hold")
      }
      tensor.externalData = []
      tensor.dataLocation = .default
      return tensor
    }
    for (index, tensor) in initializer.enumerated() where tensor.dataLocation == .external {
      initializer[index] = try embedded(tensor, "graph.initializer[\(index)] \"\(shown(tensor.name))\"")
    }
    for (index, one) in node.enumerated() {
      for (place, attribute) in one.attribute.enumerated() where attribute.hasT && attribute.t.dataLocation == .external
      {
        node[index].attribute[place].t = try embedded(attribute.t, "graph.node[\(index)] \"\(shown(one.name))\"")
      }
    }
  }
}
