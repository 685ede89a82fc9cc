import ImageModels
import NeuralNetworks
import Tensors

/// The graph of a network for images: `image` [batch, C, H, W] in, `logits` [batch, classes] out.
///
/// It is found by running the network once and listing its operations, so that it is what the network computes. Images of
/// the library are [B, H, W, C], those of ONNX [B, C, H, W]: each value stands for the same image in the other order, and
/// what moves channels has no node.
struct ImageGraph {
  private var builder: ONNXGraphBuilder
  private var values: [OperationTrace.Identity: String] = [:]
  private let trace: ImageTrace
  /// Weights in bytes that know the range of their inputs, by name.
  private let measured: [String: QuantizedTensor]
  /// Batch normalisations that are part of a convolution, by their results.
  private var folded: [OperationTrace.Identity: String] = [:]

  /// The graph of a network for images of a size.
  static func make(
    _ network: any ImageNetwork, channels: Int, size: Size2D, quantizes: Bool
  ) throws(ExchangeError) -> ONNXGraph {
    let image = Tensor(zeros: [1, size.height, size.width, channels])
    var measured: [String: QuantizedTensor] = [:]
    for (name, parameter) in network.namedParameters {
      if let bytes = parameter.loadedBytes, bytes.inputRange != nil { measured[name] = bytes }
    }
    var graph = ImageGraph(ImageTrace(network, image: image), measured: measured, quantizes: quantizes)
    graph.values[.init(image)] = graph.builder.input(
      "image", .float32, ["batch", .fixed(channels), .fixed(size.height), .fixed(size.width)])
    for operation in graph.trace.operations { graph.values[.init(operation.result)] = try graph.node(operation) }
    let logits = graph.trace.logits
    graph.builder.output(
      "logits", of: try graph.value(logits), .float32, ["batch", .fixed(logits.shape[1])])
    return graph.builder.graph
  }

  private init(_ trace: ImageTrace, measured: [String: QuantizedTensor], quantizes: Bool) {
    (self.trace, self.measured) = (trace, measured)
    builder = ONNXGraphBuilder(name: "image", quantizes: quantizes)
  }

  private var unknown: ExchangeError {
    .inexpressible(format: "ONNX", reason: "it computes something that has no node")
  }

  /// The value of an operand that an earlier operation made.
  private func value(_ tensor: Tensor) throws(ExchangeError) -> String {
    guard let name = values[.init(tensor)] else { throw unknown }
    return name
  }

  /// An operand that is a weight, or was computed from weights alone.
  private mutating func weight(_ tensor: Tensor) -> String {
    if let name = trace.names[.init(tensor)] { return builder.weight(name, tensor) }
    return builder.floats(tensor.scalars, shape: tensor.shape)
  }

