public import Tensors

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

/// Sizes of a recurrent network whose states are joined with the words (Lai et al. 2015).
public struct RecurrentConvolutionOptions: Sendable, Hashable, Codable {
  /// The cell of both directions.
  public var cell = RecurrentCellKind.lstm
  /// H, for each direction.
  public var hiddenSize = 128
  /// Units of the layer over word and contexts.
  public var featureCount = 128

  /// The default sizes.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case cell
    case hiddenSize = "hidden_size"
    case featureCount = "feature_count"
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    cell = try values.decodeIfPresent(RecurrentCellKind.self, forKey: .cell) ?? cell
    hiddenSize = try values.decodeIfPresent(Int.self, forKey: .hiddenSize) ?? hiddenSize
    featureCount = try values.decodeIfPresent(Int.self, forKey: .featureCount) ?? featureCount
  }

  var fault: String? {
    if !(1...16_384).contains(hiddenSize) { return "the hidden size is \(hiddenSize), not a number from 1 to 16384" }
    if !(1...65_536).contains(featureCount) {
      return "the number of features is \(featureCount), not a number from 1 to 65536"
    }
    return nil
  }
}
