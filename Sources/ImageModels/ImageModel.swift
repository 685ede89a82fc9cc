public import ImageData
import NeuralNetworks
public import Tensors

/// A trained model that gives each image one class: how images are prepared, the network, and what is stored beside the
/// weights.
///
/// May be used from many threads at the same time.
public struct ImageModel: Sendable {
  /// Images to logits.
  public let network: any ImageNetwork
  /// What is stored beside the weights.
  public internal(set) var description: ImageModelDescription

  init(network: any ImageNetwork, description: ImageModelDescription) {
    (self.network, self.description) = (network, description)
  }

  /// The network's name.
  public var architecture: ImageArchitecture { description.architecture }
  /// Names of the classes, in the order of the outputs.
  public var labels: [String] { description.labels }
  /// What happens to an image before the network sees it.
  public var preparation: ImagePreparation { description.preparation }

  /// Logits [B, classes] of prepared images [B, H, W, channels].
  public func logits(_ images: Tensor) -> Tensor { network(images) }

  /// An image as the network takes it, [1, H, W, channels].
  public func preparedImage(_ image: Image) throws(ImageModelError) -> Tensor {
    let numbers = try ImageModelError.converting { () throws(ImageError) in try preparation.numbers(of: image) }
    return numbers.reshaped([1] + numbers.shape)
  }

  /// What the model says of one image.
  public func predict(_ image: Image) throws(ImageModelError) -> ImagePrediction {
    let logits = network(try preparedImage(image))
    return ImagePrediction(labels: labels, logits: logits.scalars, probabilities: logits.softmax().scalars)
  }

  /// What the model says of each image of a set, in their order, while other threads decode those that follow.
  ///
  /// - Parameters:
  ///   - batchSize: images that are computed together, at least 1.
  ///   - skipBad: leaves damaged images out, where otherwise the first is an error.
  ///   - body: called with the place of an image in the set and the answer.
  /// - Returns: what was left out.
  /// - Throws: ``ImageModelError/image(_:)``, and what `body` throws.
  @discardableResult
  public func predict(
    _ images: any ImageDataSet, batchSize: Int = 32, skipBad: Bool = false,
    _ body: (_ index: Int, ImagePrediction) throws -> Void
  ) throws -> SkippedImages {
    try forEachBatch(images, batchSize: batchSize, skipBad: skipBad) { batch in
      let logits = network(batch.images)
      let (scores, probabilities) = (logits.scalars, logits.softmax().scalars)
      for (row, index) in batch.indices.enumerated() {
        let own = row * labels.count..<(row + 1) * labels.count
        try body(
          index,
          ImagePrediction(labels: labels, logits: Array(scores[own]), probabilities: Array(probabilities[own])))
      }
    }
  }

  /// Calls `body` with the prepared images of a set, batch by batch; batches without any image are passed over.
  func forEachBatch(
    _ images: any ImageDataSet, batchSize: Int, skipBad: Bool, _ body: (ImageBatch) throws -> Void
  ) throws -> SkippedImages {
    var skipped = SkippedImages()
    do {
      let stream = try ImagePipeline(images, preparation: preparation, skipBad: skipBad)
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
