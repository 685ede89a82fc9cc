import Foundation
import ModelFiles
import Tensors

/// The nodes and the weights of a graph that is being written. Values are known by their names.
struct ONNXGraphBuilder: GraphBuilder {
  static let format = "ONNX"

  private(set) var graph = ONNXGraph()
  private var names: Set<String> = []
  private var constants: [[Int64]: [[Int]: String]] = [:]
  private var steppedValues: [SteppedValue: String] = [:]

  private struct SteppedValue: Hashable {
    let value: String
    let range: ClosedRange<Float>
  }

  /// Whether weights are written as bytes with a scale for each row; vectors are not.
  private let quantizes: Bool

  init(name: String, quantizes: Bool = false) {
    self.quantizes = quantizes
    graph.name = name
  }

  /// A name that nothing has yet.
  private mutating func newName(_ wish: String) -> String {
    var name = wish
    var number = 1
    while !names.insert(name).inserted {
      number += 1
      name = "\(wish)_\(number)"
    }
    return name
  }

  /// Declares an input of the graph.
  ///
  /// - Parameter shape: a number, or the name of an extent that is open.
  mutating func input(_ name: String, _ type: ONNXElementType, _ shape: [ONNXExtent]) -> String {
    names.insert(name)
    graph.input.append(.init(name, type, shape))
    return name
  }

  /// Declares a value as an output of the graph under a name of its own.
  mutating func output(_ name: String, of value: String, _ type: ONNXElementType, _ shape: [ONNXExtent]) {
    names.insert(name)
    // A node of its own, since other nodes may read the value by the name that it has.
    graph.node.append(.with { ($0.opType, $0.input, $0.output, $0.name) = ("Identity", [value], [name], "to_\(name)") })
    graph.output.append(.init(name, type, shape))
  }

  /// Adds a node with one result.
  mutating func add(_ type: String, _ inputs: [String], _ attributes: ONNXAttribute...) -> String {
    add(type, inputs, results: 1, attributes)[0]
  }

  /// Adds a node; an input that is left out has an empty name.
  mutating func add(
    _ type: String, _ inputs: [String], results count: Int, _ attributes: [ONNXAttribute]
  ) -> [String] {
    let name = newName(type.lowercased())
    let outputs = (0..<count).map { $0 == 0 ? name : newName("\(name)_result\($0)") }
    graph.node.append(
      .with {
        ($0.opType, $0.name, $0.input, $0.output, $0.attribute) = (type, name, inputs, outputs, attributes)
      })
    return outputs
  }

  /// Adds a weight, once for each name.
  mutating func weight(_ name: String, _ tensor: Tensor, shape: [Int]? = nil) -> String {
    guard names.insert(name).inserted else { return name }
    guard quantizes, tensor.rank >= 2, tensor.count > 0 else {
      graph.initializer.append(.init(name, tensor, shape: shape ?? tensor.shape))
      return name
    }
    let (bytes, scales) = rounded(name, tensor)
    let hasOtherShape = shape.map { $0 != tensor.shape } ?? false
    let numbers = hasOtherShape ? newName("\(name)_rows") : name
    graph.node.append(
      .with {
        ($0.opType, $0.name) = ("DequantizeLinear", "dequantize_\(name)")
        ($0.input, $0.output, $0.attribute) = ([bytes, scales], [numbers], [.int("axis", 0)])
      })
    if hasOtherShape, let shape {
      let extents = integers(shape)
      graph.node.append(
        .with {
          ($0.opType, $0.name) = ("Reshape", "reshape_\(name)")
          ($0.input, $0.output) = ([numbers, extents], [name])
        })
    }
    return name
  }

  /// Adds a weight, or a constant where it has no name.
  mutating func weight(_ weight: NamedTensor) -> String {
    weight.name.map { self.weight($0, weight.tensor) } ?? floats(weight.tensor.scalars, shape: weight.tensor.shape)
  }

