/// How often each class was taken for which.
public struct ConfusionMatrix: Sendable, Hashable {
  /// Of more classes there is no table, which grows with their square, but all figures.
  public static let mostClasses = 2000

  /// Names of the K classes.
  public let labels: [String]
  /// [gold][predicted], K × K; empty for more than ``mostClasses``.
  public private(set) var counts: [[Int]]
  private var right: [Int]
  private var predicted: [Int]
  private var gold: [Int]

  /// An empty matrix.
  public init(labels: [String]) {
    self.labels = labels
    let zeros = [Int](repeating: 0, count: labels.count)
    counts = labels.count <= Self.mostClasses ? Array(repeating: zeros, count: labels.count) : []
    (right, predicted, gold) = (zeros, zeros, zeros)
  }

  /// Counts one example.
  public mutating func add(gold: Int, predicted: Int) {
    if !counts.isEmpty { counts[gold][predicted] += 1 }
    self.gold[gold] += 1
    self.predicted[predicted] += 1
    if gold == predicted { right[gold] += 1 }
  }

  /// Number of examples.
  public var total: Int { gold.reduce(0, +) }

  /// Share of examples whose class was found.
  public var accuracy: Double { ratio(right.reduce(0, +), total) }

  /// Of the examples taken for the class, the share that is of it; 0 where none was.
  public func precision(_ index: Int) -> Double { ratio(right[index], predicted[index]) }

  /// Of the examples of the class, the share that was found; 0 where there are none.
  public func recall(_ index: Int) -> Double { ratio(right[index], gold[index]) }

  /// Harmonic mean of precision and recall.
  public func f1(_ index: Int) -> Double {
    let (p, r) = (precision(index), recall(index))
    return p + r > 0 ? 2 * p * r / (p + r) : 0
  }

  /// Examples of the class.
  public func support(_ index: Int) -> Int { gold[index] }

  /// Mean of the classes' F1.
  public var macroF1: Double {
    labels.isEmpty ? 0 : labels.indices.reduce(0) { $0 + f1($1) } / Double(labels.count)
  }

  private func ratio(_ part: Int, _ whole: Int) -> Double {
    whole > 0 ? Double(part) / Double(whole) : 0
  }
}
