import ImageModels
import NeuralNetworks
import Tensors

/// The windows of a pooling.
struct PoolingWindows {
  var kernelSize: Size2D
  var stride: Size2D
  var padding: Size2D = 0
  var dilation: Size2D = 1
  /// Whether a last window that is only partly inside counts.
  var ceilMode = false
}

/// The weight of a convolution or a linear layer in bytes, which knows the range of its inputs.
struct MeasuredWeight {
  let name: String
  let bytes: QuantizedTensor
  let inputRange: ClosedRange<Float>
  /// What each output's sums are multiplied by, of a convolution that a batch normalisation is folded into.
  var factors: [Float]?
  var bias: [Float]?
}

/// A builder of the graphs of networks for images.
protocol ImageGraphBuilder: GraphBuilder {
  /// - Parameter weight: [F, C / groups, H, W].
  mutating func convolution(
    _ x: Value, weight: NamedTensor, bias: NamedTensor?, stride: Size2D, padding: Padding2D, dilation: Size2D,
    groups: Int
  ) -> Value
  /// The same of inputs and weights in steps of a byte; `nil` where the format has no such thing.
  mutating func convolution(
    _ x: Value, weight: MeasuredWeight, stride: Size2D, padding: Padding2D, dilation: Size2D, groups: Int
  ) -> Value?
  mutating func linear(_ x: Value, weight: MeasuredWeight) -> Value?
  /// Statistics and parameters of each channel, [C].
  mutating func batchNormalization(
    _ x: Value, mean: NamedTensor, variance: NamedTensor, weight: NamedTensor, bias: NamedTensor, epsilon: Float
  ) -> Value
  mutating func localResponseNormalization(_ x: Value, size: Int, alpha: Float, beta: Float, k: Float) -> Value
  mutating func maxPool(_ x: Value, _ windows: PoolingWindows) throws(ExchangeError) -> Value
  mutating func averagePool(
    _ x: Value, _ windows: PoolingWindows, countsPadding: Bool
  ) throws(ExchangeError) -> Value
  /// The mean of each channel, [B, C, 1, 1].
  mutating func globalAveragePool(_ x: Value) -> Value
  /// Channels of zeros before and behind.
  mutating func channelPadding(_ x: Value, before: Int, after: Int) -> Value
  /// [B, C·H·W]
  mutating func flattened(_ x: Value) -> Value
}

extension ImageGraphBuilder {
  mutating func convolution(
    _ x: Value, weight: MeasuredWeight, stride: Size2D, padding: Padding2D, dilation: Size2D, groups: Int
  ) -> Value? { nil }

  mutating func linear(_ x: Value, weight: MeasuredWeight) -> Value? { nil }

  /// Writes a network: its logits [B, classes] of images, and how many classes there are.
  ///
  /// The network is run once and its operations are listed, so that the graph is what the network computes. Images of the
  /// library are [B, H, W, C], those of graphs [B, C, H, W]: each value stands for the same image in the other order, and
  /// what moves channels has no operation.
  ///
  /// - Parameters:
  ///   - size: that of the images.
  ///   - image: the input, [B, channels, H, W].
  mutating func logits(
    of network: any ImageNetwork, channels: Int, size: Size2D, image: Value
  ) throws(ExchangeError) -> (value: Value, classCount: Int) {
    let example = Tensor(zeros: [1, size.height, size.width, channels])
    let trace = ImageTrace(network, image: example)
    var values = ImageGraphValues<Value>(trace: trace, of: network, format: Self.format)
    values[example] = image
    // What a convolution took in has its value already.
    for operation in trace.operations where values[operation.result] == nil {
      values[operation.result] = try add(operation, &values)
    }
    return (try values.value(trace.logits), trace.logits.shape[1])
  }

