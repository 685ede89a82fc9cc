import Foundation
import Tensors
import Testing

@testable import ModelExchange

@Suite("ONNX models")
struct RuntimeTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").path
  static let exported = [
    "residual-images", "lstm-text", "gru-text", "rnn-text", "convolution-text", "attention-text",
  ]

  @Test("that PyTorch exported give PyTorch's numbers", arguments: exported)
  func fixtures(name: String) throws {
    let model = try ONNXRuntimeModel(contentsOf: "\(Self.folder)/\(name).onnx")
    let x = try NumPyArrays.read("\(Self.folder)/\(name).x.npy")
    let y = try NumPyArrays.read("\(Self.folder)/\(name).y.npy")
    #expect(distance(try model.run(["x": x])["y"], y) < 1e-5)
    #expect(model.opset == 17 && model.producer.hasPrefix("pytorch"))
    #expect(model.inputs.map(\.name) == ["x"])
    // One example alone gives what it gave among others.
    let part = try x.part(1..<2, of: 0)
    let row = try y.part(1..<2, of: 0)
    #expect(distance(try model.run(["x": part])["y"], row) < 1e-5)
  }

  /// A convolution with all that can be joined to it; `addendShape` is that of what is added.
  private func residual(addend: [Int], order: Bool = true) -> ModelBuilder {
    var builder = ModelBuilder()
    builder.input("x", .float32, ["1", "2", "5", "5"])
    builder.constant("w", (0..<54).map { Float($0 % 7) * 0.1 - 0.3 }, [3, 2, 3, 3])
    builder.constant("b", [0.1, -0.2, 0.3], [3])
    for (name, values) in [
      ("s", [1, 0.5, 2]), ("t", [0, 0.1, -0.1]), ("m", [0.1, 0.2, 0]), ("v", [1, 0.25, 4]),
    ] as [(String, [Float])] {
      builder.constant(name, values, [3])
    }
    builder.input("r", .float32, addend.map(String.init))
    builder.node("Conv", ["x", "w", "b"], ["c"], ["pads": .integers([1, 1, 1, 1])])
    builder.node("BatchNormalization", ["c", "s", "t", "m", "v"], ["n"])
    builder.node("Add", order ? ["n", "r"] : ["r", "n"], ["a"])
    builder.node("Relu", ["a"], ["y"])
    builder.output("y")
    return builder
  }

  @Test(
    "join convolutions with what follows them, without another result", arguments: [[1, 3, 5, 5], [3, 1, 1], [1]])
  func joining(addend: [Int]) throws {
    let x = floats((0..<50).map { Float($0 % 11) * 0.2 - 1 }, [1, 2, 5, 5])
    let r = floats((0..<addend.reduce(1, *)).map { Float($0 % 5) * 0.3 - 0.6 }, addend)
    for order in [true, false] {
      let builder = residual(addend: addend, order: order)
      let joined = try builder.load().run(["x": x, "r": r])["y"]
      let plain = try builder.load(joins: false).run(["x": x, "r": r])["y"]
      #expect(joined?.shape == [1, 3, 5, 5])
      #expect(distance(joined, plain) < 1e-5)
    }
  }

  @Test("do not join what another node or the caller needs")
  func sharedResults() throws {
    var builder = residual(addend: [1, 3, 5, 5])
    builder.output("c")
    builder.output("a")
    let x = floats([Float](repeating: 0.5, count: 50), [1, 2, 5, 5])
    let r = floats([Float](repeating: -3, count: 75), [1, 3, 5, 5])
    let (some, plain) = (
      try builder.load().run(["x": x, "r": r]), try builder.load(joins: false).run(["x": x, "r": r])
    )
    for name in ["y", "c", "a"] { #expect(distance(some[name], plain[name]) < 1e-5, "\(name)") }
  }

  @Test("keep channels last between operators, and give ONNX's order")
  func layouts() throws {
    var builder = ModelBuilder(opset: 13)
    builder.input("x", .float32, ["2", "3", "4", "6"])
    builder.constant("w", (0..<108).map { Float($0 % 13) * 0.1 - 0.6 }, [4, 3, 3, 3])
    builder.constant("k", [1, 2, 3, 4], [4, 1, 1])
    builder.constant("axes", integers: [1])
    builder.constant("one", integers: [1])
    builder.constant("three", integers: [3])
    builder.node("Conv", ["x", "w"], ["c"], ["pads": .integers([1, 1, 1, 1])])
    builder.node("Mul", ["c", "k"], ["scaled"])
    builder.node("Concat", ["scaled", "c"], ["both"], ["axis": .integer(1)])
    builder.node("MaxPool", ["both"], ["pooled"], ["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])])
    builder.node("Slice", ["pooled", "one", "three", "axes"], ["part"])
    builder.node("Softmax", ["part"], ["soft"], ["axis": .integer(1)])
    builder.node("Transpose", ["pooled"], ["turned"], ["perm": .integers([0, 2, 3, 1])])
    builder.node("ReduceMean", ["pooled"], ["mean"], ["axes": .integers([2, 3]), "keepdims": .integer(0)])
    builder.node("Flatten", ["pooled"], ["flat"])
    for name in ["scaled", "both", "pooled", "part", "soft", "turned", "mean", "flat"] { builder.output(name) }
    let x = floats((0..<144).map { Float($0 % 17) * 0.1 - 0.8 }, [2, 3, 4, 6])
    let results = try builder.load().run(["x": x])
    // The same, computed from results in ONNX's order one operator at a time.
    func alone(
      _ operation: String, _ inputs: [ONNXValue?], _ attributes: [String: AttributeValue] = [:]
    ) throws -> ONNXValue {
      try compute(operation, inputs, attributes, opset: 13)[0]
    }
    let c = try #require(results["both"]).part(4..<8, of: 1)
    #expect(distance(results["scaled"], try alone("Mul", [c, floats([1, 2, 3, 4], [4, 1, 1])])) < 1e-6)
    let pooled = results["pooled"]
    #expect(pooled?.shape == [2, 8, 2, 3])
    let part = try #require(pooled).part(1..<3, of: 1)
    #expect(distance(results["part"], part) == 0)
    #expect(distance(results["soft"], try alone("Softmax", [part], ["axis": .integer(1)])) < 1e-6)
    #expect(distance(results["turned"], try alone("Transpose", [pooled], ["perm": .integers([0, 2, 3, 1])])) == 0)
    #expect(
      distance(
        results["mean"], try alone("ReduceMean", [pooled], ["axes": .integers([2, 3]), "keepdims": .integer(0)])) < 1e-6
    )
    #expect(results["flat"]?.scalars == pooled?.scalars)
  }

  @Test("run on many threads at once")
  func threads() async throws {
    let model = try ONNXRuntimeModel(contentsOf: "\(Self.folder)/residual-images.onnx")
    let x = try NumPyArrays.read("\(Self.folder)/residual-images.x.npy")
    let y = try NumPyArrays.read("\(Self.folder)/residual-images.y.npy")
    let worst = try await withThrowingTaskGroup(of: Double.self) { group in
      for _ in 0..<16 {
        group.addTask {
          var worst = 0.0
          for _ in 0..<8 { worst = max(worst, distance(try model.run(["x": x])["y"], y)) }
          return worst
        }
      }
      return try await group.reduce(0) { max($0, $1) }
    }
    #expect(worst < 1e-5)
  }

  @Test("check their inputs")
  func inputs() throws {
    var builder = ModelBuilder()
    builder.input("a", .float32, ["batch", "2"])
    builder.input("b", .int64, ["batch"])
    builder.node("Shape", ["a"], ["s"])
    builder.node("Add", ["s", "b"], ["y"])
    builder.output("y", .int64)
    let model = try builder.load()
    #expect(model.inputs[0].description == "float32 [batch, 2]")
    let (a, b) = (floats([1, 2, 3, 4], [2, 2]), try integers([1, 2], [2]))
    #expect(try model.run(["a": a, "b": b])["y"]?.int64s == [3, 4])
    let wrong: [[String: ONNXValue]] = [
      ["a": a], ["a": a, "b": b, "c": b], ["a": b, "b": b], ["a": floats([1, 2], [2]), "b": b],
      ["a": floats([1, 2, 3], [1, 3]), "b": b], ["a": a, "b": try integers([1], [1])],
    ]
    for inputs in wrong {
      let error = #expect(throws: ExchangeError.self) { try model.run(inputs) }
      guard case .wrongInput = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("compute what is constant when they are loaded")
  func folding() throws {
    var builder = ModelBuilder()
    builder.input("x", .float32, ["2"])
    builder.constant("a", [1, 2], [2])
    builder.node("Constant", [], ["b"], ["value_floats": .tensor(ModelBuilder.tensor("", [], [0]))])
    builder.model.graph.node[0].attribute = [
      {
        var attribute = ONNXAttribute()
        (attribute.name, attribute.type, attribute.floats) = ("value_floats", .floats, [3, 4])
        return attribute
      }()
    ]
    builder.node("Mul", ["a", "b"], ["c"])
    builder.node("Add", ["x", "c"], ["y"])
    builder.output("y")
    builder.output("c")
    let results = try builder.load().run(["x": floats([1, 1], [2])])
    #expect(results["y"]?.scalars == [4, 9] && results["c"]?.scalars == [3, 8])
  }
}
