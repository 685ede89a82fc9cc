import Foundation
import Tensors
import Testing

@testable import ModelExchange

/// Small files that ask for much, and nodes that follow each other but cannot be computed together.
@Suite("Limits of ONNX models")
struct LimitTests {
  private let matrix = ONNXValue(Tensor([1, 2, 3, 4], shape: [2, 2]))

  private func integers(_ numbers: Int64...) throws -> ONNXValue {
    try #require(ONNXValue(numbers, shape: [numbers.count]))
  }

  @Test("sizes that overflow or take no end are refused", arguments: [Int64.max, 1 << 40, 65_537])
  func pieces(count: Int64) {
    #expect(throws: ExchangeError.self) {
      try compute("Split", [matrix], ["num_outputs": .integer(count)], opset: 18)
    }
  }

  @Test("empty values of large extents are refused before anything is made of them")
  func emptyValues() {
    var builder = ModelBuilder()
    builder.constant("a", [], [1 << 40, 1, 0])
    builder.constant("b", [], [1, 1 << 40, 0])
    builder.node("Add", ["a", "b"], ["y"])
    builder.output("y")
    #expect(throws: ExchangeError.self) { try builder.load().run([:]) }
  }

  @Test("dimensions are counted")
  func dimensions() throws {
    let axes = try #require(ONNXValue((0..<63).map { Int64($0) }, shape: [63]))
    #expect(throws: ExchangeError.self) { try compute("Unsqueeze", [matrix, axes]) }
  }

  @Test("a step of any size that picks one element is none")
  func longStep() throws {
    let made = try compute(
      "Slice", [matrix, try integers(0), try integers(2), try integers(0), try integers(1 << 39)])
    #expect(made[0].tensor == Tensor([1, 2], shape: [1, 2]))
  }

  @Test("padding far away leaves nothing of a value")
  func farPadding() throws {
    let made = try compute("Pad", [matrix, try integers(-1 << 40, 0, 1 << 40, 0)])
    #expect(made[0].tensor == Tensor(zeros: [2, 2]))
  }

  @Test("a clip behind a sum whose addend repeats still clips")
  func clipBehindBroadcast() throws {
    var builder = ModelBuilder()
    builder.input("x", .float32, ["1", "1", "2", "2"])
    builder.input("a", .float32, ["1", "1", "1", "1"])
    builder.constant("w", [1], [1, 1, 1, 1])
    builder.constant("least", [0], [])
    builder.constant("most", [6], [])
    builder.node("Conv", ["x", "w"], ["c"])
    builder.node("Add", ["c", "a"], ["s"])
    builder.node("Clip", ["s", "least", "most"], ["y"])
    builder.output("y")
    let result = try builder.load().run([
      "x": ONNXValue(Tensor([-5, 1, 4, 9], shape: [1, 1, 2, 2])), "a": ONNXValue(Tensor([1], shape: [1, 1, 1, 1])),
    ])
    #expect(result["y"]?.tensor == Tensor([0, 2, 5, 6], shape: [1, 1, 2, 2]))
  }

  @Test("products of doubles are computed node by node")
  func doubles() throws {
    var builder = ModelBuilder()
    builder.input("x", .float64, ["1", "2"])
    builder.model.graph.initializer.append(
      .with {
        ($0.name, $0.dataType, $0.dims) = ("w", ONNXElementType.float64.rawValue, [2, 2])
        $0.doubleData = [1, -1, 1, -1]
      })
    builder.node("MatMul", ["x", "w"], ["p"])
    builder.node("Relu", ["p"], ["y"])
    builder.output("y", .float64)
    let x = try #require(ONNXValue([2.0, 3.0] as [Double], shape: [1, 2]))
    #expect(try builder.load().run(["x": x])["y"]?.doubles == [5, 0])
  }
}
