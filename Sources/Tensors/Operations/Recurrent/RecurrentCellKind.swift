import CKernels

/// The recurrent cells, as PyTorch defines them.
public enum RecurrentCellKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// h' = tanh(Wx + Rh + b) (Elman 1990).
  case tanhRNN = "rnn_tanh"
  /// h' = max(0, Wx + Rh + b).
  case reluRNN = "rnn_relu"
  /// Long short-term memory (Hochreiter & Schmidhuber 1997). Gates in the order i, f, g, o:
  ///
  ///     i = σ(Wᵢx + Rᵢh), f = σ(W_f x + R_f h), g = tanh(W_g x + R_g h), o = σ(Wₒx + Rₒh), biases left out here;
  ///     c' = f·c + i·g, h' = o·tanh(c')
  case lstm
  /// Gated recurrent unit (Cho et al. 2014), the reset gate on the hidden product. Gates in the order r, z, n:
  ///
  ///     r = σ(Wᵣx + Rᵣh), z = σ(W_z x + R_z h), n = tanh(W_n x + b_n + r·(R_n h + b'_n));
  ///     h' = (1 - z)·n + z·h
  case gru

  /// Rows of a weight for each hidden unit.
  public var gateCount: Int {
    switch self {
    case .tanhRNN, .reluRNN: 1
    case .gru: 3
    case .lstm: 4
    }
  }

  /// Whether the state has a cell beside the output.
  public var hasCellState: Bool { self == .lstm }

  var forwardStep: @convention(c) (UnsafePointer<recurrent_step>) -> Void {
    switch self {
    case .tanhRNN: kernels.rnn_tanh_forward_step
    case .reluRNN: kernels.rnn_relu_forward_step
    case .lstm: kernels.lstm_forward_step
    case .gru: kernels.gru_forward_step
    }
  }

  var backwardStep: @convention(c) (UnsafePointer<recurrent_step_gradient>) -> Void {
    switch self {
    case .tanhRNN: kernels.rnn_tanh_backward_step
    case .reluRNN: kernels.rnn_relu_backward_step
    case .lstm: kernels.lstm_backward_step
    case .gru: kernels.gru_backward_step
    }
  }
}
