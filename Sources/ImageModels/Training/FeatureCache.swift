import ImageData
import Tensors

/// What a trunk that is frozen makes of some images, computed once.
struct FeatureCache {
  /// A row for each image that could be read.
  private let table: Tensor
  /// Shape of the features of one image.
  private let shape: [Int]
  /// The row of each image of the set; -1 for those that were left out.
  private let rows: [Int32]
  /// What was left out.
  let skipped: SkippedImages

  /// Computes the features of all images of a set.
  init(_ model: ImageModel, _ images: any ImageDataSet, batchSize: Int, skipBad: Bool) throws {
    var rows = [Int32](repeating: -1, count: images.count)
    var numbers: [Float] = []
    var shape: [Int] = []
    var count: Int32 = 0
    let skipped = try model.forEachBatch(images, batchSize: batchSize, skipBad: skipBad) { batch in
      let features = model.network.features(of: batch.images)
      if shape.isEmpty {
        shape = Array(features.shape.dropFirst())
        numbers.reserveCapacity(images.count * shape.reduce(1, *))
      }
      features.withUnsafeElements { numbers.append(contentsOf: $0) }
      for index in batch.indices {
        rows[index] = count
        count += 1
      }
    }
    table = Tensor(numbers, shape: [Int(count), shape.reduce(1, *)])
    (self.shape, self.rows, self.skipped) = (shape, rows, skipped)
  }

  /// Bytes that the features of a set would take.
  static func size(_ network: any ImageNetwork, _ architecture: ImageArchitecture, images: Int) -> Int {
    let size = architecture.imageSize
    let one = network.features(of: Tensor(zeros: [1, size.height, size.width, architecture.channels]))
    return images * one.count * MemoryLayout<Float>.size
  }

  /// The features of some images, without those that were left out, and the places of the others in `indices`.
  func features(_ indices: [Int]) -> (features: Tensor, kept: [Int]) {
    let kept = indices.filter { rows[$0] >= 0 }
    return (table.gatherRows(kept.map { rows[$0] }).reshaped([kept.count] + shape), kept)
  }

  /// Judges a head on all images.
  func judge(_ network: any ImageNetwork, _ classes: [Int32], labels: [String], batchSize: Int) -> LogitJudge {
    var judge = LogitJudge(labels: labels)
    for first in stride(from: 0, to: rows.count, by: batchSize) {
      let (features, kept) = features(Array(first..<min(rows.count, first + batchSize)))
      if !kept.isEmpty { judge.add(network.classify(features), kept.map { classes[$0] }) }
    }
    return judge
  }
}
