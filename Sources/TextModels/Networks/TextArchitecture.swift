import Tensors

/// The architectures by name.
public enum TextArchitecture: String, Sendable, Codable, CaseIterable {
  /// The mean of the words' vectors, through hidden layers (Iyyer et al. 2015, "deep averaging network").
  case mlp
  /// A simple recurrent network that reads forwards.
  case rnn
  /// The same in both directions.
  case birnn
  /// Gated recurrent units that read forwards.
  case gru
  /// The same in both directions.
  case bigru
  /// An LSTM that reads forwards.
  case lstm
  /// An LSTM that reads in both directions.
  case bilstm
  /// Convolutions of several widths with max over time (Kim 2014).
  case cnn
  /// A pyramid of convolutions (Johnson & Zhang 2017).
  case dpcnn
  /// Convolutions over characters (Zhang, Zhao, LeCun 2015).
  case charcnn
  /// A recurrent network in both directions whose states are joined with the words (Lai et al. 2015).
  case rcnn

  /// With its default sizes.
  public var encoder: EncoderOptions {
    switch self {
    case .mlp: .average(AverageOptions())
    case .rnn: .recurrent(RecurrentOptions(.tanhRNN, isBidirectional: false))
    case .birnn: .recurrent(RecurrentOptions(.tanhRNN, isBidirectional: true))
    case .gru: .recurrent(RecurrentOptions(.gru, isBidirectional: false))
    case .bigru: .recurrent(RecurrentOptions(.gru, isBidirectional: true))
    case .lstm: .recurrent(RecurrentOptions(.lstm, isBidirectional: false))
    case .bilstm: .recurrent(RecurrentOptions(.lstm, isBidirectional: true))
    case .cnn: .convolution(ConvolutionOptions())
    case .dpcnn: .deepPyramid(DeepPyramidOptions())
    case .charcnn: .characters(CharacterConvolutionOptions())
    case .rcnn: .recurrentConvolution(RecurrentConvolutionOptions())
    }
  }
}
