public import ImageData
import NeuralNetworks
import Tensors
public import Training

extension ImageClassifier {
  /// Judges it on labelled images.
  ///
  /// - Parameters:
  ///   - images: a set whose labels are places among ``labels``.
  ///   - skipBad: leaves damaged images out, where otherwise the first is an error.
  /// - Returns: the figures, and what was left out.
  /// - Throws: ``ImageModelError``, and what ``logits(_:)`` throws.
  public func evaluate(
    _ images: any ImageDataSet, batchSize: Int = 64, skipBad: Bool = false
  ) throws -> (evaluation: Evaluation, skipped: SkippedImages) {
    try ImageModel.checkLabels(images, classes: labels.count)
    var judge = LogitJudge(labels: labels)
    let skipped = try preparation.forEachBatch(of: images, batchSize: batchSize, skipBad: skipBad) { batch in
      judge.add(try logits(batch.images), batch.labels)
    }
    guard judge.count > 0 else { throw ImageModelError.image(skipped.first.first ?? .noImages(path: "the data set")) }
    return (judge.evaluation, skipped)
  }
}

extension ImageModel {
  /// Refuses images without a label, and labels that no class has.
  static func checkLabels(_ images: any ImageDataSet, classes: Int) throws(ImageModelError) {
    let labels = images.labels
    guard let first = labels.firstIndex(where: { $0 < 0 || Int($0) >= classes }) else { return }
    guard labels[first] >= 0 else { throw .noLabels(source: images.name(at: first)) }
    throw .image(
      .labelOutOfRange(
        path: images.name(at: first), position: first, label: Int(labels[first]), classCount: classes))
  }
}

extension Evaluation {
  /// Share of examples whose class is among the five likeliest; `nil` for fewer than five classes.
  public var top5Accuracy: Double? { probabilities?.atK.first { $0.k == 5 }?.recall }
}

/// Adds up what logits are worth.
struct LogitJudge {
  private var builder: EvaluationBuilder
  private let width: Int
  private(set) var count = 0

  init(labels: [String]) {
    builder = EvaluationBuilder(labels: labels)
    width = labels.count
  }

  /// Counts logits [B, K] of images of some classes.
  mutating func add(_ logits: Tensor, _ labels: [Int32]) {
    let logarithms = logits.logSoftmax()
    let (losses, probabilities) = (logarithms.scalars, logarithms.exp().scalars)
    for (row, gold) in labels.enumerated() {
      let own = row * width..<(row + 1) * width
      builder.add(
        gold: Int(gold), probabilities: probabilities[own], loss: -Double(losses[own.lowerBound + Int(gold)]))
    }
    count += labels.count
  }

  var evaluation: Evaluation { builder.evaluation }
}
