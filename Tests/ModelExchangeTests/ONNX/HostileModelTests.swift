import Foundation
import SwiftProtobuf
import Tensors
import Testing

@testable import ModelExchange

@Suite("Hostile ONNX files")
struct HostileModelTests {
  /// More rounds where there is time for them.
  private let rounds = ProcessInfo.processInfo.environment["NLPTOOL_LONG_TESTS"] == nil ? 1 : 40

  private func refusal(_ builder: ModelBuilder, folder: String? = nil) -> String {
    do {
      _ = try builder.load(folder: folder)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  private func small() -> ModelBuilder {
    var builder = ModelBuilder()
    builder.input("x", .float32, ["1", "4"])
    builder.constant("w", [1, 2, 3, 4], [4, 1])
    builder.node("MatMul", ["x", "w"], ["y"])
    builder.output("y")
    return builder
  }

  @Test("name the part that is wrong")
  func fields() {
    var cases: [(String, ModelBuilder)] = []
    func add(_ field: String, _ change: (inout ModelBuilder) -> Void) {
      var builder = small()
      change(&builder)
      cases.append((field, builder))
    }
    add("graph.initializer[0] \"w\": dims") { $0.model.graph.initializer[0].dims = [-4, 1] }
    add("graph.initializer[0] \"w\": dims") { $0.model.graph.initializer[0].dims = [1 << 40, 1 << 40] }
    add("raw_data") { $0.model.graph.initializer[0].dims = [1 << 40] }
    add("raw_data") { $0.model.graph.initializer[0].rawData = Data([1, 2, 3]) }
    add("dims") { $0.model.graph.initializer[0].dims = [Int64](repeating: 1, count: 1000) }
    add("float8e5m2") { $0.model.graph.initializer[0].dataType = 19 }
    add("initializer[0]") { $0.model.graph.initializer[0].name = "" }
    add("initializer[1]") { $0.model.graph.initializer.append($0.model.graph.initializer[0]) }
    add("sparse_initializer") { $0.model.graph.sparseInitializer = [ONNXSparseTensor()] }
    add("graph.input[1] \"x\"") { $0.input("x") }
    add("comes from nowhere") { $0.model.graph.node[0].input[0] = "z" }
    add("made twice") { $0.node("Relu", ["x"], ["y"]) }
    add("graph.output[0] \"q\"") { $0.model.graph.output[0].name = "q" }
    add("graph.output") { $0.model.graph.output = [] }
    add("cycle") {
      $0.node("Add", ["x", "b"], ["a"])
      $0.node("Relu", ["a"], ["b"])
    }
    add("1 inputs") { $0.model.graph.node[0].input.removeLast() }
    add("opset_import") { $0.model.opsetImport[0].version = 99 }
    add("opset_import") { $0.model.opsetImport = [] }
    add("local function") {
      var function = ONNXFunction()
      function.name = "f"
      $0.model.functions = [function]
    }
    add("Loop, Foo, ai.bar.Baz".split(separator: ", ").sorted().joined(separator: ", ")) {
      $0.node("Loop", ["x"], ["a"])
      $0.node("Foo", ["x"], ["b"])
      $0.node("Baz", ["x"], ["c"], domain: "ai.bar")
    }
    add("attribute strides") {
      $0.node("MaxPool", ["x"], ["p"], ["kernel_shape": .integers([1]), "strides": .integers([0])])
    }
    add("attribute zoom") { $0.node("Relu", ["x"], ["p"], ["zoom": .integer(1)]) }
    add("attribute axis") { $0.node("Concat", ["x"], ["p"]) }
    add("kind") { $0.node("Flatten", ["x"], ["p"], ["axis": .float(1)]) }
    add("is no tensor") { $0.model.graph.input[0].type = ONNXType() }
    add("it is missing") { $0.model.clearGraph() }
    for (index, (field, builder)) in cases.enumerated() {
      let error = refusal(builder)
      #expect(error.contains(field), "case \(index): \(error)")
      #expect(!error.contains("\n"))
    }
  }

  @Test("may read files in the model's folder only")
  func externalData() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-\(UUID().uuidString)")
    let inner = folder.appendingPathComponent("model")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let numbers: [Float] = [9, 1, 2, 3, 4]
    let data = numbers.withUnsafeBytes { Data($0) }
    try data.write(to: inner.appendingPathComponent("weights.bin"))
    try data.write(to: folder.appendingPathComponent("secret.bin"))
    try FileManager.default.createSymbolicLink(
      at: inner.appendingPathComponent("link.bin"), withDestinationURL: folder.appendingPathComponent("secret.bin"))
    func builder(_ fields: [String: String]) -> ModelBuilder {
      var builder = small()
      builder.model.graph.initializer[0].clearRawData()
      builder.model.graph.initializer[0].dataLocation = .external
      builder.model.graph.initializer[0].externalData = fields.map { key, value in
        var entry = ONNXEntry()
        (entry.key, entry.value) = (key, value)
        return entry
      }
      return builder
    }
    let good = try builder(["location": "weights.bin", "offset": "4", "length": "16"]).load(folder: inner.path)
    #expect(try good.run(["x": floats([1, 1, 1, 1], [1, 4])])["y"]?.scalars == [10])
    let bad: [([String: String], String)] = [
      (["location": "../secret.bin"], "leaves"), (["location": "\(folder.path)/secret.bin"], "leaves"),
      (["location": "link.bin"], "leaves"), (["location": "a/../../secret.bin"], "leaves"),
      (["location": "absent.bin"], "found"), ([:], "location"), (["location": "."], "external_data"),
      (["location": "weights.bin", "offset": "-4"], "offset"), (["location": "weights.bin", "offset": "21"], "offset"),
      (["location": "weights.bin", "length": "99999999999999999999"], "length"),
      (["location": "weights.bin", "offset": "8", "length": "16"], "16 bytes from 8"),
      (["location": "weights.bin", "length": "8"], "elements"),
    ]
    for (fields, text) in bad {
      let error = refusal(builder(fields), folder: inner.path)
      #expect(error.contains(text), "\(fields): \(error)")
    }
    #expect(refusal(builder(["location": "weights.bin"])).contains("external data"))
  }

  @Test("cut or changed at any byte are an error or a model, never a crash")
  func anyByte() throws {
    var generator = SystemRandomNumberGenerator()
    for name in ["residual-images", "lstm-text", "attention-text"] {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(RuntimeTests.folder)/\(name).onnx")))
      let x = try NumPyArrays.read("\(RuntimeTests.folder)/\(name).x.npy")
      func attempt(_ bytes: [UInt8]) {
        guard let model = try? ONNXRuntimeModel(bytes: bytes, memoryLimit: 64 << 20) else { return }
        _ = try? model.run(["x": x])
      }
      for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 300)) { attempt(Array(bytes[..<length])) }
      for _ in 0..<1500 * rounds {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          let place = Int.random(in: 0..<changed.count, using: &generator)
          changed[place] =
            Bool.random(using: &generator)
            ? changed[place] ^ 1 << UInt8.random(in: 0..<8, using: &generator) : .random(in: 0...255, using: &generator)
        }
        attempt(changed)
      }
    }
  }

  @Test("may not ask for more memory than there is")
  func memory() throws {
    var builder = ModelBuilder()
    builder.input("shape", .int64, ["n"])
    builder.node("ConstantOfShape", ["shape"], ["y"])
    builder.output("y")
    let model = try builder.load()
    #expect(try model.run(["shape": integers([2, 3], [2])])["y"]?.count == 6)
    for shape in [[1 << 40], [.max, .max], [-1], [1 << 62, 0, 1 << 62], [Int64](repeating: 2, count: 63)] as [[Int64]] {
      #expect(throws: ExchangeError.self) { try model.run(["shape": integers(shape, [shape.count])]) }
    }
    // Two bytes for each node would become some hundred in memory.
    let empty = [UInt8]([0x0A, 0x00])
    let graph = (0..<1 << 20).flatMap { _ in empty }
    var bytes: [UInt8] = [0x3A]
    var length = graph.count
    while length >= 0x80 {
      bytes.append(UInt8(length & 0x7F) | 0x80)
      length >>= 7
    }
    bytes.append(UInt8(length))
    let error = #expect(throws: ExchangeError.self) { try ONNXRuntimeModel(bytes: bytes + graph) }
    #expect(error?.description.contains("too many") == true)
  }

  @Test("may give any operator any operands")
  func anyOperands() throws {
    var generator = SystemRandomNumberGenerator()
    let operations = OperatorLibrary.standard.definitions.sorted { $0.key < $1.key }
    let numbers: [Int64] = [-3, -1, 0, 1, 2, 3, 7, 1 << 33, .max, .min]
    func anyValue() throws -> ONNXValue {
      let shape = (0..<Int.random(in: 0...5, using: &generator)).map { _ in Int.random(in: 0...3, using: &generator) }
      let count = shape.reduce(1, *)
      switch Int.random(in: 0..<8, using: &generator) {
      case 0, 1: return try integers((0..<count).map { _ in numbers.randomElement(using: &generator) ?? 0 }, shape)
      case 2:
        return try #require(
          ONNXValue((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }, shape: shape))
      case 3: return try #require(ONNXValue((0..<count).map { _ in Bool.random(using: &generator) }, shape: shape))
      default:
        return floats(
          (0..<count).map { _ in [-1, 0, 0.5, 2, .nan, .infinity, 1e30].randomElement(using: &generator) ?? 0 }, shape)
      }
    }
    let names = [
      "axis", "axes", "pads", "strides", "dilations", "kernel_shape", "group", "perm", "k", "hidden_size", "direction",
      "blocksize", "size", "to", "num_groups", "batch_dims", "output_padding", "output_shape", "mode", "ceil_mode",
      "count_include_pad", "auto_pad", "linear_before_reset", "layout", "keepdims", "start", "end", "block_size",
    ]
    for (name, definition) in operations {
      for _ in 0..<40 * rounds {
        var attributes: [String: AttributeValue] = [:]
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
          let key = names.randomElement(using: &generator) ?? ""
          let few = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            numbers.randomElement(using: &generator) ?? 0
          }
          attributes[key] =
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: .integer(few.first ?? 1)
            case 1: .integers(few)
            default:
              .text(
                ["bidirectional", "reverse", "SAME_UPPER", "linear", "reflect"].randomElement(using: &generator) ?? "")
            }
        }
        let count = Int.random(
          in: definition.inputs.lowerBound...min(definition.inputs.upperBound, definition.inputs.lowerBound + 3),
          using: &generator)
        let inputs = try (0..<count).map { _ in
          Int.random(in: 0..<9, using: &generator) == 0 ? nil : try anyValue()
        }
        let outputs = Int.random(
          in: definition.outputs.lowerBound...min(3, definition.outputs.upperBound), using: &generator)
        for opset in [9, 18, 24] as [Int64] {
          _ = try? compute(name, inputs, attributes, outputs: outputs, opset: opset)
        }
      }
    }
  }
}
