import Foundation
import Tensors

@testable import ModelExchange

/// Small models, put together from the messages.
struct ModelBuilder {
  var model = ONNXModel()

  init(opset: Int64 = 17) {
    model.irVersion = 8
    model.producerName = "tests"
    var set = ONNXOperatorSet()
    set.version = opset
    model.opsetImport = [set]
    model.graph.name = "graph"
  }

  static func information(_ name: String, _ type: ONNXElementType, _ shape: [String]?) -> ONNXValueInfo {
    var information = ONNXValueInfo()
    information.name = name
    information.type.tensorType.elemType = type.rawValue
    if let shape {
      for extent in shape {
        var dimension = ONNXShape.Dimension()
        dimension.value = Int64(extent).map { .dimValue($0) } ?? .dimParam(extent)
        information.type.tensorType.shape.dim.append(dimension)
      }
      if shape.isEmpty { information.type.tensorType.shape = ONNXShape() }
    }
    return information
  }

  mutating func input(_ name: String, _ type: ONNXElementType = .float32, _ shape: [String]? = nil) {
    model.graph.input.append(Self.information(name, type, shape))
  }

  mutating func output(_ name: String, _ type: ONNXElementType = .float32) {
    model.graph.output.append(Self.information(name, type, nil))
  }

  static func tensor(_ name: String, _ values: [Float], _ shape: [Int]) -> ONNXTensor {
    var tensor = ONNXTensor()
    tensor.name = name
    tensor.dataType = ONNXElementType.float32.rawValue
    tensor.dims = shape.map { Int64($0) }
    tensor.rawData = values.withUnsafeBytes { Data($0) }
    return tensor
  }

  mutating func constant(_ name: String, _ values: [Float], _ shape: [Int]) {
    model.graph.initializer.append(Self.tensor(name, values, shape))
  }

  mutating func constant(_ name: String, integers: [Int64]) {
    var tensor = ONNXTensor()
    tensor.name = name
    tensor.dataType = ONNXElementType.int64.rawValue
    tensor.dims = [Int64(integers.count)]
    tensor.int64Data = integers
    model.graph.initializer.append(tensor)
  }

  mutating func node(
    _ operation: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: AttributeValue] = [:],
    domain: String = ""
  ) {
    var node = ONNXNode()
    node.opType = operation
    node.input = inputs
    node.output = outputs
    node.domain = domain
    node.attribute = attributes.sorted { $0.key < $1.key }.map { $0.value.message($0.key) }
    model.graph.node.append(node)
  }

  func load(joins: Bool = true, folder: String? = nil, memoryLimit: Int = 64 << 20) throws -> ONNXRuntimeModel {
    try ONNXRuntimeModel(model, path: "test.onnx", folder: folder, memoryLimit: memoryLimit, joins: joins)
  }
}

enum AttributeValue {
  case integer(Int64)
  case float(Float)
  case text(String)
  case integers([Int64])
  case texts([String])
  case tensor(ONNXTensor)

  func message(_ name: String) -> ONNXAttribute {
    var attribute = ONNXAttribute()
    attribute.name = name
    switch self {
    case .integer(let value): (attribute.i, attribute.type) = (value, .int)
    case .float(let value): (attribute.f, attribute.type) = (value, .float)
    case .text(let value): (attribute.s, attribute.type) = (Data(value.utf8), .string)
    case .integers(let values): (attribute.ints, attribute.type) = (values, .ints)
    case .texts(let values): (attribute.strings, attribute.type) = (values.map { Data($0.utf8) }, .strings)
    case .tensor(let value): (attribute.t, attribute.type) = (value, .tensor)
    }
    return attribute
  }
}

/// Runs one operator on values; results are called `out0`, `out1`, …
func compute(
  _ operation: String, _ inputs: [ONNXValue?], _ attributes: [String: AttributeValue] = [:], outputs: Int = 1,
  opset: Int64 = 17
) throws -> [ONNXValue] {
  var builder = ModelBuilder(opset: opset)
  var values: [String: ONNXValue] = [:]
  let names = inputs.enumerated().map { index, value in
    guard let value else { return "" }
    builder.input("in\(index)", value.type)
    values["in\(index)"] = value
    return "in\(index)"
  }
  builder.node(operation, names, (0..<outputs).map { "out\($0)" }, attributes)
  for index in 0..<outputs { builder.model.graph.output.append(untyped("out\(index)")) }
  let results = try builder.load().run(values)
  return (0..<outputs).compactMap { results["out\($0)"] }
}

private func untyped(_ name: String) -> ONNXValueInfo {
  var information = ONNXValueInfo()
  information.name = name
  return information
}

func floats(_ values: [Float], _ shape: [Int]) -> ONNXValue { ONNXValue(Tensor(values, shape: shape)) }

func integers(_ values: [Int64], _ shape: [Int]) throws -> ONNXValue {
  guard let value = ONNXValue(values, shape: shape) else { throw TestFailure.shape }
  return value
}

enum TestFailure: Error { case shape }

extension ONNXValue {
  var scalars: [Float] { tensor?.scalars ?? [] }
}

/// The largest distance of two values' elements; infinite where the shapes differ.
func distance(_ a: ONNXValue?, _ b: ONNXValue?) -> Double {
  guard let a, let b, a.shape == b.shape else { return .infinity }
  return zip(a.doubles, b.doubles).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