  private mutating func add(
    _ operation: OperationTrace.Operation, _ values: inout ImageGraphValues<Value>
  ) throws(ExchangeError) -> Value {
    let operands = operation.operands
    let x = try values.value(operands[0])
    let weights = operands.map { values.weight($0) }
    func weight(_ index: Int) -> NamedTensor { weights[index] }
    let bias = operands.count > 2 ? weight(2) : nil
    switch operation.kind {
    case .add: return sum(x, try values.value(operands[1]))
    case .relu: return relu(x)
    case .linear:
      if let measured = values.measured(weight(1), bias: bias), let value = linear(x, weight: measured) { return value }
      return linear(x, weight: weight(1), bias: bias)
    case .convolution(let stride, let padding, let dilation, let groups):
      if var measured = values.measured(weight(1), bias: bias) {
        let norm = values.normalization(of: operation.result)
        if let norm { measured.fold(norm) }
        if let value = convolution(
          x, weight: measured, stride: stride, padding: padding, dilation: dilation, groups: groups)
        {
          if let norm { values[norm.result] = value }
          return value
        }
      }
      return convolution(
        x, weight: weight(1), bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    case .batchNormalization(let epsilon):
      return batchNormalization(
        x, mean: weight(1), variance: weight(2), weight: weight(3), bias: weight(4), epsilon: epsilon)
    case .localResponseNormalization(let size, let alpha, let beta, let k):
      return localResponseNormalization(x, size: size, alpha: alpha, beta: beta, k: k)
    case .maxPool(let kernelSize, let stride, let padding, let dilation, let ceilMode):
      return try maxPool(
        x,
        PoolingWindows(
          kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode))
    case .averagePool(let kernelSize, let stride, let padding, let ceilMode, let countsPadding):
      return try averagePool(
        x, PoolingWindows(kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode),
        countsPadding: countsPadding)
    case .adaptiveAveragePool(let size): return try adaptiveAveragePool(x, of: operands[0].shape, size)
    case .concatenation(let axis):
      guard operands.allSatisfy({ $0.rank == 4 }) else { throw values.unknown }
      var parts: [Value] = []
      for operand in operands { parts.append(try values.value(operand)) }
      return concatenated(parts, axis: [0, 2, 3, 1][axis])
    case .channelPadding(let before, let after):
      guard operands[0].rank == 4 else { throw values.unknown }
      return channelPadding(x, before: before, after: after)
    case .channelsFirst: return x
    case .reshape:
      // Images as rows: those of one pixel, or with the channels first.
      guard operands[0].rank == 4, operation.result.rank == 2, operation.result.shape[0] == operands[0].shape[0] else {
        throw values.unknown
      }
      return flattened(x)
    }
  }

  /// Windows that divide images [B, H, W, C] into a size: an operation where they are equal.
  private mutating func adaptiveAveragePool(
    _ x: Value, of shape: [Int], _ size: Size2D
  ) throws(ExchangeError) -> Value {
    if size == 1 { return globalAveragePool(x) }
    guard shape[1] % size.height == 0, shape[2] % size.width == 0 else {
      throw .inexpressible(
        format: Self.format, reason: "its windows of \(shape[1]) × \(shape[2]) pixels are not equal")
    }
    let window = Size2D(height: shape[1] / size.height, width: shape[2] / size.width)
    if window == 1 { return x }
    return try averagePool(x, PoolingWindows(kernelSize: window, stride: window), countsPadding: false)
  }
}

/// What stands for the tensors of a trace.
private struct ImageGraphValues<Value> {
  let trace: ImageTrace
  let format: String
  private var values: [OperationTrace.Identity: Value] = [:]
  /// Weights in bytes that know the range of their inputs, by name.
  private let measured: [String: QuantizedTensor]

  init(trace: ImageTrace, of network: any ImageNetwork, format: String) {
    (self.trace, self.format) = (trace, format)
    var measured: [String: QuantizedTensor] = [:]
    for (name, parameter) in network.namedParameters {
      if let bytes = parameter.loadedBytes, bytes.inputRange != nil { measured[name] = bytes }
    }
    self.measured = measured
  }

  var unknown: ExchangeError {
    .inexpressible(format: format, reason: "it computes something that has no operation there")
  }

  subscript(_ tensor: Tensor) -> Value? {
    get { values[.init(tensor)] }
    set { values[.init(tensor)] = newValue }
  }

  /// The value of an operand that an earlier operation made.
  func value(_ tensor: Tensor) throws(ExchangeError) -> Value {
    guard let value = self[tensor] else { throw unknown }
    return value
  }

  /// An operand that is a weight, or was computed from weights alone.
  func weight(_ tensor: Tensor) -> NamedTensor { NamedTensor(trace.names[.init(tensor)], tensor) }

  /// The weight in bytes that an operand stands for, where it knows the range of its inputs.
  func measured(_ weight: NamedTensor, bias: NamedTensor?) -> MeasuredWeight? {
    guard let name = weight.name, let bytes = measured[name], let range = bytes.inputRange else { return nil }
    return MeasuredWeight(name: name, bytes: bytes, inputRange: range, bias: bias?.tensor.scalars)
  }

  /// The batch normalisation that alone reads a convolution.
  func normalization(of convolution: Tensor) -> OperationTrace.Operation? {
    guard trace.useCount(of: convolution) == 1 else { return nil }
    return trace.operations.first {
      if case .batchNormalization = $0.kind {
        .init($0.operands[0]) == OperationTrace.Identity(convolution)
      } else {
        false
      }
    }
  }
}

extension MeasuredWeight {
  /// Takes a batch normalisation of the layer's result in, as the network computes it.
  fileprivate mutating func fold(_ norm: OperationTrace.Operation) {
    guard case .batchNormalization(let epsilon) = norm.kind else { return }
    let (mean, variance, weight, shift) = (norm.operands[1], norm.operands[2], norm.operands[3], norm.operands[4])
    let scale = PreparedConvolution.foldedScale(variance: variance, weight: weight, epsilon: epsilon)
    let centre = bias.map { mean.detached - Tensor($0) } ?? mean.detached
    factors = scale.scalars
    bias = (shift.detached - centre * scale).scalars
  }
}
