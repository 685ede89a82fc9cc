/// How well a model does on examples with numbers for labels; its coded form is the JSON of `nlptool evaluate`.
public struct RegressionEvaluation: Sendable, Hashable, Codable {
  /// Mean of the squared errors.
  public let meanSquaredError: Double
  /// Mean of the errors' sizes.
  public let meanAbsoluteError: Double
  /// 1 less the squared errors over the squared distances from the mean: 1 is perfect, 0 no better than always answering
  /// the mean; 0 where all numbers are the same.
  public let determination: Double
  /// Pearson's correlation of answers and numbers; 0 where either never changes.
  public let pearson: Double
  /// Spearman's: Pearson's of their ranks, equal numbers sharing theirs.
  public let spearman: Double
  /// Number of examples.
  public let examples: Int

  private enum CodingKeys: String, CodingKey {
    case meanSquaredError = "mean_squared_error"
    case meanAbsoluteError = "mean_absolute_error"
    case determination = "r2"
    case pearson, spearman, examples
  }

  /// Judges answers by the numbers that they should be, one for one.
  public init(predicted: [Double], gold: [Double]) {
    precondition(
      predicted.count == gold.count, "RegressionEvaluation: \(predicted.count) answers, \(gold.count) numbers")
    examples = gold.count
    let count = Double(max(gold.count, 1))
    let squares = zip(predicted, gold).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    meanSquaredError = squares / count
    meanAbsoluteError = zip(predicted, gold).reduce(0) { $0 + abs($1.0 - $1.1) } / count
    let mean = gold.reduce(0, +) / count
    let spread = gold.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    determination = spread > 0 ? 1 - squares / spread : 0
    pearson = Self.correlation(predicted, gold)
    spearman = Self.correlation(Self.ranks(predicted), Self.ranks(gold))
  }

  /// Judged by its coefficient of determination.
  public var validation: ValidationResult {
    ValidationResult(.determination, determination, loss: meanSquaredError, examples: examples)
  }

  private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let count = Double(max(a.count, 1))
    let (meanA, meanB) = (a.reduce(0, +) / count, b.reduce(0, +) / count)
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      ab += (x - meanA) * (y - meanB)
      aa += (x - meanA) * (x - meanA)
      bb += (y - meanB) * (y - meanB)
    }
    return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
  }

  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var end = first
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      for place in first..<end { ranks[order[place]] = Double(first + 1 + end) / 2 }
      first = end
    }
    return ranks
  }
}
