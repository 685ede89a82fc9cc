import ImageData

/// Labelled images divided into those to learn from and those to judge by.
struct ImageDivision {
  let labels: [String]
  let learning: any ImageDataSet
  let judging: any ImageDataSet

  /// - Parameters:
  ///   - validation: the images to judge by; without them a share of those of each class.
  ///   - seed: of the choice of these.
  /// - Throws: ``ImageModelError`` for images without labels, or of one class.
  init(
    _ training: any ImageDataSet, _ validation: (any ImageDataSet)?, share: Double, seed: UInt64
  ) throws(ImageModelError) {
    labels = training.classNames
    guard !labels.isEmpty else {
      throw .noLabels(source: training.count > 0 ? training.name(at: 0) : "training images")
    }
    for set in [training, validation].compactMap({ $0 }) { try ImageModel.checkLabels(set, classes: labels.count) }
    let counts = training.classCounts
    if counts.count(where: { $0 > 0 }) < 2 {
      throw .singleClass(label: labels[counts.firstIndex { $0 > 0 } ?? 0])
    }
    if let validation {
      (learning, judging) = (training, validation)
    } else {
      (learning, judging) = try ImageModelError.converting { () throws(ImageError) in
        let parts = try training.split(validation: share, seed: seed)
        return (parts.training, parts.validation)
      }
    }
  }
}
