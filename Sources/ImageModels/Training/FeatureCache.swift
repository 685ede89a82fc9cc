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
  ///
  /// - Parameter compute: gives features [B, …] of prepared images [B, H, W, channels].
  init(
    _ images: any ImageDataSet, preparation: ImagePreparation, batchSize: Int, skipBad: Bool,
    computing compute: (Tensor) throws -> Tensor
  ) throws {
    var rows = [Int32](repeating: -1, count: images.count)
    var numbers: [Float] = []
    var shape: [Int] = []
    var count: Int32 = 0
    let skipped = try preparation.forEachBatch(of: images, batchSize: batchSize, skipBad: skipBad) { batch in
      let features = try compute(batch.images)
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

  /// Whether no image could be read.
  var isEmpty: Bool { table.shape[0] == 0 }

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

  private init(_ other: FeatureCache, table: Tensor) {
    (self.table, shape, rows, skipped) = (table, other.shape, other.rows, other.skipped)
  }

  /// How large the numbers of each feature are; features are rows.
  var scale: FeatureScale { FeatureScale(of: table) }

  /// The same features with another scale.
  func scaled(by scale: FeatureScale) -> FeatureCache { FeatureCache(self, table: scale(table)) }

  /// Judges a head on all images.
  ///
  /// - Parameter classify: gives logits [B, classes] of features.
  func judge(
    _ classes: [Int32], labels: [String], batchSize: Int, classify: (Tensor) -> Tensor
  ) -> LogitJudge {
    var judge = LogitJudge(labels: labels)
    for first in stride(from: 0, to: rows.count, by: batchSize) {
      let (features, kept) = features(Array(first..<min(rows.count, first + batchSize)))
      if !kept.isEmpty { judge.add(classify(features), kept.map { classes[$0] }) }
    }
    return judge
  }
}
