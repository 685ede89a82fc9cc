/// A value: a rectangle of the normalised image is set to zero, which is the colour of the mean.
public enum ImageErasure: Sendable, Hashable, Codable {
  /// With a probability, a rectangle of random area (a share of `scale`), shape (within `ratio`) and place, all of it in the
  /// image; as torchvision's `RandomErasing` (Zhong et al. 2017).
  case randomErasing(probability: Double, scale: ClosedRange<Double>, ratio: ClosedRange<Double>)
  /// A square of a side around a random pixel, as far as it lies in the image (DeVries & Taylor 2017).
  case cutout(side: Int)

  /// Every second image, 2 to 33 % of its area.
  public static var randomErasing: ImageErasure {
    .randomErasing(probability: 0.5, scale: 0.02...0.33, ratio: 0.3...3.3)
  }

  /// Throws ``ImageError/invalidTransform(reason:)`` for numbers that make no sense.
  func check() throws(ImageError) {
    switch self {
    case .randomErasing(let probability, let scale, let ratio):
      guard (0...1).contains(probability) else {
        throw .invalidTransform(reason: "a probability of \(probability) is impossible; give 0 to 1")
      }
      try requireRanges(scale: scale, ratio: ratio)
    case .cutout(let side):
      guard (1...65_536).contains(side) else {
        throw .invalidTransform(reason: "a square with a side of \(side) is impossible; give at least 1")
      }
    }
  }

  /// The columns and rows that are erased; nil where nothing is.
  func place(width: Int, height: Int, _ draws: inout RandomDraws) -> (columns: Range<Int>, rows: Range<Int>)? {
    switch self {
    case .randomErasing(let probability, let scale, let ratio):
      guard draws.happens(probability) else { return nil }
      for _ in 0..<10 {
        let size = draws.rectangle(within: width, height, scale: scale, ratio: ratio)
        guard size.width < width, size.height < height else { continue }
        let top = draws.integer(below: height - size.height + 1)
        let left = draws.integer(below: width - size.width + 1)
        return (left..<left + size.width, top..<top + size.height)
      }
      return nil
    case .cutout(let side):
      let top = draws.integer(below: height) - side / 2
      let left = draws.integer(below: width) - side / 2
      return (max(0, left)..<min(width, left + side), max(0, top)..<min(height, top + side))
    }
  }

  /// Erases in the numbers of one image, [height, width, channels].
  func apply(
    to numbers: UnsafeMutablePointer<Float>, width: Int, height: Int, channels: Int, _ draws: inout RandomDraws
  ) {
    guard let place = place(width: width, height: height, &draws) else { return }
    for row in place.rows {
      (numbers + (row * width + place.columns.lowerBound) * channels)
        .update(repeating: 0, count: place.columns.count * channels)
    }
  }
}
