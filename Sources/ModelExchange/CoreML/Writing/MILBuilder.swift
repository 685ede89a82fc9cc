import Tensors

/// The function of an ML Program that is being written: its operations, one after the other, and its weights.
///
/// Every parameter of an operation is the result of an earlier one, constants included; that is how Core ML's own
/// converter writes programs. The type of each result is part of the program, so the builder follows the shapes.
struct MILBuilder: GraphBuilder {
  static let format = "Core ML"
  /// The operations of iOS 16 and macOS 13: what the models need, as old as a specification of version 7 may be.
  static let opset = "CoreML6"

  private(set) var inputs: [MILValue] = []
  private(set) var outputs: [MILOutput] = []
  private(set) var weights = MILWeights()
  /// That of the function, and those of loops that are being written.
  private var blocks = [CoreMLBlock()]
  private var names: Set<String> = []
  private var constants: [MILConstant: MILValue] = [:]
  private var namedWeights: [String: MILValue] = [:]

  /// The function; all outputs must be declared.
  var function: CoreMLFunction {
    .with {
      $0.inputs = inputs.map(\.message)
      $0.opset = Self.opset
      var block = blocks[0]
      block.outputs = outputs.map(\.name)
      $0.blockSpecializations = [Self.opset: block]
    }
  }

  // MARK: Names

