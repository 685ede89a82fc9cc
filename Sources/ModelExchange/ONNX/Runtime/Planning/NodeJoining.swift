import Tensors

/// A node, or some that follow each other and are computed together.
struct NodeGroup {
  var nodes: [ReadNode]
  /// Operand of the addition that is not the result of the node before, where there is an addition.
  var addend: Int?

  /// What the group reads that is not made in it, and is not part of its weights: the data, then the addend.
  var inputs: [Int?] { [nodes[0].inputs.first ?? nil] + (addend.map { [$0] } ?? []) }
  var outputs: [Int?] { nodes[nodes.count - 1].outputs }
}

/// Finds nodes that one kernel can compute together: a convolution by constant filters with the batch normalisation, the
/// addition and the ReLU behind it, and a product with a constant matrix with its bias and ReLU.
struct NodeJoining {
  let nodes: [ReadNode]
  let constants: [Int: ONNXValue]
  private var readers: [Int: [Int]] = [:]
  private let kept: Set<Int>

  init(_ nodes: [ReadNode], constants: [Int: ONNXValue], kept: Set<Int>) {
    (self.nodes, self.constants, self.kept) = (nodes, constants, kept)
    for (index, node) in nodes.enumerated() {
      for case let input? in node.inputs { readers[input, default: []].append(index) }
    }
  }

  /// All nodes in order; a group stands where its last node did.
  func groups(joining: Bool) -> [NodeGroup] {
    guard joining else { return nodes.map { NodeGroup(nodes: [$0]) } }
    var groups: [Int: NodeGroup] = [:]
    var isTaken = Set<Int>()
    for (index, node) in nodes.enumerated() where !isTaken.contains(index) {
      var (group, last) = (NodeGroup(nodes: [node]), index)
      func take(_ next: Int) {
        group.nodes.append(nodes[next])
        isTaken.insert(next)
        last = next
      }
      switch node.operation {
      case "Conv" where isConstant(node, 1...2) && isPlanar(node):
        if let next = onlyReader(of: last), nodes[next].operation == "BatchNormalization",
          nodes[next].inputs.first == nodes[last].outputs.first, isConstant(nodes[next], 1...4)
        {
          take(next)
        }
        if let next = onlyReader(of: last), !isTaken.contains(next), nodes[next].operation == "Add",
          let other = otherOperand(of: next, than: last), constants[other] == nil
        {
          take(next)
          group.addend = other
        }
        if let next = onlyReader(of: last), nodes[next].operation == "Relu" || isFixedClip(nodes[next]) { take(next) }
      case "MatMul" where isConstant(node, 1...1) && isMatrix(constants[node.inputs[1] ?? -1]):
        if let next = onlyReader(of: last), nodes[next].operation == "Add",
          let other = otherOperand(of: next, than: last), let bias = constants[other], isRow(bias, of: node)
        {
          take(next)
        }
        if let next = onlyReader(of: last), nodes[next].operation == "Relu" { take(next) }
      case "Div", "Mul": for next in gelu(from: index) ?? [] where !isTaken.contains(next) { take(next) }
      default: break
      }
      isTaken.insert(index)
      groups[last] = group
    }
    return nodes.indices.compactMap { groups[$0] }
  }

  /// Whether a product can be prepared for it.
  private func isMatrix(_ value: ONNXValue?) -> Bool {
    value.map { $0.rank == 2 && $0.type == .float32 && $0.count > 0 } ?? false
  }

  /// The node that alone reads the result of another one.
  func onlyReader(of index: Int) -> Int? {
    guard nodes[index].namedOutputCount == 1, case let output?? = nodes[index].outputs.first, !kept.contains(output),
      let readers = readers[output], readers.count == 1
    else { return nil }
    return readers[0]
  }

  func otherOperand(of addition: Int, than node: Int) -> Int? {
    let inputs = nodes[addition].inputs
    guard inputs.count == 2, case let own?? = nodes[node].outputs.first else { return nil }
    return inputs[0] == own ? inputs[1] : inputs[0]
  }

  /// Whether the operands in a range, as far as there are any, are constant.
  private func isConstant(_ node: ReadNode, _ places: ClosedRange<Int>) -> Bool {
    places.allSatisfy { place in
      guard place < node.inputs.count, let input = node.inputs[place] else { return place > 1 }
      return constants[input] != nil
    }
  }

  /// Whether a node cuts its operand to constant bounds.
  private func isFixedClip(_ node: ReadNode) -> Bool {
    guard node.operation == "Clip", node.inputs.count > 1 else { return false }
    return node.inputs.dropFirst().allSatisfy { input in
      input.map { constants[$0]?.type == .float32 && constants[$0]?.count == 1 } ?? true
    }
  }

  private func isPlanar(_ node: ReadNode) -> Bool {
    guard node.inputs.count > 1, let weight = node.inputs[1].flatMap({ constants[$0] }) else { return false }
    return weight.type == .float32 && (weight.rank == 3 || weight.rank == 4)
  }

