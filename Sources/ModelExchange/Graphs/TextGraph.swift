import NeuralNetworks
import Tensors
import TextModels

extension SequenceGraphBuilder {
  /// Writes a network for texts: its logits [B, K].
  ///
  /// - Parameter ids: the input, [B, T].
  mutating func logits(of network: TextNetwork, ids: Value) throws(ExchangeError) -> Value {
    let words = sequence(embedded(network.embedding, ids))
    return linear(try encoded(words, network.encoder), network.output, named: "output")
  }

  // MARK: Layers

  /// x·Wᵀ + b of values [B, C].
  private mutating func linear(_ x: Value, _ layer: Linear, named name: String) -> Value {
    linear(x, weight: layer.namedWeight(name), bias: layer.namedBias(name))
  }

  /// x·Wᵀ + b of values [B, T, C].
  private mutating func linearOverTime(_ values: Value, _ layer: Linear, named name: String) -> Value {
    linearOverTime(values, weight: layer.namedWeight(name), bias: layer.namedBias(name))
  }

  private mutating func relu(_ sequence: Sequence) -> Sequence {
    var result = sequence
    result.values = relu(sequence.values)
    return result
  }

  /// [B, T, E] of ids [B, T].
  private mutating func embedded(_ embedding: WordEmbedding, _ ids: Value) -> Value {
    let tables = [("weight", embedding.weight)] + (embedding.fixed.map { [("fixed", $0)] } ?? [])
    var channels: [Value] = []
    for (name, table) in tables { channels.append(gather(NamedTensor("embedding.\(name)", table.value), ids)) }
    return channels.count == 1 ? channels[0] : concatenated(channels, axis: 2)
  }

  // MARK: Encoders

  /// [B, F] of the words' vectors.
  private mutating func encoded(
    _ words: Sequence, _ encoder: any TextNetworkEncoder
  ) throws(ExchangeError) -> Value {
    switch encoder {
    case let encoder as AverageEncoder: average(encoder, words)
    case let encoder as RecurrentEncoder: recurrent(encoder, words)
    case let encoder as ConvolutionEncoder: convolution(encoder, words)
    case let encoder as DeepPyramidEncoder: deepPyramid(encoder, words)
    case let encoder as CharacterConvolutionEncoder: characters(encoder, words)
    case let encoder as RecurrentConvolutionEncoder: recurrentConvolution(encoder, words)
    default: throw .inexpressible(format: Self.format, reason: "its encoder is \(type(of: encoder))")
    }
  }

  private mutating func average(_ encoder: AverageEncoder, _ words: Sequence) -> Value {
    var x = meanOverTime(words)
    for (index, layer) in encoder.hidden.enumerated() {
      x = relu(linear(x, layer, named: "encoder.hidden.\(index)"))
    }
    return x
  }

  private mutating func recurrent(_ encoder: RecurrentEncoder, _ words: Sequence) -> Value {
    let result = recurrent(encoder.recurrent, named: "encoder.recurrent.", words, initial: nil)
    let states = result.outputs
    if let attention = encoder.attention {
      let name = "encoder.attention"
      let projected = tanh(linearOverTime(states.values, attention.projection, named: "\(name).projection"))
      let scores = linearOverTime(
        projected, weight: NamedTensor("\(name).context", attention.context.value), bias: nil)
      return attentionOverTime(states, scores: scores)
    }
    switch encoder.pooling {
    case .last: return sideBySide(result.hidden[result.hidden.count - 1])
    case .mean, .attention: return meanOverTime(states)
    case .max: return maxOverTime(states)
    case .maxMean: return concatenated([maxOverTime(states), meanOverTime(states)], axis: 1)
    }
  }

  private mutating func convolution(_ encoder: ConvolutionEncoder, _ words: Sequence) -> Value {
    let filters = encoder.convolutions.enumerated().map { index, convolution in
      let name = "encoder.convolutions.\(index)"
      return (
        weight: NamedTensor("\(name).weight", convolution.weight.value),
        bias: NamedTensor("\(name).bias", convolution.bias.value)
      )
    }
    let features = maxOfConvolutions(words, filters)
    return features.count == 1 ? features[0] : concatenated(features, axis: 1)
  }

  private mutating func convolutionOverTime(
    _ layer: ConvolutionOverTime, named name: String, _ sequence: Sequence
  ) -> Sequence {
    convolutionOverTime(
      sequence, weight: NamedTensor("\(name).weight", layer.weight.value),
      bias: NamedTensor("\(name).bias", layer.bias.value), padding: 1)
  }

  private mutating func deepPyramid(_ encoder: DeepPyramidEncoder, _ words: Sequence) -> Value {
    var x = convolutionOverTime(encoder.region, named: "encoder.region", words)
    for block in 0..<encoder.convolutions.count / 2 {
      if block > 0 { x = maxPooledOverTime(x, size: 3, stride: 2) }
      var inner = x
      for index in [2 * block, 2 * block + 1] {
        inner = convolutionOverTime(
          encoder.convolutions[index], named: "encoder.convolutions.\(index)", relu(inner))
      }
      x.values = sum(x.values, inner.values)
    }
    return maxOverTime(x)
  }

  private mutating func characters(_ encoder: CharacterConvolutionEncoder, _ words: Sequence) -> Value {
    // Exactly so many characters: zeros follow shorter texts.
    var x = columns(words, length: encoder.length)
    for (index, layer) in encoder.convolutions.enumerated() {
      let name = "encoder.convolutions.\(index)"
      x = relu(
        convolution(
          x, weight: NamedTensor("\(name).weight", layer.weight.value),
          bias: NamedTensor("\(name).bias", layer.bias.value)))
      if CharacterConvolutionEncoder.pooled.contains(index) { x = maxPool(x, size: 3) }
    }
    // Position by position, as the hidden layer has its weights.
    var features = flattenedByTime(x)
    for (index, layer) in encoder.hidden.enumerated() {
      features = relu(linear(features, layer, named: "encoder.hidden.\(index)"))
    }
    return features
  }

  private mutating func recurrentConvolution(
    _ encoder: RecurrentConvolutionEncoder, _ words: Sequence
  ) -> Value {
    var states = recurrent(encoder.recurrent, named: "encoder.recurrent.", words, initial: nil).outputs
    let joined = concatenated([states.values, words.values], axis: 2)
    states.values = tanh(linearOverTime(joined, encoder.projection, named: "encoder.projection"))
    return maxOverTime(states)
  }
}

extension Linear {
  fileprivate func namedWeight(_ name: String) -> NamedTensor { NamedTensor("\(name).weight", weight.value) }
  fileprivate func namedBias(_ name: String) -> NamedTensor? {
    bias.map { NamedTensor("\(name).bias", $0.value) }
  }
}
