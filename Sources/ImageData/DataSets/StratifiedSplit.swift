import Tensors

extension ImageDataSet {
  /// Sets a share of each class aside, the same images for the same seed.
  ///
  /// Of each class as many images as its share is, rounded, but at least one and never all where the class has two or more.
  /// Both parts keep the order of the set; images without a label go by chance as if they were a class of their own.
  ///
  /// - Parameter share: of validation; more than 0, less than 1.
  public func split(
    validation share: Double, seed: UInt64
  ) throws(ImageError) -> (training: ImageSubset, validation: ImageSubset) {
    guard share > 0, share < 1 else {
      throw .invalidSetting(
        reason: "a share of \(share) for validation is impossible; give more than 0 and less than 1")
    }
    let labels = labels
    var members = [[Int]](repeating: [], count: classNames.count + 1)
    for (index, label) in labels.enumerated() { members[Int(label) + 1].append(index) }
    let stream = RandomStream(seed: seed).split("validation")
    var isAside = [Bool](repeating: false, count: labels.count)
    for (number, indices) in members.enumerated() where indices.count > 1 {
      let wanted = Int((Double(indices.count) * share).rounded())
      let order = stream.split(number).permutation(indices.count)
      for place in order.prefix(min(max(1, wanted), indices.count - 1)) { isAside[indices[place]] = true }
    }
    let all = labels.indices
    return (
      ImageSubset(of: self, all.filter { !isAside[$0] }), ImageSubset(of: self, all.filter { isAside[$0] })
    )
  }
}
