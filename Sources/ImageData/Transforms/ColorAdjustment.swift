#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Changes of colour by a factor, to the bit as Pillow's `ImageEnhance` and torchvision's `adjust_hue` of 8-bit images.
extension Image {
  /// Between black (0) and the image (1), or beyond it.
  mutating func adjustBrightness(_ factor: Float) { blend(with: 0, factor) }

  /// Between the mean shade of gray (0) and the image (1), or beyond it.
  mutating func adjustContrast(_ factor: Float) {
    blend(with: UInt8(truncatingIfNeeded: Int(meanShade + 0.5)), factor)
  }

  /// Between its shades of gray (0) and the image (1), or beyond it.
  mutating func adjustSaturation(_ factor: Float) {
    guard channels == 3 else { return }
    let area = width * height
    pixels.withUnsafeMutableBufferPointer { pixels in
      for index in 0..<area {
        let shade = shadeOfGray(pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2])
        for channel in 3 * index..<3 * index + 3 { pixels[channel] = Self.blended(shade, pixels[channel], factor) }
      }
    }
  }

  /// Turns the colours around the circle: 0.5 is half of it.
  mutating func adjustHue(_ turn: Double) {
    guard channels == 3 else { return }
    let shift = UInt8(truncatingIfNeeded: Int(turn * 255))
    let area = width * height
    // Where on the circle each hue lies; a division and a floor less for every pixel.
    let positions = (0..<256).map { HuePosition(UInt8($0)) }
    positions.withUnsafeBufferPointer { positions in
      pixels.withUnsafeMutableBufferPointer { pixels in
        for index in 0..<area {
          let colour = HueColour(pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2])
          let turned = colour.rgb(at: positions[Int(colour.hue &+ shift)])
          (pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2]) = turned
        }
      }
    }
  }

  private var meanShade: Double {
    let area = width * height
    let sum = pixels.withUnsafeBufferPointer { pixels in
      var sum = 0
      if channels == 1 {
        for index in 0..<area { sum += Int(pixels[index]) }
      } else {
        for index in 0..<area {
          sum += Int(shadeOfGray(pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2]))
        }
      }
      return sum
    }
    return Double(sum) / Double(area)
  }

  /// All numbers blended with the same shade; there are only 256 answers.
  private mutating func blend(with shade: UInt8, _ factor: Float) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { answers in
      for value in 0..<256 { answers[value] = Self.blended(shade, UInt8(value), factor) }
      pixels.withUnsafeMutableBufferPointer { pixels in
        for index in pixels.indices { pixels[index] = answers[Int(pixels[index])] }
      }
    }
  }

  /// The fraction is cut off, not rounded.
  @inline(__always)
  private static func blended(_ base: UInt8, _ value: UInt8, _ factor: Float) -> UInt8 {
    let result = Float(base) + factor * Float(Int32(value) - Int32(base))
    return UInt8(max(0, min(255, result)))
  }
}

/// One of the six sectors of the circle of hues, and how far into it.
private struct HuePosition {
  let sector: Int
  let rest: Double

  init(_ hue: UInt8) {
    let position = Double(hue) * 6 / 255
    let whole = position.rounded(.down)
    sector = Int(whole) % 6
    rest = Double(Float(position - Double(Float(whole))))
  }
}

/// A colour as hue, saturation and value, 8 bits each, rounded as Pillow rounds.
private struct HueColour {
  private(set) var hue: UInt8 = 0
  private var saturation: UInt8 = 0
  private var value: UInt8

  init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    let (most, least) = (max(red, green, blue), min(red, green, blue))
    value = most
    guard most != least else { return }
    let range = Float(most - least)
    let (fromRed, fromGreen, fromBlue) = (
      Float(most - red) / range, Float(most - green) / range, Float(most - blue) / range
    )
    let sixths: Float =
      red == most
      ? fromBlue - fromGreen
      : green == most
        ? Float(2 + Double(fromRed) - Double(fromBlue)) : Float(4 + Double(fromGreen) - Double(fromRed))
    // In (5/6, 11/6], of which the whole part goes.
    let turned = Double(sixths) / 6 + 1
    let turn = Float(turned >= 1 ? turned - 1 : turned)
    hue = UInt8(max(0, min(255, Double(turn) * 255)))
    saturation = UInt8(max(0, min(255, Double(range / Float(most)) * 255)))
  }

  /// The colour of this saturation and value at a place of the circle.
  @inline(__always)
  func rgb(at position: HuePosition) -> (UInt8, UInt8, UInt8) {
    guard saturation != 0 else { return (value, value, value) }
    let rest = position.rest
    let share = Double(Float(Double(saturation) / 255))
    let p = Self.byte(Double(value) * (1 - share))
    let q = Self.byte(Double(value) * (1 - share * rest))
    let t = Self.byte(Double(value) * (1 - share * (1 - rest)))
    switch position.sector {
    case 0: return (value, t, p)
    case 1: return (q, value, p)
    case 2: return (p, value, t)
    case 3: return (p, q, value)
    case 4: return (t, p, value)
    default: return (value, p, q)
    }
  }

  /// Rounded, halves away from zero; the number is at least zero, up to its own rounding.
  @inline(__always)
  private static func byte(_ number: Double) -> UInt8 {
    let whole = Int32(number)
    return UInt8(truncatingIfNeeded: max(0, min(255, number - Double(whole) >= 0.5 ? whole + 1 : whole)))
  }
}