  /// Rows of a table by their numbers: of bytes only those that are asked for become numbers.
  mutating func gather(_ table: NamedTensor, _ ids: String) -> String {
    guard quantizes, let name = table.name else { return add("Gather", [weight(table), ids]) }
    let (bytes, scales) = rounded(name, table.tensor)
    let rows = add(
      "Cast", [add("Gather", [bytes, ids])], .int("to", Int(ONNXElementType.float32.rawValue)))
    return add("Mul", [rows, add("Unsqueeze", [add("Gather", [scales, ids]), integers([-1])])])
  }

  /// The initialisers of a weight in bytes, once for each name.
  private mutating func rounded(_ name: String, _ tensor: Tensor) -> (bytes: String, scales: String) {
    let (bytesName, scalesName) = ("\(name)_int8", "\(name)_scale")
    guard names.insert(bytesName).inserted else { return (bytesName, scalesName) }
    names.insert(scalesName)
    let (bytes, scales) = tensor.roundedRows()
    graph.initializer.append(
      .with {
        $0.name = bytesName
        $0.dataType = ONNXElementType.int8.rawValue
        $0.dims = tensor.shape.map { Int64($0) }
        $0.rawData = Data(bytes)
      })
    // A row of zeros is zero times anything; runtimes divide by scales.
    graph.initializer.append(.init(scalesName, Tensor(scales.map { $0 > 0 ? $0 : 1 }), shape: [scales.count]))
    return (bytesName, scalesName)
  }

  /// Values as the nearest of 256 steps of a range that holds zero: QuantizeLinear and DequantizeLinear, once for each
  /// value and range.
  mutating func stepped(_ value: String, _ range: ClosedRange<Float>) -> String {
    let key = SteppedValue(value: value, range: range)
    if let name = steppedValues[key] { return name }
    // As the kernels have it (byte_product.inc.h); a layer that only ever saw zeros gets steps of 1.
    let scale = (range.upperBound - range.lowerBound) / 255
    let inverse = scale > 1e-37 ? 1 / scale : 0
    let zero = UInt8(min(255, -range.lowerBound * inverse) + 0.5)
    let (scaleName, zeroName) = (newName("\(value)_step"), newName("\(value)_zero"))
    graph.initializer.append(.init(scaleName, Tensor([inverse > 0 ? scale : 1]), shape: []))
    graph.initializer.append(
      .with { ($0.name, $0.dataType, $0.rawData) = (zeroName, ONNXElementType.uint8.rawValue, Data([zero])) })
    let steps = add("QuantizeLinear", [value, scaleName, zeroName])
    let name = add("DequantizeLinear", [steps, scaleName, zeroName])
    steppedValues[key] = name
    return name
  }

  /// A weight that came in bytes, with DequantizeLinear.
  ///
  /// - Parameter factors: what each row is multiplied by.
  mutating func weight(_ name: String, _ tensor: QuantizedTensor, times factors: [Float]? = nil) -> String {
    guard names.insert(name).inserted else { return name }
    let (bytesName, scalesName) = (newName("\(name)_int8"), newName("\(name)_scale"))
    // Runtimes want scales above zero: bytes take over the sign.
    let (scales, signs) = tensor.positiveScales(times: factors)
    graph.initializer.append(
      .with {
        $0.name = bytesName
        $0.dataType = ONNXElementType.int8.rawValue
        $0.dims = tensor.shape.map { Int64($0) }
        $0.rawData = Data(tensor.bytes(times: signs))
      })
    graph.initializer.append(.init(scalesName, Tensor(scales), shape: [scales.count]))
    graph.node.append(
      .with {
        ($0.opType, $0.name) = ("DequantizeLinear", "dequantize_\(name)")
        ($0.input, $0.output, $0.attribute) = ([bytesName, scalesName], [name], [.int("axis", 0)])
      })
    return name
  }

