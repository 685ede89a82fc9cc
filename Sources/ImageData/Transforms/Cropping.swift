extension Image {
  /// Puts a part of this image into `result`; what lies outside of the image is black.
  func crop(into result: inout Image, left: Int, top: Int, width newWidth: Int, height newHeight: Int) {
    result.reshape(width: newWidth, height: newHeight, channels: channels)
    let (rowSize, newRowSize) = (rowSize, newWidth * channels)
    let columns = max(left, 0)..<max(max(left, 0), min(left + newWidth, width))
    let isInside = left >= 0 && top >= 0 && left + newWidth <= width && top + newHeight <= height
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { result in
        guard let source = source.baseAddress, let target = result.baseAddress else { return }
        if !isInside { result.update(repeating: 0) }
        for row in max(top, 0)..<max(max(top, 0), min(top + newHeight, height)) {
          let to = target + (row - top) * newRowSize + (columns.lowerBound - left) * channels
          to.update(from: source + row * rowSize + columns.lowerBound * channels, count: columns.count * channels)
        }
      }
    }
  }

  /// Exchanges left and right.
  mutating func flipHorizontally() {
    let (width, height, channels, rowSize) = (width, height, channels, rowSize)
    pixels.withUnsafeMutableBufferPointer { pixels in
      guard var row = pixels.baseAddress else { return }
      for _ in 0..<height {
        for x in 0..<width / 2 {
          let (left, right) = (row + x * channels, row + (width - 1 - x) * channels)
          for channel in 0..<channels {
            let shade = left[channel]
            left[channel] = right[channel]
            right[channel] = shade
          }
        }
        row += rowSize
      }
    }
  }
}

/// Where crops lie.
enum CropPlace {
  /// The middle, as torchvision's CenterCrop: an image that is too small gets black margins, the larger ones to the right
  /// and below; half a pixel goes to the even side.
  static func centered(_ size: Int, of length: Int) -> Int {
    let margin = max(0, size - length) / 2
    return roundedToEven(Double(max(length, size) - size) / 2) - margin
  }

  /// A part of random size and shape, as torchvision's RandomResizedCrop: ten tries, then the largest part in the middle
  /// that has an allowed shape.
  static func random(
    within width: Int, _ height: Int, scale: ClosedRange<Double>, ratio: ClosedRange<Double>, _ draws: inout RandomDraws
  ) -> (left: Int, top: Int, width: Int, height: Int) {
    for _ in 0..<10 {
      let size = draws.rectangle(within: width, height, scale: scale, ratio: ratio)
      guard size.width > 0, size.width <= width, size.height > 0, size.height <= height else { continue }
      let top = draws.integer(below: height - size.height + 1)
      let left = draws.integer(below: width - size.width + 1)
      return (left, top, size.width, size.height)
    }
    let shape = Double(width) / Double(height)
    var (newWidth, newHeight) = (width, height)
    if shape < ratio.lowerBound {
      newHeight = min(height, max(1, roundedToEven(Double(width) / ratio.lowerBound)))
    } else if shape > ratio.upperBound {
      newWidth = min(width, max(1, roundedToEven(Double(height) * ratio.upperBound)))
    }
    return ((width - newWidth) / 2, (height - newHeight) / 2, newWidth, newHeight)
  }
}
