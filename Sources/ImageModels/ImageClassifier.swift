public import ImageData
public import Tensors

/// What gives each image one class of several, whatever computes it: a network of the library, or a file of another program.
public protocol ImageClassifier: Sendable {
  /// Names of the classes, in the order of the outputs.
  var labels: [String] { get }

  /// What happens to an image before it is classified.
  var preparation: ImagePreparation { get }

  /// Logits [B, classes] of prepared images [B, H, W, channels].
  func logits(_ images: Tensor) throws -> Tensor
}

extension ImageClassifier {
  /// What it says of each image of a set, in their order, while other threads decode those that follow.
  ///
  /// - Parameters:
  ///   - batchSize: images that are computed together, at least 1.
  ///   - skipBad: leaves damaged images out, where otherwise the first is an error.
  ///   - body: called with the place of an image in the set and the answer.
  /// - Returns: what was left out.
  /// - Throws: ``ImageModelError/image(_:)``, and what ``logits(_:)`` and `body` throw.
  @discardableResult
  public func predict(
    _ images: any ImageDataSet, batchSize: Int = 32, skipBad: Bool = false,
    _ body: (_ index: Int, ImagePrediction) throws -> Void
  ) throws -> SkippedImages {
    try preparation.forEachBatch(of: images, batchSize: batchSize, skipBad: skipBad) { batch in
      let logits = try logits(batch.images)
      let (scores, probabilities) = (logits.scalars, logits.softmax().scalars)
      for (row, index) in batch.indices.enumerated() {
        let own = row * labels.count..<(row + 1) * labels.count
        try body(
          index,
          ImagePrediction(labels: labels, logits: Array(scores[own]), probabilities: Array(probabilities[own])))
      }
    }
  }
}

extension ImagePreparation {
  /// Calls `body` with the prepared images of a set, batch by batch; batches without any image are passed over.
  func forEachBatch(
    of images: any ImageDataSet, batchSize: Int, skipBad: Bool, _ body: (ImageBatch) throws -> Void
  ) throws -> SkippedImages {
    var skipped = SkippedImages()
    do {
      let stream = try ImagePipeline(images, preparation: self, skipBad: skipBad)
        .batches(epoch: 0, batchSize: batchSize, shuffled: false)
      while let batch = try stream.next() {
        skipped.add(batch.skipped)
        if batch.count > 0 { try body(batch) }
      }
    } catch let error as ImageError {
      throw ImageModelError.image(error)
    }
    return skipped
  }
}

/// What a model says of an image.
public struct ImagePrediction: Sendable {
  /// Names of the classes, in the order of the outputs.
  public let labels: [String]
  /// The score of each class.
  public let logits: [Float]
  /// The probability of each class; their sum is 1.
  public let probabilities: [Float]

  /// A class and its probability.
  public struct Choice: Sendable, Hashable {
    /// The class.
    public let label: String
    /// Its probability.
    public let probability: Float
  }

  /// The likeliest classes, at most so many; among equal ones the first.
  public func top(_ count: Int) -> [Choice] {
    let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
    return order.prefix(max(0, count)).map { Choice(label: labels[$0], probability: probabilities[$0]) }
  }
}
