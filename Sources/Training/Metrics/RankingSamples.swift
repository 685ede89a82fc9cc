/// Probabilities of examples, kept to say how well each label ranks the examples that have it above the others.
struct RankingSamples {
  private let width: Int
  private var probabilities: [Float] = []
  private var isPositive: [Bool] = []
  private var overflowed = false
  private static let mostProbabilities = 50_000_000

  /// Samples of K labels.
  init(width: Int) { self.width = width }

  mutating func add(_ own: ArraySlice<Float>, isPositive flags: [Bool]) {
    guard !overflowed, probabilities.count + own.count <= Self.mostProbabilities else {
      overflowed = true
      return
    }
    probabilities.append(contentsOf: own)
    isPositive.append(contentsOf: flags)
  }

  /// The mean area over some labels; `nil` where none has both kinds of examples, or they were too many to keep.
  func meanArea(of labels: Range<Int>) -> Double? {
    guard !overflowed else { return nil }
    let areas = labels.compactMap(area)
    return areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count)
  }

  /// By the sum of the ranks of the examples with the label, equal probabilities sharing theirs (Mann & Whitney 1947).
  private func area(of label: Int) -> Double? {
    let rows = width == 0 ? 0 : probabilities.count / width
    let positives = (0..<rows).count { isPositive[$0 * width + label] }
    guard positives > 0, positives < rows else { return nil }
    let order = (0..<rows).sorted { probabilities[$0 * width + label] < probabilities[$1 * width + label] }
    var rankSum = 0.0
    var first = 0
    while first < order.count {
      let value = probabilities[order[first] * width + label]
      var end = first
      var own = 0
      while end < order.count, probabilities[order[end] * width + label] == value {
        if isPositive[order[end] * width + label] { own += 1 }
        end += 1
      }
      rankSum += Double(own) * Double(first + 1 + end) / 2
      first = end
    }
    let (p, n) = (Double(positives), Double(rows - positives))
    return (rankSum - p * (p + 1) / 2) / (p * n)
  }
}
