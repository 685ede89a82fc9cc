import NeuralNetworks
import Tensors
import TextModels

/// The graph of a network for texts: `ids` [batch, time] and `lengths` [batch] in, `logits` [batch, K] out.
struct TextGraph {
  private var builder = ONNXGraphBuilder(name: "text")
  private let network: TextNetwork

  /// The graph of a network.
  static func make(_ network: TextNetwork) throws(ExchangeError) -> ONNXGraph {
    var graph = TextGraph(network: network)
    return try graph.write()
  }

  private init(network: TextNetwork) { self.network = network }

  private mutating func write() throws(ExchangeError) -> ONNXGraph {
    let ids = builder.input("ids", .int64, ["batch", "time"])
    let lengths = builder.input("lengths", .int64, ["batch"])
    let words = SequenceValues(
      values: embedded(ids), lengths: lengths, mask: builder.timeMask(of: ids, lengths: lengths))
    let features = try encoded(words)
    let logits = builder.linear(
      features, weight: weight("output.weight", network.output.weight), bias: bias("output", network.output))
    builder.output("logits", of: logits, .float32, ["batch", .fixed(network.output.weight.shape[0])])
    return builder.graph
  }

  // MARK: Weights

  private mutating func weight(_ name: String, _ parameter: Parameter) -> String {
    builder.weight(name, parameter.value)
  }

  private mutating func bias(_ layer: String, _ linear: Linear) -> String? {
    linear.bias.map { weight("\(layer).bias", $0) }
  }

  /// x·Wᵀ + b of values [B, C].
  private mutating func linear(_ values: String, _ layer: Linear, named name: String) -> String {
    builder.linear(values, weight: weight("\(name).weight", layer.weight), bias: bias(name, layer))
  }

  /// x·Wᵀ + b of values [B, T, C].
  private mutating func linearOverTime(_ values: String, _ layer: Linear, named name: String) -> String {
    let transposed = builder.add("Transpose", [weight("\(name).weight", layer.weight)], .ints("perm", [1, 0]))
    return builder.linearOverTime(values, transposedWeight: transposed, bias: bias(name, layer))
  }

  // MARK: Layers

  /// [B, T, E] of ids [B, T].
  private mutating func embedded(_ ids: String) -> String {
    let tables = [("weight", network.embedding.weight)] + (network.embedding.fixed.map { [("fixed", $0)] } ?? [])
    let channels = tables.map { builder.add("Gather", [weight("embedding.\($0)", $1), ids]) }
    return channels.count == 1 ? channels[0] : builder.add("Concat", channels, .int("axis", 2))
  }

  /// [B, F] of the words' vectors.
  private mutating func encoded(_ words: SequenceValues) throws(ExchangeError) -> String {
    switch network.encoder {
    case let encoder as AverageEncoder: average(encoder, words)
    case let encoder as RecurrentEncoder: recurrent(encoder, words)
    case let encoder as ConvolutionEncoder: convolution(encoder, words)
    case let encoder as DeepPyramidEncoder: deepPyramid(encoder, words)
    case let encoder as CharacterConvolutionEncoder: characters(encoder, words)
    case let encoder as RecurrentConvolutionEncoder: recurrentConvolution(encoder, words)
    default: throw .inexpressible(format: "ONNX", reason: "its encoder is \(type(of: network.encoder))")
    }
  }

  private mutating func average(_ encoder: AverageEncoder, _ words: SequenceValues) -> String {
    var values = builder.meanOverTime(words)
    for (index, layer) in encoder.hidden.enumerated() {
      values = builder.add("Relu", [linear(values, layer, named: "encoder.hidden.\(index)")])
    }
    return values
  }

  private mutating func recurrent(_ encoder: RecurrentEncoder, _ words: SequenceValues) -> String {
    let result = builder.recurrent(
      encoder.recurrent, named: "encoder.recurrent.", words.values, lengths: words.lengths)
    let states = SequenceValues(values: result.outputs, lengths: words.lengths, mask: words.mask)
    if let attention = encoder.attention {
      let name = "encoder.attention"
      let projected = builder.add(
        "Tanh", [linearOverTime(states.values, attention.projection, named: "\(name).projection")])
      let context = builder.add("Transpose", [weight("\(name).context", attention.context)], .ints("perm", [1, 0]))
      return builder.attentionOverTime(states, scores: builder.add("MatMul", [projected, context]))
    }
    switch encoder.pooling {
    case .last: return builder.sideBySide(result.hidden[result.hidden.count - 1])
    case .mean, .attention: return builder.meanOverTime(states)
    case .max: return builder.maxOverTime(states)
    case .maxMean:
      return builder.add("Concat", [builder.maxOverTime(states), builder.meanOverTime(states)], .int("axis", 1))
    }
  }