  /// A name that nothing has yet, of ASCII letters, digits and underscores, as the format wants it.
  ///
  /// - Parameter isNumbered: whether the wish itself is not to be a name, such as what an operation is called.
  private mutating func newName(_ wish: String, isNumbered: Bool = false) -> String {
    let wish = String(wish.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    var number = isNumbered ? 1 : 0
    while true {
      let name = number == 0 ? wish : "\(wish)_\(number)"
      if names.insert(name).inserted { return name }
      number += 1
    }
  }

  /// Declares an input of the function.
  mutating func input(_ name: String, _ type: MILType) -> MILValue {
    names.insert(name)
    inputs.append(MILValue(name: name, type: type))
    return inputs[inputs.count - 1]
  }

  /// Declares a value as an output of the function under a name of its own.
  mutating func output(_ name: String, of value: MILValue) {
    names.insert(name)
    let result = MILValue(name: name, type: value.type)
    append("identity", named: newName("to_\(name)"), [("x", .value(value))], [result.message])
    outputs.append(MILOutput(name: name, kind: .tensor(value.type)))
  }

  // MARK: Operations

  /// Adds an operation with one result.
  mutating func add(_ type: String, _ operands: KeyValuePairs<String, MILOperand>, _ result: MILType) -> MILValue {
    add(type, operands, results: [result])[0]
  }

  /// Adds an operation.
  mutating func add(
    _ type: String, _ operands: KeyValuePairs<String, MILOperand>, results types: [MILType]
  ) -> [MILValue] {
    let name = newName(type, isNumbered: true)
    let results = types.enumerated().map { index, type in
      MILValue(name: index == 0 ? name : newName("\(name)_result\(index)"), type: type)
    }
    append(type, named: name, operands.map { ($0.key, $0.value) }, results.map(\.message))
    return results
  }

  /// Adds an operation whose results have types and names of their own.
  ///
  /// - Parameters:
  ///   - literals: parameters whose values stand in the operation.
  ///   - blocks: those of a loop.
  private mutating func append(
    _ type: String, named name: String, _ operands: [(name: String, operand: MILOperand)],
    _ results: [CoreMLNamedValueType], literals: [String: CoreMLValue] = [:], blocks: [CoreMLBlock] = []
  ) {
    var inputs = literals.mapValues { value in
      CoreMLArgument.with { $0.arguments = [.with { $0.value = value }] }
    }
    for (parameter, operand) in operands {
      let values: [MILValue]
      switch operand {
      case .value(let value): values = [value]
      case .values(let several): values = several
      case .constant(let constant): values = [self.constant(constant)]
      case .absent: continue
      }
      inputs[parameter] = .with { $0.arguments = values.map { value in .with { $0.name = value.name } } }
    }
    self.blocks[self.blocks.count - 1].operations.append(
      .with {
        ($0.type, $0.inputs, $0.outputs, $0.blocks) = (type, inputs, results, blocks)
        $0.attributes = ["name": MILConstant.string(name).message]
      })
  }

  /// Adds a loop over variables, whose types stay what they are.
  ///
  /// - Parameters:
  ///   - condition: whether another turn follows, a bool [1].
  ///   - turn: the variables behind a turn.
  mutating func loop(
    _ variables: [MILValue], while condition: (inout Self, [MILValue]) -> MILValue,
    turn: (inout Self, [MILValue]) -> [MILValue]
  ) -> [MILValue] {
    let name = newName("while_loop", isNumbered: true)
    let inner = variables.map { MILValue(name: newName("\(name)_variable"), type: $0.type) }
    let results = variables.map { MILValue(name: newName("\(name)_result"), type: $0.type) }
    let test = block(inner) { [condition(&$0, inner)] }
    let body = block(inner) { turn(&$0, inner) }
    append(
      "while_loop", named: name, [("loop_vars", .values(variables))], results.map(\.message), blocks: [test, body])
    return results
  }

  private mutating func block(_ inputs: [MILValue], _ body: (inout Self) -> [MILValue]) -> CoreMLBlock {
    blocks.append(CoreMLBlock())
    let outputs = body(&self)
    var block = blocks.removeLast()
    block.inputs = inputs.map(\.message)
    block.outputs = outputs.map(\.name)
    return block
  }

  // MARK: Constants

  /// Adds a weight, once for each name; its numbers go to the file of weights.
  mutating func weight(_ weight: NamedTensor) -> MILValue {
    if let name = weight.name, let known = namedWeights[name] { return known }
    let name = newName(weight.name ?? "weight", isNumbered: weight.name == nil)
    let result = MILValue(name: name, type: .floats(weight.tensor.shape))
    let offset = weights.append(weight.tensor)
    append(
      constant: result,
      .with {
        $0.type = result.type.message
        ($0.blobFileValue.fileName, $0.blobFileValue.offset) = (MILWeights.reference, UInt64(offset))
      })
    if let name = weight.name { namedWeights[name] = result }
    return result
  }

  /// Zeros [1, count].
  mutating func zeros(_ count: Int) -> MILValue {
    weight(NamedTensor("zeros_\(count)", Tensor(zeros: [1, count])))
  }

  /// A constant; equal ones are written once.
  mutating func constant(_ constant: MILConstant) -> MILValue {
    if let known = constants[constant] { return known }
    let result = MILValue(name: newName("constant", isNumbered: true), type: constant.type)
    append(constant: result, constant.message)
    constants[constant] = result
    return result
  }

  /// Constants stand in the function's own block, where loops see them too.
  private mutating func append(constant: MILValue, _ value: CoreMLValue) {
    blocks[0].operations.append(
      .with {
        ($0.type, $0.outputs) = ("const", [constant.message])
        $0.attributes = ["name": MILConstant.string(constant.name).message, "val": value]
      })
  }

  // MARK: Elementwise and linear operations

  /// An operation on one value that keeps its type.
  mutating func elementwise(_ type: String, _ x: MILValue) -> MILValue { add(type, ["x": .value(x)], x.type) }

  /// An operation on two values, whose result has the type of the first.
  mutating func elementwise(_ type: String, _ x: MILValue, _ y: MILOperand) -> MILValue {
    add(type, ["x": .value(x), "y": y], x.type)
  }

  mutating func relu(_ x: MILValue) -> MILValue { elementwise("relu", x) }
  mutating func sum(_ x: MILValue, _ y: MILValue) -> MILValue { elementwise("add", x, .value(y)) }

  /// x·Wᵀ + b over the last axis.
  mutating func linear(_ x: MILValue, weight: NamedTensor, bias: NamedTensor?) -> MILValue {
    let matrix = self.weight(weight)
    let addend = bias.map { self.weight($0) }
    return add(
      "linear", ["x": .value(x), "weight": .value(matrix), "bias": .optional(addend)],
      .floats(Array(x.shape.dropLast()) + [weight.tensor.shape[0]]))
  }

  mutating func concatenated(_ values: [MILValue], axis: Int) -> MILValue {
    var shape = values[0].shape
    let extents = values.map { $0.shape[axis] }
    shape[axis] = extents.contains(nil) ? nil : extents.compactMap(\.self).reduce(0, +)
    return add(
      "concat", ["values": .values(values), "axis": .int(axis), "interleave": .bool(false)],
      MILType(values[0].type.element, shape))
  }

  mutating func transposed(_ x: MILValue, _ order: [Int]) -> MILValue {
    add("transpose", ["x": .value(x), "perm": .ints(order)], MILType(x.type.element, order.map { x.shape[$0] }))
  }

  mutating func reshaped(_ x: MILValue, _ shape: [Int]) -> MILValue {
    add("reshape", ["x": .value(x), "shape": .ints(shape)], MILType(x.type.element, shape))
  }

  /// - Parameter padding: numbers before and behind of each axis.
  mutating func padded(_ x: MILValue, _ padding: [Int], with value: Float = 0) -> MILValue {
    let shape = x.shape.enumerated().map { axis, extent in
      extent.map { $0 + padding[2 * axis] + padding[2 * axis + 1] }
    }
    return add(
      "pad", ["x": .value(x), "pad": .ints(padding), "mode": .string("constant"), "constant_val": .float(value)],
      .floats(shape))
  }

  /// Reduces axes away, or to one each.
  mutating func reduced(_ type: String, _ x: MILValue, axes: [Int], keepsAxes: Bool = false) -> MILValue {
    let shape = x.shape.enumerated().filter { keepsAxes || !axes.contains($0.offset) }
      .map { axes.contains($0.offset) ? 1 : $0.element }
    return add(type, ["x": .value(x), "axes": .ints(axes), "keep_dims": .bool(keepsAxes)], .floats(shape))
  }

  // MARK: Labels

  /// Declares the likeliest label and the probabilities of all as outputs.
  ///
  /// - Parameter probabilities: [1, K].
  mutating func classify(_ probabilities: MILValue, _ labels: [String], label: String, all: String) {
    let string = MILType(.string, [])
    let classes = CoreMLValue.with {
      $0.type.listType.type = string.message
      $0.type.listType.length.constant.size = UInt64(labels.count)
      $0.immediateValue.list.values = labels.map { MILConstant.string($0).message }
    }
    let dictionary = CoreMLValueType.with {
      $0.dictionaryType.keyType = string.message
      $0.dictionaryType.valueType = MILType(.float64, []).message
    }
    names.formUnion([label, all])
    append(
      "classify", named: newName("classify", isNumbered: true), [("probabilities", .value(probabilities))],
      [.with { ($0.name, $0.type) = (label, string.message) }, .with { ($0.name, $0.type) = (all, dictionary) }],
      literals: ["classes": classes])
    outputs += [MILOutput(name: label, kind: .label), MILOutput(name: all, kind: .probabilities)]
  }
}
