import Tensors

/// A value: one step from the image that was read to the pixels that a network sees.
///
/// All steps work on 8-bit pixels. Those that draw random numbers draw them from a stream of their own, so the same stream
/// gives the same picture.
public enum ImageTransform: Sendable, Hashable, Codable {
  /// To a size, by bilinear interpolation with antialiasing; to the bit as Pillow's `resize(BILINEAR)`.
  case resize(width: Int, height: Int)
  /// So that the shorter side has a length; the longer one keeps the shape, rounded down, as torchvision's `Resize(size)`.
  case resizeShorterSide(Int)
  /// The middle, as torchvision's `CenterCrop`; images that are too small get black margins.
  case centerCrop(width: Int, height: Int)
  /// A part at a random place of the image with black margins of `padding` pixels on all sides.
  case randomCrop(width: Int, height: Int, padding: Int)
  /// A part of random area (a share of `scale`), shape (width / height within `ratio`) and place, resized; as torchvision's
  /// `RandomResizedCrop`.
  case randomResizedCrop(width: Int, height: Int, scale: ClosedRange<Double>, ratio: ClosedRange<Double>)
  /// Left and right exchanged, with a probability.
  case horizontalFlip(probability: Double)
  /// Brightness, contrast and saturation by factors of max(0, 1 - x)...1 + x, the hue turned by up to ±`hue` (0...0.5), in
  /// random order; as torchvision's `ColorJitter` of 8-bit images. Gray images keep saturation and hue.
  case colorJitter(brightness: Double, contrast: Double, saturation: Double, hue: Double)

  /// The part of ImageNet training: 8 to 100 % of the area, 3:4 to 4:3.
  public static func randomResizedCrop(_ side: Int) -> ImageTransform {
    .randomResizedCrop(width: side, height: side, scale: 0.08...1, ratio: 3.0 / 4...4.0 / 3)
  }

  /// A square of the middle.
  public static func centerCrop(_ side: Int) -> ImageTransform { .centerCrop(width: side, height: side) }

  /// A square at a random place.
  public static func randomCrop(_ side: Int, padding: Int = 0) -> ImageTransform {
    .randomCrop(width: side, height: side, padding: padding)
  }

  /// Exchanges left and right of every second image.
  public static var horizontalFlip: ImageTransform { .horizontalFlip(probability: 0.5) }

  /// Whether it draws random numbers.
  public var isRandom: Bool {
    switch self {
    case .resize, .resizeShorterSide, .centerCrop: false
    case .randomCrop, .randomResizedCrop, .horizontalFlip, .colorJitter: true
    }
  }

  /// The size of its results, where that depends on nothing.
  var fixedSize: (width: Int, height: Int)? {
    switch self {
    case .resize(let width, let height), .centerCrop(let width, let height), .randomCrop(let width, let height, _),
      .randomResizedCrop(let width, let height, _, _):
      (width, height)
    case .resizeShorterSide, .horizontalFlip, .colorJitter: nil
    }
  }

  /// Throws ``ImageError/invalidTransform(reason:)`` for numbers that make no sense.
  func check() throws(ImageError) {
    func require(_ holds: Bool, _ reason: String) throws(ImageError) {
      guard holds else { throw .invalidTransform(reason: reason) }
    }
    let sides = 1...65_536
    if let fixedSize {
      try require(
        sides.contains(fixedSize.width) && sides.contains(fixedSize.height)
          && fixedSize.width * fixedSize.height <= ImageDecoder.defaultPixelLimit,
        "a size of \(fixedSize.width)×\(fixedSize.height) is impossible; give sides of at least 1")
    }
    switch self {
    case .resize, .centerCrop: break
    case .resizeShorterSide(let side):
      try require(sides.contains(side), "a shorter side of \(side) is impossible; give at least 1")
    case .randomCrop(_, _, let padding):
      try require((0...65_536).contains(padding), "a padding of \(padding) is impossible; give 0 or more")
    case .randomResizedCrop(_, _, let scale, let ratio):
      try requireRanges(scale: scale, ratio: ratio)
    case .horizontalFlip(let probability):
      try require((0...1).contains(probability), "a probability of \(probability) is impossible; give 0 to 1")
    case .colorJitter(let brightness, let contrast, let saturation, let hue):
      for strength in [brightness, contrast, saturation] {
        try require((0...100).contains(strength), "a colour change by \(strength) is impossible; give 0 or more")
      }
      try require((0...0.5).contains(hue), "a hue change by \(hue) is impossible; give 0 to 0.5")
    }
  }
}