  private mutating func convolution(_ encoder: ConvolutionEncoder, _ words: SequenceValues) -> String {
    let widest = encoder.convolutions.map(\.width).max() ?? 1
    // A text shorter than the widest filter is read as if zeros followed it.
    let lengths =
      widest > 1
      ? builder.add("Max", [words.lengths, builder.integers([widest], shape: [])]) : words.lengths
    let features = encoder.convolutions.enumerated().map { index, convolution in
      let name = "encoder.convolutions.\(index)"
      let width = convolution.width
      let windows =
        width > 1 ? builder.add("Sub", [lengths, builder.integers([width - 1], shape: [])]) : lengths
      let convolved = builder.convolutionOverTime(
        words, weight: weight("\(name).weight", convolution.weight), bias: weight("\(name).bias", convolution.bias),
        width: width, padding: (0, widest - 1), lengths: windows)
      return builder.maxOverTime(builder.relu(convolved))
    }
    return features.count == 1 ? features[0] : builder.add("Concat", features, .int("axis", 1))
  }

  private mutating func convolutionOverTime(
    _ layer: ConvolutionOverTime, named name: String, padding: Int, _ sequence: SequenceValues
  ) -> SequenceValues {
    builder.convolutionOverTime(
      sequence, weight: weight("\(name).weight", layer.weight), bias: weight("\(name).bias", layer.bias),
      width: layer.weight.shape[2], padding: (padding, padding))
  }

  private mutating func deepPyramid(_ encoder: DeepPyramidEncoder, _ words: SequenceValues) -> String {
    var x = convolutionOverTime(encoder.region, named: "encoder.region", padding: 1, words)
    for block in 0..<encoder.convolutions.count / 2 {
      if block > 0 { x = builder.maxPooledOverTime(x, size: 3, stride: 2) }
      var inner = x
      for index in [2 * block, 2 * block + 1] {
        inner = convolutionOverTime(
          encoder.convolutions[index], named: "encoder.convolutions.\(index)", padding: 1, builder.relu(inner))
      }
      x.values = builder.add("Add", [x.values, inner.values])
    }
    return builder.maxOverTime(x)
  }

  private mutating func characters(_ encoder: CharacterConvolutionEncoder, _ words: SequenceValues) -> String {
    // Exactly so many characters: zeros follow shorter texts.
    let zeros = builder.integers([0, 0, 0, 0, encoder.length, 0])
    let padded = builder.add("Pad", [builder.masked(words), zeros])
    var values = builder.add(
      "Slice", [padded, builder.integers([0]), builder.integers([encoder.length]), builder.integers([1])])
    values = builder.add("Transpose", [values], .ints("perm", [0, 2, 1]))
    for (index, layer) in encoder.convolutions.enumerated() {
      let name = "encoder.convolutions.\(index)"
      let convolved = builder.add(
        "Conv", [values, weight("\(name).weight", layer.weight), weight("\(name).bias", layer.bias)],
        .ints("kernel_shape", [layer.weight.shape[2]]))
      values = builder.add("Relu", [convolved])
      if CharacterConvolutionEncoder.pooled.contains(index) {
        values = builder.add(
          "MaxPool", [values], .ints("kernel_shape", [3]), .ints("strides", [3]), .ints("pads", [0, 2]))
      }
    }
    // Position by position, as the hidden layer has its weights.
    let rows = builder.add("Transpose", [values], .ints("perm", [0, 2, 1]))
    var features = builder.add("Flatten", [rows], .int("axis", 1))
    for (index, layer) in encoder.hidden.enumerated() {
      features = builder.add("Relu", [linear(features, layer, named: "encoder.hidden.\(index)")])
    }
    return features
  }

  private mutating func recurrentConvolution(
    _ encoder: RecurrentConvolutionEncoder, _ words: SequenceValues
  ) -> String {
    let result = builder.recurrent(
      encoder.recurrent, named: "encoder.recurrent.", words.values, lengths: words.lengths)
    let joined = builder.add("Concat", [result.outputs, words.values], .int("axis", 2))
    let projected = builder.add("Tanh", [linearOverTime(joined, encoder.projection, named: "encoder.projection")])
    return builder.maxOverTime(SequenceValues(values: projected, lengths: words.lengths, mask: words.mask))
  }
}
