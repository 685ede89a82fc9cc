/// How well a classifier does on texts with any number of labels.
public struct BagEvaluation: Sendable, Hashable, Codable {
  /// Texts with at least one label.
  public let examples: Int
  /// Labels that were asked for of each text.
  public let top: Int
  /// Of the labels that were predicted, the share that is right; with one label a text and `top` 1 the accuracy.
  public let precision: Double
  /// Of the labels that the texts have, the share that was predicted.
  public let recall: Double

  /// Harmonic mean of both.
  public var f1: Double { precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0 }
}

extension BagClassifier {
  /// Judges the classifier on labelled texts: precision and recall of the `count` likeliest labels, of those at least
  /// as likely as `threshold`. A label that training never saw counts as not found.
  ///
  /// - Throws: ``BagModelError/noTexts(reason:)``.
  public func evaluate(
    _ texts: TextCollection, selection: [Int]? = nil, top count: Int = 1, threshold: Double = 0
  ) throws(BagModelError) -> BagEvaluation {
    let chosen = (selection ?? Array(0..<texts.count)).filter { !texts.labels(of: $0).isEmpty }
    guard !chosen.isEmpty else { throw .noTexts(reason: "no text has a label") }
    let known = texts.distinctTokens
    var (right, predicted, gold) = (0, 0, 0)
    let counts = forEach(chosen.count) { place, scratch in
      let text = chosen[place]
      let names = texts.labelNames(of: text)
      scratch.read(texts.tokens(of: text).lazy.map { known[Int($0)] }, features)
      let answers = answer(scratch, count, threshold)
      return (answers.count { names.contains($0.label) }, answers.count, names.count)
    }
    for own in counts {
      right += own.0
      predicted += own.1
      gold += own.2
    }
    return BagEvaluation(
      examples: chosen.count, top: count, precision: Double(right) / Double(max(predicted, 1)),
      recall: Double(right) / Double(max(gold, 1)))
  }
}
