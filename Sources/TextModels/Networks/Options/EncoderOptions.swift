import Tensors

/// How the vectors of a text become one.
public enum EncoderOptions: Sendable, Hashable {
  /// The mean of the vectors, through hidden layers.
  case average(AverageOptions)
  /// Recurrent layers and pooling over time.
  case recurrent(RecurrentOptions)
  /// Convolutions of several widths with max over time.
  case convolution(ConvolutionOptions)
  /// A pyramid of convolutions.
  case deepPyramid(DeepPyramidOptions)
  /// Convolutions over characters.
  case characters(CharacterConvolutionOptions)
  /// A recurrent network whose states are joined with the words.
  case recurrentConvolution(RecurrentConvolutionOptions)

  /// What is wrong with the sizes, if anything is.
  var fault: String? {
    switch self {
    case .average(let options): options.fault
    case .recurrent(let options): options.fault
    case .convolution(let options): options.fault
    case .deepPyramid(let options): options.fault
    case .characters(let options): options.fault
    case .recurrentConvolution(let options): options.fault
    }
  }

  /// Whether the tokens should be characters.
  public var readsCharacters: Bool { if case .characters = self { true } else { false } }

  /// Recurrent networks learn single words by heart unless some are hidden from them.
  var defaultEmbeddingDropout: Float {
    switch self {
    case .recurrent, .recurrentConvolution: 0.3
    case .average, .convolution, .deepPyramid, .characters: 0
    }
  }

  /// Tokens of a text that are read, at most, unless somebody says otherwise: what a recurrent network reads costs more, and
  /// it remembers less of it.
  var defaultMaximumLength: Int {
    switch self {
    case .recurrent, .recurrentConvolution: 400
    case .characters(let options): options.length
    case .average, .convolution, .deepPyramid: 4096
    }
  }
}

extension EncoderOptions: Codable {
  private enum Kind: String, Codable {
    case average, recurrent, convolution
    case deepPyramid = "deep_pyramid"
    case characters
    case recurrentConvolution = "recurrent_convolution"
  }

  private enum CodingKeys: String, CodingKey {
    case kind
  }

  /// Reads the kind and the options of that kind.
  public init(from decoder: any Decoder) throws {
    switch try decoder.container(keyedBy: CodingKeys.self).decode(Kind.self, forKey: .kind) {
    case .average: self = .average(try AverageOptions(from: decoder))
    case .recurrent: self = .recurrent(try RecurrentOptions(from: decoder))
    case .convolution: self = .convolution(try ConvolutionOptions(from: decoder))
    case .deepPyramid: self = .deepPyramid(try DeepPyramidOptions(from: decoder))
    case .characters: self = .characters(try CharacterConvolutionOptions(from: decoder))
    case .recurrentConvolution: self = .recurrentConvolution(try RecurrentConvolutionOptions(from: decoder))
    }
  }

  /// Writes the kind beside the options.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    func encode(_ kind: Kind, _ options: some Encodable) throws {
      try values.encode(kind, forKey: .kind)
      try options.encode(to: encoder)
    }
    switch self {
    case .average(let options): try encode(.average, options)
    case .recurrent(let options): try encode(.recurrent, options)
    case .convolution(let options): try encode(.convolution, options)
    case .deepPyramid(let options): try encode(.deepPyramid, options)
    case .characters(let options): try encode(.characters, options)
    case .recurrentConvolution(let options): try encode(.recurrentConvolution, options)
    }
  }
}
