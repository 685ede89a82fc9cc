/// How often each class was taken for which.
public struct ConfusionMatrix: Sendable, Hashable {
  /// Names of the K classes.
  public let labels: [String]
  /// [gold][predicted], K × K.
  public private(set) var counts: [[Int]]

  /// An empty matrix.
  public init(labels: [String]) {
    self.labels = labels
    counts = Array(repeating: Array(repeating: 0, count: labels.count), count: labels.count)
  }

  /// Counts one example.
  public mutating func add(gold: Int, predicted: Int) {
    counts[gold][predicted] += 1
  }

  /// Number of examples.
  public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// Share of examples whose class was found.
  public var accuracy: Double {
    let right = counts.indices.reduce(0) { $0 + counts[$1][$1] }
    return ratio(right, total)
  }

  /// Of the examples taken for the class, the share that is of it; 0 where none was.
  public func precision(_ index: Int) -> Double {
    ratio(counts[index][index], counts.reduce(0) { $0 + $1[index] })
  }

  /// Of the examples of the class, the share that was found; 0 where there are none.
  public func recall(_ index: Int) -> Double {
    ratio(counts[index][index], support(index))
  }

  /// Harmonic mean of precision and recall.
  public func f1(_ index: Int) -> Double {
    let (p, r) = (precision(index), recall(index))
    return p + r > 0 ? 2 * p * r / (p + r) : 0
  }

  /// Examples of the class.
  public func support(_ index: Int) -> Int { counts[index].reduce(0, +) }

  /// Mean of the classes' F1.
  public var macroF1: Double {
    labels.isEmpty ? 0 : labels.indices.reduce(0) { $0 + f1($1) } / Double(labels.count)
  }

  private func ratio(_ part: Int, _ whole: Int) -> Double {
    whole > 0 ? Double(part) / Double(whole) : 0
  }

  /// The sum of two matrices over the same classes, as for folds.
  public static func + (a: ConfusionMatrix, b: ConfusionMatrix) -> ConfusionMatrix {
    precondition(a.labels == b.labels, "ConfusionMatrix: other classes")
    var sum = a
    for (row, column) in a.counts.indices.flatMap({ row in a.counts.indices.map { (row, $0) } }) {
      sum.counts[row][column] += b.counts[row][column]
    }
    return sum
  }
}
