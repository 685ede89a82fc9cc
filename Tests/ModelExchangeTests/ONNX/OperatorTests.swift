import Tensors
import Testing

@testable import ModelExchange

@Suite("Operators of ONNX")
struct OperatorTests {
  @Test("repeat extents of 1 as NumPy does")
  func broadcasting() throws {
    let sum = try compute("Add", [floats([1, 2, 3, 4, 5, 6], [2, 3]), floats([10, 20], [2, 1])])[0]
    #expect(sum.shape == [2, 3] && sum.scalars == [11, 12, 13, 24, 25, 26])
    let product = try compute("Mul", [floats([1, 2], [2, 1, 1]), floats([1, 2, 3], [3])])[0]
    #expect(product.shape == [2, 1, 3] && product.scalars == [1, 2, 3, 2, 4, 6])
    #expect(throws: ExchangeError.self) { try compute("Add", [floats([1, 2], [2]), floats([1, 2, 3], [3])]) }
  }

  @Test("compute with whole numbers without ending the process")
  func integerArithmetic() throws {
    let a = try integers([7, -7, .min, 5], [4])
    #expect(try compute("Div", [a, integers([2, 2, -1, 0], [4])])[0].int64s == [3, -3, .min, 0])
    #expect(try compute("Mod", [a, integers([3, 3, -1, 0], [4])])[0].int64s == [1, 2, 0, 0])
    #expect(try compute("Abs", [a])[0].int64s == [7, 7, .min, 5])
    #expect(try compute("Mul", [a, integers([2, 2, 2, 2], [4])])[0].int64s == [14, -14, 0, 10])
    #expect(try compute("Pow", [integers([2, 3], [2]), integers([10, 3], [2])])[0].int64s == [1024, 27])
    #expect(try compute("Neg", [a])[0].int64s == [-7, 7, .min, -5])
    let sums = try compute("CumSum", [integers([.max, 1], [2]), integers([0], [1])])[0]
    #expect(sums.int64s == [.max, .min])
  }

  @Test("multiply matrices, one or many")
  func products() throws {
    let a = floats([1, 2, 3, 4, 5, 6], [2, 3])
    let b = floats([1, 0, 0, 1, 1, 1], [3, 2])
    #expect(try compute("MatMul", [a, b])[0].scalars == [4, 5, 10, 11])
    let many = try compute("MatMul", [floats((0..<12).map(Float.init), [2, 2, 3]), b])[0]
    #expect(many.shape == [2, 2, 2] && many.scalars == [2, 3, 8, 9, 14, 15, 20, 21])
    let each = try compute(
      "MatMul", [floats((0..<8).map(Float.init), [2, 2, 2]), floats([1, 0, 0, 1, 2, 0, 0, 2], [2, 2, 2])])[0]
    #expect(each.scalars == [0, 1, 2, 3, 8, 10, 12, 14])
    let gemm = try compute(
      "Gemm", [a, floats([1, 0, 1, 0, 1, 1], [2, 3]), floats([100, 200], [2])],
      ["alpha": .float(2), "beta": .float(0.5), "transB": .integer(1)])[0]
    #expect(gemm.scalars == [58, 110, 70, 122])
  }

  @Test("lay filters over images as ONNX says")
  func convolution() throws {
    let x = floats((0..<9).map(Float.init), [1, 1, 3, 3])
    let w = floats([1, 1, 1, 1], [1, 1, 2, 2])
    #expect(try compute("Conv", [x, w])[0].scalars == [8, 12, 20, 24])
    // One row of zeros above and one column before only.
    let padded = try compute("Conv", [x, w, floats([1], [1])], ["pads": .integers([1, 1, 0, 0])])[0]
    #expect(padded.shape == [1, 1, 3, 3] && padded.scalars == [1, 2, 4, 4, 9, 13, 10, 21, 25])
    let same = try compute("Conv", [x, w], ["auto_pad": .text("SAME_UPPER"), "strides": .integers([2, 2])])[0]
    #expect(same.shape == [1, 1, 2, 2] && same.scalars == [8, 7, 13, 8])
    // Two channels, each with a filter of its own, and sequences.
    let grouped = try compute(
      "Conv", [floats([1, 2, 3, 4, 5, 6], [1, 2, 3]), floats([1, -1, 2, 2], [2, 1, 2])], ["group": .integer(2)])[0]
    #expect(grouped.shape == [1, 2, 2] && grouped.scalars == [-1, -1, 18, 22])
    let dilated = try compute(
      "Conv", [floats([1, 2, 3, 4, 5], [1, 1, 5]), floats([1, 1], [1, 1, 2])], ["dilations": .integers([3])])[0]
    #expect(dilated.scalars == [5, 7])
  }