  /// Whether a value is added to the last dimension of a product alike for all rows.
  private func isRow(_ value: ONNXValue, of product: ReadNode) -> Bool {
    guard let matrix = product.inputs[1].flatMap({ constants[$0] }), value.type == .float32 else { return false }
    return value.rank == 1 && value.count == matrix.shape[1]
  }
}

extension NodeGroup {
  /// What computes all nodes together; `nil` where nothing does.
  ///
  /// - Parameter bodies: what computes each by itself.
  func joined(
    _ graph: ReadGraph, _ constants: [Int: ONNXValue], _ bodies: [OperatorBody]
  ) throws(OperatorFault) -> OperatorBody? {
    let tail = nodes[nodes.count - 1]
    let clips = tail.operation == "Relu"
    if nodes.count == 5, nodes[1].operation == "Erf" {
      return { (operands) throws(OperatorFault) in [try operands.value(0).mappedTensor { $0.gelu() }] }
    }
    if nodes[0].operation == "MatMul" {
      guard case let weight?? = nodes[0].inputs.dropFirst().first, let matrix = constants[weight] else { return nil }
      var bias: Tensor?
      if nodes[1].operation == "Add" {
        bias = nodes[1].inputs.lazy.compactMap { $0.flatMap { constants[$0]?.tensor } }.first
      }
      guard let prepared = OperatorLibrary.prepared(matrix: matrix, bias: bias) else { return nil }
      return { (operands) throws(OperatorFault) in
        [ONNXValue(try prepared(try operands.tensor(0), clipsNegative: clips))]
      }
    }
    guard let planned = try convolution(graph, constants) else { return nil }
    let bounds = tail.operation == "Clip" ? bounds(of: tail, constants) : nil
    guard addend != nil else {
      return { (operands) throws(OperatorFault) in
        [try planned(try operands.value(0), clipsNegative: clips, bounds: bounds)]
      }
    }
    let hasTail = clips || bounds != nil
    let (addition, last) = (bodies[bodies.count - (hasTail ? 2 : 1)], hasTail ? bodies[bodies.count - 1] : nil)
    return { (operands) throws(OperatorFault) in
      let (x, other) = (try operands.value(0), try operands.value(1))
      if other.type == .float32, try planned.resultShape(x.shape) == other.shape {
        return [try planned(x, adding: other, clipsNegative: clips, bounds: bounds)]
      }
      // An addend that repeats is added by itself.
      let sum = try addition(Operands(values: [try planned(x), other], outputCount: 1))
      // A clip would look for its bounds among its operands.
      if let bounds {
        return try sum.map { (value) throws(OperatorFault) in
          try value.mappedTensor {
            var clipped = $0
            clipped.clip(bounds.lowerBound, bounds.upperBound)
            return clipped
          }
        }
      }
      guard let last else { return sum }
      return try last(Operands(values: sum.map { $0 }, outputCount: 1))
    }
  }

  private func bounds(of clip: ReadNode, _ constants: [Int: ONNXValue]) -> ClosedRange<Float> {
    func bound(_ place: Int, else other: Float) -> Float {
      guard place < clip.inputs.count, let input = clip.inputs[place], let value = constants[input]?.tensor else {
        return other
      }
      return value.scalar
    }
    let most = bound(2, else: .infinity)
    let least = bound(1, else: -.infinity)
    // Bounds that are no numbers bound nothing.
    return (least < most ? least : most == most ? most : -.infinity)...(most == most ? most : .infinity)
  }

  /// The convolution, the batch normalisation being a part of its filters.
  private func convolution(
    _ graph: ReadGraph, _ constants: [Int: ONNXValue]
  ) throws(OperatorFault) -> PlannedConvolution? {
    var context = OperatorContext(nodes[0], graph, constants)
    let windows = try WindowAttributes(&context.attributes)
    let groups = try context.attributes.integer("group", default: 1)
    guard nodes.count > 1, nodes[1].operation == "BatchNormalization" else {
      return try OperatorLibrary.plannedConvolution(windows, groups: groups, context)
    }
    guard let weight = context.constant(1)?.tensor else { return nil }
    let own = context.constant(2)?.tensor
    var next = OperatorContext(nodes[1], graph, constants)
    let epsilon = try OperatorLibrary.batchNormalizationEpsilon(&next.attributes)
    let numbers = (1...4).compactMap { next.constant($0)?.tensor }
    let filters = [weight.shape[0]]
    guard numbers.count == 4, numbers.allSatisfy({ $0.shape == filters }), own.map({ $0.shape == filters }) ?? true
    else { throw .wrong("the batch normalisation behind has other shapes than filters of \(weight.shape)") }
    let scale = PreparedConvolution.foldedScale(variance: numbers[3], weight: numbers[0], epsilon: epsilon)
    let shift = own.map { $0 - numbers[2] } ?? numbers[2] * -1
    return try PlannedConvolution(
      windows, groups: groups, weight: weight, bias: shift * scale + numbers[1], scale: scale)
  }
}
