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
