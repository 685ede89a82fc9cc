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

/// Sizes of a deep pyramid CNN (Johnson & Zhang 2017).
public struct DeepPyramidOptions: Sendable, Hashable, Codable {
  /// Filters of every convolution.
  public var filterCount = 250
  /// Blocks behind the first one, each of which reads half as many positions.
  public var blockCount = 4

  /// The default sizes.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case filterCount = "filter_count"
    case blockCount = "block_count"
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    filterCount = try values.decodeIfPresent(Int.self, forKey: .filterCount) ?? filterCount
    blockCount = try values.decodeIfPresent(Int.self, forKey: .blockCount) ?? blockCount
  }

  var fault: String? {
    if !(1...65_536).contains(filterCount) {
      return "the number of filters is \(filterCount), not a number from 1 to 65536"
    }
    if !(0...32).contains(blockCount) { return "the number of blocks is \(blockCount), not a number from 0 to 32" }
    return nil
  }
}

/// Sizes of a CNN over characters (Zhang, Zhao, LeCun 2015).
public struct CharacterConvolutionOptions: Sendable, Hashable, Codable {
  /// Characters of a text that are read; a shorter one is read as if zeros followed it.
  public var length = 1014
  /// Filters of every convolution.
  public var filterCount = 256
  /// Units of the two hidden layers.
  public var hiddenSize = 1024
  /// Dropout behind each of them.
  public var hiddenDropout: Float = 0.5

  /// The sizes of the paper's smaller network.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case length
    case filterCount = "filter_count"
    case hiddenSize = "hidden_size"
    case hiddenDropout = "hidden_dropout"
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    length = try values.decodeIfPresent(Int.self, forKey: .length) ?? length
    filterCount = try values.decodeIfPresent(Int.self, forKey: .filterCount) ?? filterCount
    hiddenSize = try values.decodeIfPresent(Int.self, forKey: .hiddenSize) ?? hiddenSize
    hiddenDropout = try values.decodeIfPresent(Float.self, forKey: .hiddenDropout) ?? hiddenDropout
  }

  var fault: String? {
    if !(CharacterConvolutionEncoder.shortestLength...65_536).contains(length) {
      return "the length is \(length), not a number from \(CharacterConvolutionEncoder.shortestLength) to 65536"
    }
    if !(1...65_536).contains(filterCount) {
      return "the number of filters is \(filterCount), not a number from 1 to 65536"
    }
    if !(1...65_536).contains(hiddenSize) { return "the hidden size is \(hiddenSize), not a number from 1 to 65536" }
    if !(hiddenDropout >= 0 && hiddenDropout < 1) { return "a dropout rate of \(hiddenDropout) is not in [0, 1)" }
    return nil
  }
}