  @Test("undo convolutions with any padding")
  func transposedConvolution() throws {
    let x = floats([1, 2], [1, 1, 2])
    let w = floats([1, 10, 100], [1, 1, 3])
    #expect(try compute("ConvTranspose", [x, w])[0].scalars == [1, 12, 120, 200])
    #expect(try compute("ConvTranspose", [x, w], ["strides": .integers([2])])[0].scalars == [1, 10, 102, 20, 200])
    let wide = try compute(
      "ConvTranspose", [x, w, floats([5], [1])], ["output_shape": .integers([7]), "strides": .integers([2])])[0]
    #expect(wide.scalars == [6, 15, 107, 25, 205, 5, 5])
  }

  @Test("pool what windows cover")
  func pooling() throws {
    let x = floats((0..<16).map(Float.init), [1, 1, 4, 4])
    let kernel: [String: AttributeValue] = ["kernel_shape": .integers([2, 2])]
    #expect(
      try compute("MaxPool", [x], kernel.merging(["strides": .integers([2, 2])]) { $1 })[0].scalars == [5, 7, 13, 15])
    let both = try compute("MaxPool", [x], kernel.merging(["strides": .integers([2, 2])]) { $1 }, outputs: 2)
    #expect(both[1].int64s == [5, 7, 13, 15])
    let average = try compute(
      "AveragePool", [x],
      ["kernel_shape": .integers([3, 3]), "pads": .integers([1, 1, 0, 0]), "strides": .integers([2, 2])])[0]
    #expect(average.scalars == [2.5, 4, 8.5, 10])
    let ceiling = try compute(
      "MaxPool", [floats([1, 2, 3, 4, 5], [1, 1, 5])],
      ["kernel_shape": .integers([2]), "strides": .integers([2]), "ceil_mode": .integer(1)])[0]
    #expect(ceiling.scalars == [2, 4, 5])
    #expect(try compute("GlobalAveragePool", [x])[0].scalars == [7.5])
    #expect(try compute("GlobalMaxPool", [x])[0].shape == [1, 1, 1, 1])
  }

  @Test("normalise")
  func normalization() throws {
    let x = floats([1, 2, 3, 4], [1, 2, 1, 2])
    let batch = try compute(
      "BatchNormalization",
      [x, floats([2, 1], [2]), floats([1, 0], [2]), floats([1, 3], [2]), floats([4, 0.25], [2])],
      ["epsilon": .float(0)])[0]
    #expect(batch.scalars == [1, 2, 0, 2])
    let layer = try compute(
      "LayerNormalization", [floats([1, 3, 2, 6], [2, 2]), floats([1, 2], [2]), floats([0, 1], [2])],
      ["epsilon": .float(0)])[0]
    #expect(layer.scalars == [-1, 3, -1, 3])
  }

  @Test("move elements")
  func moving() throws {
    let x = floats((0..<6).map(Float.init), [2, 3])
    #expect(try compute("Transpose", [x])[0].scalars == [0, 3, 1, 4, 2, 5])
    #expect(try compute("Reshape", [x, integers([0, -1], [2])])[0].shape == [2, 3])
    #expect(try compute("Unsqueeze", [x, integers([0, -1], [2])])[0].shape == [1, 2, 3, 1])
    #expect(try compute("Concat", [x, x], ["axis": .integer(-1)])[0].scalars == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5])
    let slice = try compute(
      "Slice",
      [x, integers([-1, .max], [2]), integers([.min, .min], [2]), integers([0, 1], [2]), integers([-1, -2], [2])])[0]
    #expect(slice.shape == [2, 2] && slice.scalars == [5, 3, 2, 0])
    #expect(try compute("Gather", [x, integers([-1, 0], [2])], ["axis": .integer(1)])[0].scalars == [2, 0, 5, 3])
    #expect(throws: ExchangeError.self) { try compute("Gather", [x, integers([3], [1])]) }
    #expect(try compute("Tile", [floats([1, 2], [2]), integers([2], [1])])[0].scalars == [1, 2, 1, 2])
    #expect(
      try compute("Expand", [floats([1, 2], [2, 1]), integers([2, 3], [2])])[0].scalars == [1, 1, 1, 2, 2, 2])
    let pads = try integers([0, 2, 0, 1], [4])
    #expect(
      try compute("Pad", [x, pads], ["mode": .text("reflect")])[0].scalars == [2, 1, 0, 1, 2, 1, 5, 4, 3, 4, 5, 4])
    #expect(try compute("Pad", [x, integers([0, -1, 1, 0], [4])])[0].scalars == [1, 2, 4, 5, 0, 0])
    let split = try compute("Split", [x, integers([1, 2], [2])], ["axis": .integer(1)], outputs: 2)
    #expect(split[0].scalars == [0, 3] && split[1].scalars == [1, 2, 4, 5])
    let scattered = try compute(
      "ScatterND", [floats([0, 0, 0], [3]), integers([2, 0], [2, 1]), floats([5, 6], [2])], opset: 16)[0]
    #expect(scattered.scalars == [6, 0, 5])
  }

  @Test("reduce and select")
  func reductions() throws {
    let x = floats([1, 5, 2, 4, 3, 6], [2, 3])
    #expect(try compute("ReduceSum", [x, integers([1], [1])], ["keepdims": .integer(0)])[0].scalars == [8, 13])
    #expect(try compute("ReduceMax", [x], ["axes": .integers([0])])[0].scalars == [4, 5, 6])
    #expect(try compute("ReduceMean", [x])[0].shape == [1, 1])
    #expect(try compute("ArgMax", [x], ["axis": .integer(1), "keepdims": .integer(0)])[0].int64s == [1, 2])
    let best = try compute("TopK", [x, integers([2], [1])], outputs: 2)
    #expect(best[0].scalars == [5, 2, 6, 4] && best[1].int64s == [1, 2, 2, 0])
    let softmax = try compute("Softmax", [floats([0, 0, 1, 1], [2, 2])], ["axis": .integer(0)])[0]
    #expect(abs(softmax.scalars[0] - 0.268_941) < 1e-5)
    // Until version 13 everything from the axis on was one line.
    let flat = try compute("Softmax", [floats([0, 0, 0, 0], [1, 2, 2])], opset: 11)[0]
    #expect(flat.scalars == [0.25, 0.25, 0.25, 0.25])
  }

  @Test("quantise to the nearest even number")
  func quantization() throws {
    let zero = ONNXValue([UInt8(10)], shape: [])
    let quantized = try compute("QuantizeLinear", [floats([0.5, 1.5, -100, 1000], [4]), floats([1], []), zero])[0]
    #expect(quantized.int64s == [10, 12, 0, 255])
    let back = try compute("DequantizeLinear", [quantized, floats([1], []), zero])[0]
    #expect(back.scalars == [0, 2, -10, 245])
    // More products than single precision can add up at once.
    let a = ONNXValue([UInt8](repeating: 255, count: 1000), shape: [1, 1000])
    let b = ONNXValue([UInt8](repeating: 255, count: 1000), shape: [1000, 1])
    #expect(try compute("MatMulInteger", [a, b])[0].int64s == [65_025_000])
  }

  @Test("convert numbers")
  func conversion() throws {
    let cast = try compute("Cast", [floats([-1.7, 3.9, .nan, 1e30], [4])], ["to": .integer(7)])[0]
    #expect(cast.int64s == [-1, 3, 0, .max])
    let half = try compute("Cast", [floats([1.0004, 70000, 1e-8], [3])], ["to": .integer(10)])[0]
    #expect(half.scalars == [1, .infinity, 0])
  }
}
