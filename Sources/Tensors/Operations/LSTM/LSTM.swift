/// The weights of one direction of an LSTM layer, with PyTorch's shapes and its order of gates (i, f, g, o).
public struct LSTMWeights: Sendable {
  /// [4H, I]
  public let input: Tensor
  /// [4H, H]
  public let recurrent: Tensor
  /// [4H]
  public let inputBias: Tensor
  /// [4H]
  public let recurrentBias: Tensor

  /// Weights as they stand in a checkpoint: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`.
  public init(input: Tensor, recurrent: Tensor, inputBias: Tensor, recurrentBias: Tensor) {
    self.input = input
    self.recurrent = recurrent
    self.inputBias = inputBias
    self.recurrentBias = recurrentBias
  }

  /// H.
  public var hiddenSize: Int { recurrent.shape[1] }
  /// I.
  public var inputSize: Int { input.shape[1] }

  var tensors: [Tensor] { [input, recurrent, inputBias, recurrentBias] }
}

extension Tensor {
  /// One LSTM layer over a batch of sequences (Hochreiter & Schmidhuber 1997, as PyTorch defines it), one operation on
  /// the tape for all time steps and both directions. States start from zero.
  ///
  ///     i = σ(Wᵢx + Rᵢh), f = σ(W_f x + R_f h), g = tanh(W_g x + R_g h), o = σ(Wₒx + Rₒh), biases left out here;
  ///     c' = f·c + i·g, h' = o·tanh(c')
  ///
  /// The batch is shared among the threads once for the whole layer; within a part the input products of some time
  /// steps are one matrix product, and the recurrent product and the gates of a step are one pass over the packed weight.
  ///
  /// - Parameters:
  ///   - layout: of the N rows.
  ///   - directions: the weights of the forward direction and, perhaps, of the backward one.
  /// - Returns: the hidden states, [N, D·H], the directions side by side. `self` is [N, I].
  public func lstm(layout: SequenceLayout, directions: [LSTMWeights]) -> Tensor {
    precondition(
      rank == 2 && shape[0] == layout.rowCount, "lstm: an input of the shape \(shape) for \(layout.rowCount) rows")
    precondition(directions.count == 1 || directions.count == 2, "lstm: \(directions.count) directions")
    for weights in directions {
      let h = weights.hiddenSize
      precondition(
        weights.input.shape == [4 * h, shape[1]] && weights.recurrent.shape == [4 * h, h]
          && weights.inputBias.shape == [4 * h] && weights.recurrentBias.shape == [4 * h],
        "lstm: an input of the shape \(shape), weights \(weights.tensors.map(\.shape))")
    }
    let inputs = [self] + directions.flatMap(\.tensors)
    let isRecorded = GradientTape.current != nil && inputs.contains { $0.needsGradient }
    let pass = LSTMForward(input: detached, layout: layout, directions: directions, keepsActivations: isRecorded)
    let output = pass.run()
    guard isRecorded else { return output }
    let needsInputGradient = needsGradient
    return output.recorded("lstm", from: inputs) { gradient in
      LSTMBackward(forward: pass, output: output, outputGradient: gradient).run(needsInputGradient: needsInputGradient)
    }
  }
}