  /// The bias of a layer whose inputs and weight are in steps, in whole steps of their products where it fits 32 bits.
  mutating func bias(_ numbers: [Float], of tensor: QuantizedTensor, times factors: [Float]? = nil) -> String {
    guard let (steps, scales) = tensor.stepsOfSums(numbers, times: factors) else {
      return floats(numbers, shape: [numbers.count])
    }
    let stepsName = newName("bias_int32")
    graph.initializer.append(
      .with {
        ($0.name, $0.dataType, $0.dims) = (stepsName, ONNXElementType.int32.rawValue, [Int64(steps.count)])
        $0.rawData = steps.withUnsafeBytes { Data($0) }
      })
    return add("DequantizeLinear", [stepsName, floats(scales, shape: [scales.count])], .int("axis", 0))
  }

  /// A constant of numbers.
  mutating func floats(_ values: [Float], shape: [Int] = []) -> String {
    let name = newName("constant")
    graph.initializer.append(.init(name, Tensor(values), shape: shape))
    return name
  }

  /// A constant of whole numbers; equal ones are stored once.
  mutating func integers(_ values: [Int], shape: [Int]? = nil) -> String {
    let (values, shape) = (values.map { Int64($0) }, shape ?? [values.count])
    if let name = constants[values]?[shape] { return name }
    let name = newName("constant")
    constants[values, default: [:]][shape] = name
    graph.initializer.append(
      .with {
        $0.name = name
        $0.dataType = ONNXElementType.int64.rawValue
        $0.dims = shape.map { Int64($0) }
        $0.rawData = values.withUnsafeBytes { Data($0) }
      })
    return name
  }

  mutating func linear(_ x: String, weight: NamedTensor, bias: NamedTensor?) -> String {
    let matrix = self.weight(weight)
    return add("Gemm", [x, matrix] + (bias.map { [self.weight($0)] } ?? []), .int("transB", 1))
  }

  mutating func sum(_ x: String, _ y: String) -> String { add("Add", [x, y]) }
  mutating func relu(_ x: String) -> String { add("Relu", [x]) }

  mutating func concatenated(_ values: [String], axis: Int) -> String { add("Concat", values, .int("axis", axis)) }
}

/// An extent of a shape: a number, or open under a name.
enum ONNXExtent: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  case fixed(Int)
  case open(String)

  init(integerLiteral value: Int) { self = .fixed(value) }
  init(stringLiteral value: String) { self = .open(value) }
}

extension ONNXValueInfo {
  init(_ name: String, _ type: ONNXElementType, _ shape: [ONNXExtent]) {
    self.init()
    self.name = name
    self.type.tensorType.elemType = type.rawValue
    self.type.tensorType.shape.dim = shape.map { extent in
      .with {
        switch extent {
        case .fixed(let count): $0.dimValue = Int64(count)
        case .open(let name): $0.dimParam = name
        }
      }
    }
  }
}

extension ONNXTensor {
  init(_ name: String, _ tensor: Tensor, shape: [Int]) {
    self.init()
    self.name = name
    dataType = ONNXElementType.float32.rawValue
    dims = shape.map { Int64($0) }
    rawData = tensor.withUnsafeElements { Data(buffer: $0) }
  }
}

extension ONNXAttribute {
  static func int(_ name: String, _ value: Int) -> ONNXAttribute {
    .with { ($0.name, $0.type, $0.i) = (name, .int, Int64(value)) }
  }

  static func ints(_ name: String, _ values: [Int]) -> ONNXAttribute {
    .with { ($0.name, $0.type, $0.ints) = (name, .ints, values.map { Int64($0) }) }
  }

  static func float(_ name: String, _ value: Float) -> ONNXAttribute {
    .with { ($0.name, $0.type, $0.f) = (name, .float, value) }
  }

  static func string(_ name: String, _ value: String) -> ONNXAttribute {
    .with { ($0.name, $0.type, $0.s) = (name, .string, Data(value.utf8)) }
  }

  static func strings(_ name: String, _ values: [String]) -> ONNXAttribute {
    .with { ($0.name, $0.type, $0.strings) = (name, .strings, values.map { Data($0.utf8) }) }
  }
}
