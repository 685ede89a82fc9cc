/// A value: the pixels of a picture, 8 bits a channel.
///
/// `pixels` holds the rows from top to bottom, in each the pixels from left to right, in each the channels: red, green,
/// blue where there are three, a shade of gray where there is one.
public struct Image: Sendable, Hashable {
  /// Pixels of a row.
  public private(set) var width: Int
  /// Rows.
  public private(set) var height: Int
  /// 1 for gray, 3 for RGB.
  public private(set) var channels: Int
  /// width · height · channels numbers of 0...255.
  public internal(set) var pixels: [UInt8]

  /// An image of given pixels.
  ///
  /// - Throws: ``ImageError/invalidPixels(reason:)`` where a side is below 1, the channels are neither 1 nor 3, or the
  ///   number of pixels does not fit.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(ImageError) {
    guard width > 0, height > 0 else {
      throw .invalidPixels(reason: "an image of \(width)×\(height) has no pixels")
    }
    guard channels == 1 || channels == 3 else {
      throw .invalidPixels(reason: "an image has 1 channel or 3, not \(channels)")
    }
    let (rowSize, isWide) = width.multipliedReportingOverflow(by: channels)
    let (size, isHigh) = rowSize.multipliedReportingOverflow(by: height)
    guard !isWide, !isHigh, size == pixels.count else {
      throw .invalidPixels(
        reason: "\(pixels.count) numbers do not fill \(width)×\(height) pixels of \(channels) channels")
    }
    (self.width, self.height, self.channels, self.pixels) = (width, height, channels, pixels)
  }

  /// No pixels yet: a buffer that is filled before anybody looks at it.
  init() {
    (width, height, channels, pixels) = (0, 0, 1, [])
  }

  /// Takes another size, with any pixels. Memory is asked for only where there was less before.
  mutating func reshape(width: Int, height: Int, channels: Int) {
    (self.width, self.height, self.channels) = (width, height, channels)
    let count = width * height * channels
    if pixels.count > count {
      pixels.removeLast(pixels.count - count)
    } else if pixels.count < count {
      pixels.append(contentsOf: repeatElement(0, count: count - pixels.count))
    }
  }

  /// Numbers of a row.
  var rowSize: Int { width * channels }

  /// The same picture with another number of channels: gray repeated three times, or colours as the shade
  /// (19595 R + 38470 G + 7471 B + 32768) / 65536 (ITU-R 601, the rounding of Pillow's `convert("L")`).
  ///
  /// - Parameter channels: 1 or 3.
  public func converted(toChannels channels: Int) throws(ImageError) -> Image {
    guard channels == 1 || channels == 3 else {
      throw .invalidPixels(reason: "an image has 1 channel or 3, not \(channels)")
    }
    var result = self
    result.convert(toChannels: channels)
    return result
  }

  /// Converts in place; `count` is 1 or 3.
  mutating func convert(toChannels count: Int) {
    guard count != channels else { return }
    let area = width * height
    if count == 3 {
      reshape(width: width, height: height, channels: 3)
      pixels.withUnsafeMutableBufferPointer { pixels in
        // From the back: what is read is never overwritten before.
        for index in stride(from: area - 1, through: 0, by: -1) {
          let shade = pixels[index]
          pixels[3 * index] = shade
          pixels[3 * index + 1] = shade
          pixels[3 * index + 2] = shade
        }
      }
    } else {
      pixels.withUnsafeMutableBufferPointer { pixels in
        for index in 0..<area {
          pixels[index] = shadeOfGray(pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2])
        }
      }
      reshape(width: width, height: height, channels: 1)
    }
  }
}

/// The shade of a colour by ITU-R 601, in 16 bits of fraction.
@inline(__always)
func shadeOfGray(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
  UInt8(truncatingIfNeeded: (UInt32(red) &* 19595 &+ UInt32(green) &* 38470 &+ UInt32(blue) &* 7471 &+ 32768) >> 16)
}

extension Image: CustomStringConvertible {
  /// The size.
  public var description: String { "Image(\(width)×\(height), \(channels == 1 ? "gray" : "RGB"))" }
}
