import Tensors

/// A value: all that happens to an image between its file and the network.
///
/// First it gets its number of channels, then the steps change its pixels, then they become numbers around zero, of which
/// the erasures set some to zero.
public struct ImagePreparation: Sendable, Hashable, Codable {
  /// 1 for gray, 3 for RGB; images that have another number are converted.
  public let channels: Int
  /// On the 8-bit pixels, in this order.
  public let steps: [ImageTransform]
  /// How pixels become numbers.
  public let normalization: PixelNormalization
  /// On the numbers, in this order.
  public let erasures: [ImageErasure]

  /// - Throws: ``ImageError/invalidTransform(reason:)`` where a step makes no sense or the channels do not fit.
  public init(
    channels: Int, steps: [ImageTransform] = [], normalization: PixelNormalization? = nil, erasures: [ImageErasure] = []
  ) throws(ImageError) {
    guard channels == 1 || channels == 3 else {
      throw .invalidTransform(reason: "\(channels) channels are impossible; give 1 for gray or 3 for RGB")
    }
    let normalization = normalization ?? .none(channels: channels)
    guard normalization.channels == channels else {
      throw .invalidTransform(
        reason:
          "a normalisation of \(normalization.channels) channels for images of \(channels); give one of each number")
    }
    for step in steps { try step.check() }
    for erasure in erasures { try erasure.check() }
    (self.channels, self.steps, self.normalization, self.erasures) = (channels, steps, normalization, erasures)
  }

  /// Reads what was encoded, and checks it as the other initialiser does.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      channels: values.decode(Int.self, forKey: .channels),
      steps: values.decode([ImageTransform].self, forKey: .steps),
      normalization: values.decode(PixelNormalization.self, forKey: .normalization),
      erasures: values.decode([ImageErasure].self, forKey: .erasures))
  }

  /// Shorter side 256, the middle 224×224, the mean and deviation of ImageNet: what torchvision's networks are tested with.
  public static var imageNetEvaluation: ImagePreparation {
    ImagePreparation(checked: 3, [.resizeShorterSide(256), .centerCrop(224)], .imageNet)
  }

  /// For steps that are right by construction.
  private init(checked channels: Int, _ steps: [ImageTransform], _ normalization: PixelNormalization) {
    (self.channels, self.steps, self.normalization, erasures) = (channels, steps, normalization, [])
  }

  /// Whether two epochs see the same pixels.
  public var isRandom: Bool { !erasures.isEmpty || steps.contains(where: \.isRandom) }

  /// Width and height of all results, where a step fixes them.
  public var fixedSize: (width: Int, height: Int)? {
    var size: (width: Int, height: Int)?
    for step in steps {
      if case .resizeShorterSide = step { size = nil } else { size = step.fixedSize ?? size }
    }
    return size
  }

  /// The image after all steps, before its pixels become numbers; what a person may want to look at.
  ///
  /// - Parameter random: what the steps draw from; equal streams give equal pixels.
  public func pixels(of image: Image, random: RandomStream = RandomStream(seed: 0)) throws(ImageError) -> Image {
    var (result, workspace) = (image, TransformWorkspace())
    try prepare(&result, &workspace, random)
    return result
  }

  /// One image as the network sees it, [H, W, C].
  public func numbers(of image: Image, random: RandomStream = RandomStream(seed: 0)) throws(ImageError) -> Tensor {
    let prepared = try pixels(of: image, random: random)
    var result = Tensor(zeros: [prepared.height, prepared.width, channels])
    let table = normalization.table
    result.withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      PixelNormalization.write(prepared, table, to: base)
      erase(base, width: prepared.width, height: prepared.height, random)
    }
    return result
  }

  /// The steps on an image.
  func prepare(_ image: inout Image, _ workspace: inout TransformWorkspace, _ stream: RandomStream) throws(ImageError) {
    image.convert(toChannels: channels)
    for (number, step) in steps.enumerated() {
      try step.apply(to: &image, &workspace, step.isRandom ? stream.split(number) : stream)
    }
  }

  /// The erasures on the numbers of an image.
  func erase(_ numbers: UnsafeMutablePointer<Float>, width: Int, height: Int, _ stream: RandomStream) {
    guard !erasures.isEmpty else { return }
    let stream = stream.split("erasures")
    for (number, erasure) in erasures.enumerated() {
      var draws = RandomDraws(stream.split(number))
      erasure.apply(to: numbers, width: width, height: height, channels: channels, &draws)
    }
  }
}