/// Throws where a share of an area or a shape is none.
func requireRanges(scale: ClosedRange<Double>, ratio: ClosedRange<Double>) throws(ImageError) {
  guard scale.lowerBound >= 0, scale.upperBound > 0, scale.upperBound <= 1 else {
    throw .invalidTransform(reason: "a share of \(scale) of an area is impossible; give a range within 0 to 1")
  }
  guard ratio.lowerBound >= 1e-3, ratio.upperBound <= 1e3 else {
    throw .invalidTransform(
      reason: "a shape of \(ratio) is impossible; give a range of width / height within 0.001 to 1000")
  }
}

/// Memory that transforms use again from image to image.
struct TransformWorkspace {
  fileprivate var spare = Image()
  fileprivate var resampler = Resampler()
}

extension ImageTransform {
  /// Changes an image. The numbers of the transform have been checked.
  func apply(
    to image: inout Image, _ workspace: inout TransformWorkspace, _ stream: RandomStream
  ) throws(ImageError) {
    switch self {
    case .resize(let width, let height):
      try Self.resize(&image, &workspace, width, height)
    case .resizeShorterSide(let side):
      let shorter = min(image.width, image.height)
      let longer = side * max(image.width, image.height) / shorter
      let isTall = image.width <= image.height
      try Self.resize(&image, &workspace, isTall ? side : longer, isTall ? longer : side)
    case .centerCrop(let width, let height):
      Self.crop(
        &image, &workspace, CropPlace.centered(width, of: image.width), CropPlace.centered(height, of: image.height),
        width, height)
    case .randomCrop(let width, let height, let padding):
      let (roomX, roomY) = (image.width + 2 * padding - width, image.height + 2 * padding - height)
      guard roomX >= 0, roomY >= 0 else {
        throw .tooSmall(
          name: "the image", width: image.width, height: image.height, neededWidth: width, neededHeight: height)
      }
      var draws = RandomDraws(stream)
      let top = draws.integer(below: roomY + 1) - padding
      let left = draws.integer(below: roomX + 1) - padding
      Self.crop(&image, &workspace, left, top, width, height)
    case .randomResizedCrop(let width, let height, let scale, let ratio):
      var draws = RandomDraws(stream)
      let part = CropPlace.random(within: image.width, image.height, scale: scale, ratio: ratio, &draws)
      Self.crop(&image, &workspace, part.left, part.top, part.width, part.height)
      try Self.resize(&image, &workspace, width, height)
    case .horizontalFlip(let probability):
      var draws = RandomDraws(stream)
      if draws.happens(probability) { image.flipHorizontally() }
    case .colorJitter(let brightness, let contrast, let saturation, let hue):
      var draws = RandomDraws(stream)
      Self.jitter(&image, [brightness, contrast, saturation], hue, &draws)
    }
  }

  private static func resize(
    _ image: inout Image, _ workspace: inout TransformWorkspace, _ width: Int, _ height: Int
  ) throws(ImageError) {
    guard width != image.width || height != image.height else { return }
    let limit = ImageDecoder.defaultPixelLimit
    // A thin strip gets enormous when its shorter side grows.
    guard width <= limit, height <= limit, width * height <= limit else {
      throw .tooLarge(name: "the image", width: width, height: height, limit: limit)
    }
    workspace.resampler.resize(image, into: &workspace.spare, width: width, height: height)
    swap(&image, &workspace.spare)
  }

  private static func crop(
    _ image: inout Image, _ workspace: inout TransformWorkspace, _ left: Int, _ top: Int, _ width: Int, _ height: Int
  ) {
    guard left != 0 || top != 0 || width != image.width || height != image.height else { return }
    image.crop(into: &workspace.spare, left: left, top: top, width: width, height: height)
    swap(&image, &workspace.spare)
  }

  private static func jitter(_ image: inout Image, _ strengths: [Double], _ hue: Double, _ draws: inout RandomDraws) {
    var order = [0, 1, 2, 3]
    for index in stride(from: 3, to: 0, by: -1) { order.swapAt(index, draws.integer(below: index + 1)) }
    let factors = strengths.map { Float(draws.uniform(max(0, 1 - $0)...1 + $0)) }
    let turn = draws.uniform(-hue...hue)
    for change in order {
      switch change {
      case 0: if strengths[0] > 0 { image.adjustBrightness(factors[0]) }
      case 1: if strengths[1] > 0 { image.adjustContrast(factors[1]) }
      case 2: if strengths[2] > 0 { image.adjustSaturation(factors[2]) }
      default: if hue > 0 { image.adjustHue(turn) }
      }
    }
  }
}

extension Image {
  /// This image, transformed. Equal streams give equal results.
  ///
  /// - Throws: ``ImageError/invalidTransform(reason:)``, ``ImageError/tooSmall(name:width:height:neededWidth:neededHeight:)``.
  public func transformed(
    by transform: ImageTransform, random: RandomStream = RandomStream(seed: 0)
  ) throws(ImageError) -> Image {
    try transform.check()
    var (result, workspace) = (self, TransformWorkspace())
    try transform.apply(to: &result, &workspace, random)
    return result
  }
}
