public import Tensors

/// How the vectors of a text become one.
public enum EncoderOptions: Sendable, Hashable {
  /// The mean of the vectors, through hidden layers.
  case average(AverageOptions)
  /// Recurrent layers and pooling over time.
  case recurrent(RecurrentOptions)
  /// Convolutions of several widths with max over time.
  case convolution(ConvolutionOptions)

  /// What is wrong with the sizes, if anything is.
  var fault: String? {
    switch self {
    case .average(let options): options.fault
    case .recurrent(let options): options.fault
    case .convolution(let options): options.fault
    }
  }

  /// Recurrent networks learn single words by heart unless some are hidden from them.
  var defaultEmbeddingDropout: Float {
    if case .recurrent = self { 0.3 } else { 0 }
  }

  /// Tokens of a text that are read, at most, unless somebody says otherwise: what a recurrent network reads costs more, and
  /// it remembers less of it.
  var defaultMaximumLength: Int {
    if case .recurrent = self { 400 } else { 4096 }
  }
}

extension EncoderOptions: Codable {
  private enum Kind: String, Codable {
    case average, recurrent, convolution
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
    }
  }

  /// Writes the kind beside the options.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .average(let options):
      try values.encode(Kind.average, forKey: .kind)
      try options.encode(to: encoder)
    case .recurrent(let options):
      try values.encode(Kind.recurrent, forKey: .kind)
      try options.encode(to: encoder)
    case .convolution(let options):
      try values.encode(Kind.convolution, forKey: .kind)
      try options.encode(to: encoder)
    }
  }
}

/// How the states of all time steps become one vector.
public enum SequencePooling: String, Sendable, Codable, CaseIterable {
  /// The state after the last token, of each direction.
  case last
  /// The mean over time.
  case mean
  /// The maximum over time.
  case max
  /// The maximum and the mean side by side.
  case maxMean = "max-mean"
  /// The mean weighted by how much each state matters (Yang et al. 2016).
  case attention
}

/// Sizes of recurrent layers.
public struct RecurrentOptions: Sendable, Hashable, Codable {
  /// The cell.
  public var cell: RecurrentCellKind
  /// Whether texts are read from both ends.
  public var isBidirectional: Bool
  /// H, for each direction.
  public var hiddenSize = 128
  /// Layers one above the other.
  public var layerCount = 1
  /// How the states become one.
  public var pooling = SequencePooling.max
  /// Dropout between layers.
  public var layerDropout: Float = 0.5
  /// Whether a text drops the same outputs between layers at all of its tokens.
  public var isDropoutLocked = false
  /// Dropout of the recurrent weights (Merity et al. 2018).
  public var weightDropout: Float = 0

  /// The default sizes.
  public init(_ cell: RecurrentCellKind, isBidirectional: Bool) {
    self.cell = cell
    self.isBidirectional = isBidirectional
  }

  private enum CodingKeys: String, CodingKey {
    case cell
    case isBidirectional = "bidirectional"
    case hiddenSize = "hidden_size"
    case layerCount = "layer_count"
    case pooling
    case layerDropout = "layer_dropout"
    case isDropoutLocked = "locked_dropout"
    case weightDropout = "weight_dropout"
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try values.decode(RecurrentCellKind.self, forKey: .cell),
      isBidirectional: try values.decode(Bool.self, forKey: .isBidirectional))
    hiddenSize = try values.decodeIfPresent(Int.self, forKey: .hiddenSize) ?? hiddenSize
    layerCount = try values.decodeIfPresent(Int.self, forKey: .layerCount) ?? layerCount
    pooling = try values.decodeIfPresent(SequencePooling.self, forKey: .pooling) ?? pooling
    layerDropout = try values.decodeIfPresent(Float.self, forKey: .layerDropout) ?? layerDropout
    isDropoutLocked = try values.decodeIfPresent(Bool.self, forKey: .isDropoutLocked) ?? isDropoutLocked
    weightDropout = try values.decodeIfPresent(Float.self, forKey: .weightDropout) ?? weightDropout
  }

  var fault: String? {
    if !(1...16_384).contains(hiddenSize) { return "the hidden size is \(hiddenSize), not a number from 1 to 16384" }
    if !(1...64).contains(layerCount) { return "the number of layers is \(layerCount), not a number from 1 to 64" }
    for rate in [layerDropout, weightDropout] where !(rate >= 0 && rate < 1) {
      return "a dropout rate of \(rate) is not in [0, 1)"
    }
    return nil
  }
}

/// Sizes of a text CNN (Kim 2014).
public struct ConvolutionOptions: Sendable, Hashable, Codable {
  /// F, filters of each width.
  public var filterCount = 100
  /// Widths of the filters in tokens.
  public var filterWidths = [3, 4, 5]

  /// The default sizes.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case filterCount = "filter_count"
    case filterWidths = "filter_widths"
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    filterCount = try values.decodeIfPresent(Int.self, forKey: .filterCount) ?? filterCount
    filterWidths = try values.decodeIfPresent([Int].self, forKey: .filterWidths) ?? filterWidths
  }

  var fault: String? {
    if !(1...65_536).contains(filterCount) {
      return "the number of filters is \(filterCount), not a number from 1 to 65536"
    }
    if !(1...64).contains(filterWidths.count) || !filterWidths.allSatisfy((1...256).contains) {
      return "the filter widths are \(filterWidths), not at most 64 numbers from 1 to 256"
    }
    return nil
  }
}

/// Sizes of a network over the mean of the words' vectors (Iyyer et al. 2015).
public struct AverageOptions: Sendable, Hashable, Codable {
  /// Units of each hidden layer; none for a linear model of the mean.
  public var hiddenSizes = [128]

  /// The default sizes.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case hiddenSizes = "hidden_sizes"
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    hiddenSizes = try values.decodeIfPresent([Int].self, forKey: .hiddenSizes) ?? hiddenSizes
  }

  var fault: String? {
    if hiddenSizes.count > 64 || !hiddenSizes.allSatisfy((1...65_536).contains) {
      return "the hidden sizes are \(hiddenSizes), not at most 64 numbers from 1 to 65536"
    }
    return nil
  }
}
