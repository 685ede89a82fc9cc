import ImageData

/// A value: how images are changed at random in training, so that a network sees more of them than there are.
public struct ImageAugmentation: Sendable, Hashable, Codable {
  /// Whether parts are cut out: of small images at a random place with a margin of an eighth, of others of random size and
  /// shape.
  public var crops = false
  /// Whether left and right of every second image are exchanged.
  public var flips = false
  /// Brightness, contrast and saturation change by up to this share; 0...1.
  public var colorJitter = 0.0
  /// Side of a square that is set to the mean; 0 for none.
  public var cutoutSide = 0
  /// α of the distribution of the weights with which images are mixed in pairs; `nil` for none.
  public var mixupAlpha: Double?

  /// No change.
  public static let none = ImageAugmentation()

  /// Parts cut out, and but for digits and the like (one channel), left and right exchanged.
  public static func standard(for architecture: ImageArchitecture) -> ImageAugmentation {
    var augmentation = ImageAugmentation()
    augmentation.crops = true
    augmentation.flips = architecture.channels == 3
    return augmentation
  }

  /// No change.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case crops, flips
    case colorJitter = "color_jitter"
    case cutoutSide = "cutout_side"
    case mixupAlpha = "mixup_alpha"
  }

  /// What happens to images in training, where `evaluation` happens to them when they are judged.
  ///
  /// - Throws: for numbers that make no sense.
  func preparation(
    _ evaluation: ImagePreparation, for architecture: ImageArchitecture
  ) throws(ImageError) -> ImagePreparation {
    let side = architecture.imageSize.width
    var steps = evaluation.steps
    if crops { steps = side < 100 ? steps + [.randomCrop(side, padding: side / 8)] : [.randomResizedCrop(side)] }
    if flips { steps.append(.horizontalFlip) }
    if colorJitter != 0 {
      steps.append(
        .colorJitter(brightness: colorJitter, contrast: colorJitter, saturation: colorJitter, hue: 0))
    }
    return try ImagePreparation(
      channels: evaluation.channels, steps: steps, normalization: evaluation.normalization,
      erasures: cutoutSide == 0 ? [] : [.cutout(side: cutoutSide)])
  }
}
