public import Tensors

/// Some images as a network takes them.
public struct ImageBatch: Sendable {
  /// [B, H, W, C], channels last.
  public let images: Tensor
  /// The class of each image; -1 where nobody said.
  public let labels: [Int32]
  /// The place of each image in the data set.
  public let indices: [Int]
  /// What could not be read and was left out.
  public let skipped: SkippedImages

  /// Number of images.
  public var count: Int { labels.count }
}

/// A batch in which every image is mixed with another one.
public struct MixedImages: Sendable {
  /// [B, H, W, C]: `weight` of an image and 1 - `weight` of another.
  public let images: Tensor
  /// The class of the first image of each pair.
  public let labels: [Int32]
  /// The class of the other one.
  public let otherLabels: [Int32]
  /// How much the first counts, in the pixels and in the loss; 0...1.
  public let weight: Float
}

/// A value: mixes the images of a batch in pairs, with a weight of the distribution Beta(α, α) for the batch (Zhang, Cisse,
/// Dauphin, Lopez-Paz: "mixup: Beyond Empirical Risk Minimization", 2017).
public struct Mixup: Sendable, Hashable, Codable {
  /// α; small numbers leave most batches almost as they are.
  public let alpha: Double

  /// - Throws: ``ImageError/invalidTransform(reason:)`` where α is not above zero.
  public init(alpha: Double = 0.2) throws(ImageError) {
    guard alpha > 0, alpha <= 1000 else {
      throw .invalidTransform(reason: "an alpha of \(alpha) is impossible; give more than 0")
    }
    self.alpha = alpha
  }

  /// Mixes; equal streams give equal pairs and weights.
  public func callAsFunction(_ batch: ImageBatch, random: RandomStream) -> MixedImages {
    let stream = random.split("mixup")
    var draws = RandomDraws(stream.split("weight"))
    let weight = Float(draws.beta(alpha))
    let order = stream.split("pairs").permutation(batch.count)
    var mixed = Tensor(zeros: batch.images.shape)
    let size = batch.count == 0 ? 0 : batch.images.count / batch.count
    mixed.withUnsafeMutableElements { target in
      batch.images.withUnsafeElements { source in
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        let addresses = SharedAddresses(source: source, target: target)
        parallelFor(batch.count) { index in
          let first = addresses.source + index * size
          let second = addresses.source + order[index] * size
          let result = addresses.target + index * size
          for i in 0..<size { result[i] = weight * first[i] + (1 - weight) * second[i] }
        }
      }
    }
    return MixedImages(
      images: mixed, labels: batch.labels, otherLabels: order.map { batch.labels[$0] }, weight: weight)
  }
}

/// Memory that several threads work on, each on its own part.
private struct SharedAddresses: @unchecked Sendable {
  // Unchecked: the loop that uses them gives each thread other images, and ends before the memory goes.
  let source: UnsafePointer<Float>
  let target: UnsafeMutablePointer<Float>
}
