import TextModels
import Training

extension ValidationResult.Metric {
  /// Its name in a sentence.
  var title: String {
    switch self {
    case .accuracy: "accuracy"
    case .microF1: "micro F1"
    case .determination: "R²"
    case .perplexity: "perplexity"
    }
  }

  /// A value of it.
  func text(_ value: Double) -> String {
    switch self {
    case .accuracy: "\((value * 100).fixed(2)) %"
    case .microF1, .determination: value.fixed(4)
    case .perplexity: value.fixed(2)
    }
  }
}

extension ValidationResult {
  /// The value as a person reads it.
  var text: String { metric.text(value) }
}

extension TextEvaluation {
  /// All figures, for a person.
  var text: String {
    switch self {
    case .singleLabel(let evaluation): evaluation.text(of: "texts")
    case .multiLabel(let evaluation): evaluation.text
    case .regression(let evaluation): evaluation.text
    }
  }
}

/// Of more classes there is no table on the screen.
private let mostRows = 100
private let mostConfusionColumns = 30

private func table(
  _ labels: [String], _ metrics: [String: Evaluation.ClassMetrics], of unit: String = "texts"
) -> String {
  guard labels.count <= mostRows else { return "\(labels.count) labels; --json has the figures of each\n" }
  var classes = TextTable()
  classes.add("class", "precision", "recall", "F1", unit)
  for label in labels {
    guard let own = metrics[label] else { continue }
    classes.add(label, own.precision.fixed(4), own.recall.fixed(4), own.f1.fixed(4), "\(own.support)")
  }
  return classes.text
}

private func line(_ atK: [ProbabilityMetrics.AtK]) -> String {
  atK.map { "P@\($0.k) \($0.precision.fixed(4)), R@\($0.k) \($0.recall.fixed(4))" }.joined(separator: ", ") + "\n"
}

extension Evaluation {
  /// All figures, for a person.
  ///
  /// - Parameter unit: what the examples are, such as `texts`.
  func text(of unit: String) -> String {
    var text =
      "accuracy \((accuracy * 100).fixed(2)) %, macro F1 \(macroF1.fixed(4)), loss \(loss.fixed(4)), \(examples) \(unit)\n"
    if let metrics = probabilities {
      if labels.count > 2 { text += line(Array(metrics.atK.dropFirst())) }
      if let area = metrics.areaUnderCurve { text += "AUC \(area.fixed(4)), " }
      text += "expected calibration error \(metrics.calibrationError.fixed(4))\n"
    }
    text += table(labels, perClass, of: unit)
    guard !confusion.isEmpty, labels.count <= mostConfusionColumns else { return text }
    var matrix = TextTable()
    matrix.add(cells: ["gold \\ predicted"] + labels)
    for (label, row) in zip(labels, confusion) { matrix.add(cells: [label] + row.map { "\($0)" }) }
    return text + "\n" + matrix.text
  }
}

extension MultiLabelEvaluation {
  fileprivate var text: String {
    var text =
      "micro F1 \(microF1.fixed(4)) (precision \(microPrecision.fixed(4)), recall \(microRecall.fixed(4))), "
      + "macro F1 \(macroF1.fixed(4)), \(examples) texts\n"
      + "all labels right \((subsetAccuracy * 100).fixed(2)) %, Hamming loss \(hammingLoss.fixed(4)), "
      + "loss \(loss.fixed(4)), threshold \(threshold)\n" + line(atK)
    if let area = areaUnderCurve { text += "AUC \(area.fixed(4))\n" }
    return text + table(labels, perClass)
  }
}

extension RegressionEvaluation {
  fileprivate var text: String {
    "R² \(determination.fixed(4)), root mean squared error \(meanSquaredError.squareRoot().fixed(4)), "
      + "mean absolute error \(meanAbsoluteError.fixed(4))\n"
      + "Pearson \(pearson.fixed(4)), Spearman \(spearman.fixed(4)), \(examples) texts\n"
  }
}
