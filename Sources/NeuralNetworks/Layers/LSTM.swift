public import Tensors

/// Long short-term memory in layers, forwards or in both directions (`torch.nn.LSTM`), over sequences of any lengths.
public final class LSTM: Module {
  /// I.
  public let inputSize: Int
  /// H.
  public let hiddenSize: Int
  /// Number of layers.
  public let layerCount: Int
  /// Whether each layer also reads from the end; outputs are 2H wide then.
  public let isBidirectional: Bool
  /// Dropout between layers.
  public let dropout: Float
  /// `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, those of the other direction with `_reverse`, and so on
  /// for each layer: PyTorch's names and order.
  public let weights: [Parameter]

  /// Layers of H units in each direction over inputs of I numbers.
  ///
  /// - Parameters:
  ///   - initializer: for the weights; `nil` is PyTorch's, uniform on ±1/√H for weights and biases.
  ///   - forgetBias: added to the input bias of the forget gate (Jozefowicz et al. 2015 suggest 1).
  public init(
    inputSize: Int, hiddenSize: Int, layerCount: Int = 1, isBidirectional: Bool = false, dropout: Float = 0,
    initializer: Initializer? = nil, forgetBias: Float = 0, random: RandomStream?
  ) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.layerCount = layerCount
    self.isBidirectional = isBidirectional
    self.dropout = dropout
    let bound = Initializer.uniform(1 / Float(hiddenSize).squareRoot())
    let directions = isBidirectional ? ["", "_reverse"] : [""]
    var weights: [Parameter] = []
    for layer in 0..<layerCount {
      let width = layer == 0 ? inputSize : hiddenSize * directions.count
      for direction in directions {
        let suffix = "_l\(layer)\(direction)"
        func add(_ name: String, _ shape: [Int], _ initializer: Initializer, adjust: (inout Tensor) -> Void = { _ in })
        {
          var value = initializer(shape, random: random?.split(name + suffix))
          adjust(&value)
          weights.append(Parameter(value, key: name + suffix))
        }
        add("weight_ih", [4 * hiddenSize, width], initializer ?? bound)
        add("weight_hh", [4 * hiddenSize, hiddenSize], initializer ?? bound)
        add("bias_ih", [4 * hiddenSize], initializer == nil ? bound : .zeros) { bias in
          for unit in hiddenSize..<2 * hiddenSize where forgetBias != 0 { bias[unit] += forgetBias }
        }
        add("bias_hh", [4 * hiddenSize], initializer == nil ? bound : .zeros)
      }
    }
    self.weights = weights
  }

  /// The number of directions, 1 or 2.
  public var directionCount: Int { isBidirectional ? 2 : 1 }

  /// The hidden states of the last layer for all time steps: [N, D·H] for [N, I].
  public func callAsFunction(_ input: Tensor, layout: SequenceLayout) -> Tensor {
    var states = input
    for layer in 0..<layerCount {
      if layer > 0 { states = states.dropout(dropout) }
      states = states.lstm(
        layout: layout, directions: (0..<directionCount).map { weights(layer: layer, direction: $0) })
    }
    return states
  }

  private func weights(layer: Int, direction: Int) -> LSTMWeights {
    let first = (layer * directionCount + direction) * 4
    return LSTMWeights(
      input: weights[first].tensor, recurrent: weights[first + 1].tensor, inputBias: weights[first + 2].tensor,
      recurrentBias: weights[first + 3].tensor)
  }

  /// Sizes.
  public var summary: String {
    var parts = ["input \(inputSize)", "hidden \(hiddenSize)"]
    if layerCount > 1 { parts.append("\(layerCount) layers") }
    if isBidirectional { parts.append("bidirectional") }
    if dropout > 0, layerCount > 1 { parts.append("dropout \(dropout)") }
    return parts.joined(separator: ", ")
  }
}
