/// A value: how 8-bit pixels become numbers around zero, (pixel / 255 - mean) / deviation for each channel.
public struct PixelNormalization: Sendable, Hashable, Codable {
  /// Of pixels / 255, for each channel.
  public let mean: [Float]
  /// Of pixels / 255, for each channel; above zero.
  public let deviation: [Float]

  /// One mean and one deviation for each channel.
  ///
  /// - Throws: ``ImageError/invalidTransform(reason:)`` where they are not as many, or a deviation is not above zero.
  public init(mean: [Float], deviation: [Float]) throws(ImageError) {
    guard mean.count == deviation.count, mean.count == 1 || mean.count == 3 else {
      throw .invalidTransform(
        reason: "\(mean.count) means and \(deviation.count) deviations; give one of each for a channel, 1 or 3")
    }
    guard mean.allSatisfy(\.isFinite), deviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw .invalidTransform(reason: "a mean or deviation that is no number above zero; correct it")
    }
    (self.mean, self.deviation) = (mean, deviation)
  }

  private init(_ mean: [Float], _ deviation: [Float]) {
    (self.mean, self.deviation) = (mean, deviation)
  }

  /// Reads what was encoded, and checks it as the other initialiser does.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      mean: values.decode([Float].self, forKey: .mean), deviation: values.decode([Float].self, forKey: .deviation))
  }

  /// Pixels / 255 as they are.
  public static func none(channels: Int) -> PixelNormalization {
    let count = channels == 1 ? 1 : 3
    return PixelNormalization([Float](repeating: 0, count: count), [Float](repeating: 1, count: count))
  }

  /// The numbers that networks for ImageNet are trained with.
  public static let imageNet = PixelNormalization([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
  /// Those of the training set of CIFAR-10.
  public static let cifar10 = PixelNormalization([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616])
  /// Those of the training set of MNIST.
  public static let mnist = PixelNormalization([0.1307], [0.3081])

  /// From -1 to 1: what torchvision's GoogLeNet and Inception-v3 make of their input (`transform_input`).
  public static let symmetric = PixelNormalization([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])

  /// Channels that there are numbers for.
  public var channels: Int { mean.count }

  /// The answers for all 256 pixels of each channel, one after the other.
  var table: [Float] {
    mean.indices.flatMap { channel in
      (0..<256).map { (Float($0) / 255 - mean[channel]) / deviation[channel] }
    }
  }

  /// Puts the numbers of an image, one for each of its pixels, where they belong.
  static func write(_ image: Image, _ table: [Float], to target: UnsafeMutablePointer<Float>) {
    let area = image.width * image.height
    let channels = image.channels
    image.pixels.withUnsafeBufferPointer { pixels in
      table.withUnsafeBufferPointer { table in
        if channels == 3 {
          for index in 0..<area {
            target[3 * index] = table[Int(pixels[3 * index])]
            target[3 * index + 1] = table[256 + Int(pixels[3 * index + 1])]
            target[3 * index + 2] = table[512 + Int(pixels[3 * index + 2])]
          }
        } else {
          for index in 0..<area { target[index] = table[Int(pixels[index])] }
        }
      }
    }
  }
}