  private mutating func node(_ operation: OperationTrace.Operation) throws(ExchangeError) -> String {
    if let name = folded[.init(operation.result)] { return name }
    let operands = operation.operands
    let input = try value(operands[0])
    switch operation.kind {
    case .add: return builder.add("Add", [input, try value(operands[1])])
    case .relu: return builder.add("Relu", [input])
    case .linear:
      if let (name, bytes, range) = measured(operands[1]) {
        return builder.linear(
          builder.stepped(input, range), weight: builder.weight(name, bytes),
          bias: operands.count > 2 ? builder.bias(operands[2].scalars, of: bytes) : nil)
      }
      return builder.linear(
        input, weight: weight(operands[1]), bias: operands.count > 2 ? weight(operands[2]) : nil)
    case .convolution(let stride, let padding, let dilation, let groups):
      let filters = operands[1]
      var inputs = [input]
      var norm: OperationTrace.Operation?
      if let (name, bytes, range) = measured(filters) {
        norm = normalization(of: operation.result)
        let (factors, bias) = norm.map { folding($0, bias: operands.count > 2 ? operands[2] : nil) } ?? (nil, nil)
        inputs = [builder.stepped(input, range), builder.weight(name, bytes, times: factors)]
        if let bias = bias ?? (operands.count > 2 ? operands[2].scalars : nil) {
          inputs.append(builder.bias(bias, of: bytes, times: factors))
        }
      } else {
        inputs += operands.dropFirst().map { weight($0) }
      }
      let result = builder.add(
        "Conv", inputs, results: 1,
        [
          .ints("kernel_shape", [filters.shape[2], filters.shape[3]]), .ints("strides", stride), .ints("pads", padding),
          .ints("dilations", dilation), .int("group", groups),
        ])[0]
      if let norm { folded[.init(norm.result)] = result }
      return result
    case .batchNormalization(let epsilon):
      return builder.add(
        "BatchNormalization",
        [input, weight(operands[3]), weight(operands[4]), weight(operands[1]), weight(operands[2])],
        .float("epsilon", epsilon))
    case .localResponseNormalization(let size, let alpha, let beta, let k):
      return builder.add(
        "LRN", [input], .int("size", size), .float("alpha", alpha), .float("beta", beta), .float("bias", k))
    case .maxPool(let kernelSize, let stride, let padding, let dilation, let ceilMode):
      return builder.add(
        "MaxPool", [input], .ints("kernel_shape", kernelSize), .ints("strides", stride),
        .ints("pads", Padding2D(height: padding.height, width: padding.width)), .ints("dilations", dilation),
        .int("ceil_mode", ceilMode ? 1 : 0))
    case .averagePool(let kernelSize, let stride, let padding, let ceilMode, let countsPadding):
      return builder.add(
        "AveragePool", [input], .ints("kernel_shape", kernelSize), .ints("strides", stride),
        .ints("pads", Padding2D(height: padding.height, width: padding.width)), .int("ceil_mode", ceilMode ? 1 : 0),
        .int("count_include_pad", countsPadding ? 1 : 0))
    case .adaptiveAveragePool(let size): return try adaptiveAveragePool(input, of: operands[0].shape, size)
    case .concatenation(let axis):
      guard operands.allSatisfy({ $0.rank == 4 }) else { throw unknown }
      var inputs: [String] = []
      for operand in operands { inputs.append(try value(operand)) }
      return builder.add("Concat", inputs, .int("axis", [0, 2, 3, 1][axis]))
    case .channelPadding(let before, let after):
      guard operands[0].rank == 4 else { throw unknown }
      return builder.add("Pad", [input, builder.integers([0, before, 0, 0, 0, after, 0, 0])])
    case .channelsFirst: return input
    case .reshape:
      // Images as rows: those of one pixel, or with the channels first.
      guard operands[0].rank == 4, operation.result.rank == 2, operation.result.shape[0] == operands[0].shape[0] else {
        throw unknown
      }
      return builder.add("Flatten", [input], .int("axis", 1))
    }
  }

  /// The weight in bytes that an operand stands for, where it knows the range of its inputs.
  private func measured(_ operand: Tensor) -> (name: String, bytes: QuantizedTensor, range: ClosedRange<Float>)? {
    guard let name = trace.names[.init(operand)], let bytes = measured[name], let range = bytes.inputRange else {
      return nil
    }
    return (name, bytes, range)
  }

  /// The batch normalisation that alone reads a convolution.
  private func normalization(of convolution: Tensor) -> OperationTrace.Operation? {
    guard trace.useCount(of: convolution) == 1 else { return nil }
    return trace.operations.first {
      if case .batchNormalization = $0.kind {
        .init($0.operands[0]) == OperationTrace.Identity(convolution)
      } else {
        false
      }
    }
  }

  /// What the filters' sums are multiplied by and what is added then, as the network computes it.
  private func folding(_ norm: OperationTrace.Operation, bias: Tensor?) -> (factors: [Float], bias: [Float]) {
    guard case .batchNormalization(let epsilon) = norm.kind else { return ([], []) }
    let (mean, variance, weight, shift) = (norm.operands[1], norm.operands[2], norm.operands[3], norm.operands[4])
    let scale = PreparedConvolution.foldedScale(variance: variance, weight: weight, epsilon: epsilon)
    let centre = bias.map { mean.detached - $0.detached } ?? mean.detached
    return (scale.scalars, (shift.detached - centre * scale).scalars)
  }

  /// Windows that divide images [B, H, W, C] into a size: a node where they are equal.
  private mutating func adaptiveAveragePool(
    _ input: String, of shape: [Int], _ size: Size2D
  ) throws(ExchangeError) -> String {
    if size == 1 { return builder.add("GlobalAveragePool", [input]) }
    guard shape[1] % size.height == 0, shape[2] % size.width == 0 else {
      throw .inexpressible(format: "ONNX", reason: "its windows of \(shape[1]) × \(shape[2]) pixels are not equal")
    }
    let window = Size2D(height: shape[1] / size.height, width: shape[2] / size.width)
    if window == 1 { return input }
    return builder.add("AveragePool", [input], .ints("kernel_shape", window), .ints("strides", window))
  }
}

extension ONNXAttribute {
  fileprivate static func ints(_ name: String, _ size: Size2D) -> ONNXAttribute {
    .ints(name, [size.height, size.width])
  }

  fileprivate static func ints(_ name: String, _ padding: Padding2D) -> ONNXAttribute {
    .ints(name, [padding.top, padding.left, padding.bottom, padding.right])
  }
}
